package io.whimbrel.budget;

import java.util.Optional;

/// The memory budget and its shares. Immutable.
///
/// ```
///   machine  --3/4, 2 GiB at most-->  budget (or as configured)
///   budget   = program 160 MiB + index 1/8 of the rest (32 MiB at least) + heap
///   heap     = young generation (a third, 96 MiB at most) + old generation
///   of the heap: bodies that arrive 1/8; bodies kept 1/64 (4 MiB at most)
///   of the old generation: entries 1/8, 1 KiB each
/// ```
///
/// What remains of the machine is for the kernel: its page cache, and buffers of sockets. The
/// program's part is for classes, compiled code, stacks, the collector and RocksDB's own needs.
/// More than 2 GiB helps only queues that are deep and fast at once; so it is not taken unasked.
///
/// @param machineBytes what the machine or its container has
/// @param isConfigured the budget stands in the file
/// @param programBytes neither heap nor index
/// @param youngBytes of the heap
/// @param bodiesBytes of the heap: bodies kept between acceptance and first attempt
/// @param arrivingBytes of the heap: bodies that are arriving
public record MemoryPlan(
        long machineBytes,
        boolean isConfigured,
        long budgetBytes,
        long programBytes,
        long heapBytes,
        long youngBytes,
        long indexBytes,
        int entriesMax,
        long bodiesBytes,
        long arrivingBytes) {

    public static final long MIB = 1L << 20;

    /// A node does not run with less.
    public static final long BUDGET_LEAST = 320 * MIB;

    public static final long HEAP_LEAST = 128 * MIB;
    public static final long INDEX_LEAST = 32 * MIB;
    public static final int ENTRIES_LEAST = 1_000;

    private static final long PROGRAM = 160 * MIB;
    private static final long UNASKED_MOST = 2048 * MIB;
    private static final int INDEX_PART = 8;

    /// More than this makes pauses longer, and everything that lives long is moved less often all
    /// the same.
    private static final long YOUNG_MOST = 96 * MIB;

    private static final int YOUNG_PART = 3;
    private static final int ENTRIES_PART = 8;

    /// Measured: about 780, for a message with one recipient. Each five recipients beyond it count
    /// as another entry.
    private static final long ENTRY_BYTES = 1024;

    private static final int ARRIVING_PART = 8;
    private static final int BODIES_PART = 64;

    /// More would outlive the young generation and enlarge the heap.
    private static final long BODIES_MOST = 4 * MIB;

    /// The shares of what is given; see [#problem].
    ///
    /// @param machineBytes memory of the machine, or what its container may use
    public static MemoryPlan of(MemorySettings given, long machineBytes) {
        long unasked = Math.min(UNASKED_MOST, machineBytes / 4 * 3 / MIB * MIB);
        long budget = given.budgetBytes().orElse(unasked);
        long rest = budget - PROGRAM;
        long indexPart = Math.max(INDEX_LEAST, rest / INDEX_PART / MIB * MIB);
        long besideHeap =
                given.heapBytes().isPresent() ? rest - given.heapBytes().getAsLong() : rest;
        long index =
                given.indexBytes().orElse(Math.max(INDEX_LEAST, Math.min(indexPart, besideHeap)));
        long heap = given.heapBytes().orElse(rest - index);
        var plan =
                new MemoryPlan(
                        machineBytes,
                        given.budgetBytes().isPresent(),
                        budget,
                        PROGRAM,
                        heap,
                        0,
                        index,
                        0,
                        0,
                        0);
        return plan.shared(given, heap);
    }

    /// The same where the Java machine was started with another heap: shares follow from the
    /// smaller one.
    public MemoryPlan within(MemorySettings given, long heapMost) {
        return heapMost < heapBytes ? shared(given, heapMost) : this;
    }

    private MemoryPlan shared(MemorySettings given, long heap) {
        long young = Math.min(YOUNG_MOST, heap / YOUNG_PART / MIB * MIB);
        long entries = (heap - young) / ENTRIES_PART / ENTRY_BYTES;
        return new MemoryPlan(
                machineBytes,
                isConfigured,
                budgetBytes,
                programBytes,
                heap,
                young,
                indexBytes,
                given.entriesMax()
                        .orElse(Math.clamp(entries, ENTRIES_LEAST, Integer.MAX_VALUE - 1)),
                given.bodiesBytes().orElse(Math.clamp(heap / BODIES_PART, MIB, BODIES_MOST)),
                given.arrivingBytes().orElse(Math.max(MIB, heap / ARRIVING_PART)));
    }

    /// Why a node cannot run so, with the remedy. Empty where it can.
    public Optional<String> problem() {
        if (budgetBytes < BUDGET_LEAST) {
            return Optional.of(
                    "a node needs a memory budget of "
                            + size(BUDGET_LEAST)
                            + " or more, and three quarters of the "
                            + size(machineBytes)
                            + " that this machine or its container has are "
                            + size(budgetBytes)
                            + "; give it more, or set memory.budget if nothing else runs there");
        }
        if (budgetBytes > machineBytes) {
            return Optional.of(
                    "memory.budget is "
                            + size(budgetBytes)
                            + ", and this machine or its container has "
                            + size(machineBytes)
                            + " in all; lower it, or leave it out");
        }
        if (heapBytes < HEAP_LEAST || programBytes + heapBytes + indexBytes > budgetBytes) {
            long needed = programBytes + Math.max(HEAP_LEAST, heapBytes) + indexBytes;
            return Optional.of(
                    "the memory budget is "
                            + size(budgetBytes)
                            + ", and its parts need "
                            + size(needed)
                            + ": the program "
                            + size(programBytes)
                            + ", the heap "
                            + size(Math.max(HEAP_LEAST, heapBytes))
                            + ", the index "
                            + size(indexBytes)
                            + "; raise memory.budget, or lower memory.heap or spool.index-memory");
        }
        return Optional.empty();
    }

    /// One line for the log and for `status`.
    public String text() {
        String from =
                isConfigured
                        ? "memory.budget; there are "
                        : machineBytes / 4 * 3 > budgetBytes
                                ? "the most that is taken unasked; there are "
                                : "three quarters of ";
        return size(budgetBytes)
                + " ("
                + from
                + size(machineBytes)
                + "): heap "
                + size(heapBytes)
                + ", index "
                + size(indexBytes)
                + ", program "
                + size(programBytes)
                + "; in the heap "
                + entriesMax
                + " entries, "
                + size(arrivingBytes)
                + " of arriving bodies, "
                + size(bodiesBytes)
                + " of bodies kept";
    }

    /// For `java`, in this order.
    public String javaOptions() {
        return "-Xmx" + heapBytes / MIB + "m -Xmn" + youngBytes / MIB + "m";
    }

    /// In whole MiB, or KiB where it is less than ten of them.
    public static String size(long bytes) {
        return bytes < 10 * MIB ? bytes / 1024 + " KiB" : bytes / MIB + " MiB";
    }
}
