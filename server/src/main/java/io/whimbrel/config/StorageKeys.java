package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RESTART;

import io.whimbrel.budget.MemoryPlan;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;

import java.time.Duration;
import java.util.List;

/// The keys of `[memory]`, `[spool]` and `[events]`: what is kept in memory and on disk. Stateless.
final class StorageKeys {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    private static final long TIB = 1L << 40;

    static final Key<Long> BUDGET =
            new Key<>(
                    "budget",
                    Kinds.size(MemoryPlan.BUDGET_LEAST, TIB),
                    new Presence.Unset<>(
                            "three quarters of what the machine, or the container (cgroup) that the"
                                    + " server runs in, has; at most 2 GiB",
                            "\"1152MiB\""),
                    RESTART,
                    "All memory of the server's process. Of it, 160 MiB are for the program itself"
                        + " (code, stacks, collector), an eighth of the rest is for the index of"
                        + " waiting mail (`spool.index-memory`), and what is left is the Java heap"
                        + " (`memory.heap`). A budget that is larger than the machine, or too small"
                        + " for its parts, is refused by `whimbrel serve`.");

    static final Key<Long> HEAP =
            new Key<>(
                    "heap",
                    Kinds.size(MemoryPlan.HEAP_LEAST, TIB),
                    new Presence.Unset<>(
                            "what program and index leave of `memory.budget`", "\"868MiB\""),
                    RESTART,
                    "The Java heap. The launcher starts the server with it (`-Xmx`), unless"
                            + " WHIMBREL_JVM_OPTIONS sets another one. Where more than 85 % of its"
                            + " old generation is in use after a collection, MAIL gets 452 until"
                            + " that is less than 70 %.");

    static final Key<Long> ARRIVING =
            new Key<>(
                    "arriving",
                    Kinds.size(MIB, TIB),
                    new Presence.Unset<>("an eighth of the heap", "\"108MiB\""),
                    RESTART,
                    "Memory for bodies that are arriving, on all connections together; one takes"
                            + " 512 KiB at most. At it MAIL gets 452, at a quarter more than it new"
                            + " connections get 421; a transaction under way is never cut for it.");

    static final TableSpec MEMORY =
            TableSpec.one(
                    "memory",
                    "What the server may take of the machine's memory.",
                    List.of(BUDGET, HEAP, ARRIVING));

    static final Key<Long> SEGMENT =
            Key.withDefault(
                    "segment",
                    Kinds.size(MIB, GIB),
                    64 * MIB,
                    RESTART,
                    "The size of one file of the spool's log.");

    static final Key<Duration> OUTCOME_SYNC =
            Key.withDefault(
                    "outcome-sync",
                    Kinds.duration(Duration.ZERO, Duration.ofSeconds(1)),
                    Duration.ofMillis(20),
                    RESTART,
                    "How long an outcome may wait for its disk sync. After a crash, deliveries"
                            + " whose outcome was not synced yet happen again, so this bounds"
                            + " duplicates. Accepted mail never waits for this: its 250 follows its"
                            + " sync.");

    static final Key<Long> RESERVE =
            new Key<>(
                    "reserve",
                    Kinds.size(MIB, TIB),
                    new Presence.Unset<>(
                            "a hundredth of the disk, but at least 256 MiB and at most 4 GiB",
                            "\"1GiB\""),
                    RESTART,
                    "Disk space kept free for outcomes, bounces, reclaim and the index. With less"
                            + " than this free, new mail gets 452 and delivery goes on. Mail is"
                            + " taken again by itself once there is an eighth more than this.");

    static final Key<Long> SLOW_BELOW =
            new Key<>(
                    "slow-below",
                    Kinds.size(MIB, 512 * TIB),
                    new Presence.Unset<>(
                            "a twentieth of the disk, but at least twice `reserve` and at most 20"
                                    + " GiB",
                            "\"5GiB\""),
                    RESTART,
                    "With less disk space than this free, each answer to end-of-data is delayed:"
                        + " the more the less there is, up to 2 s just above `reserve`. So senders"
                        + " slow down, and delivery has time to make room, before mail is refused."
                        + " The same value as `reserve` delays nothing.");

    static final Key<Long> BODY_MEMORY =
            new Key<>(
                    "body-memory",
                    Kinds.size(MIB, TIB),
                    new Presence.Unset<>(
                            "a sixty-fourth of the heap, but at most 4 MiB, for more would enlarge"
                                    + " the heap",
                            "\"4MiB\""),
                    RESTART,
                    "Memory for bodies of messages between acceptance and their first attempt. Over"
                            + " it they are read back from disk.");

    static final Key<Long> INDEX_MEMORY =
            new Key<>(
                    "index-memory",
                    Kinds.size(MemoryPlan.INDEX_LEAST, TIB),
                    new Presence.Unset<>(
                            "an eighth of `memory.budget` without the program's part, but at least"
                                    + " 32 MiB",
                            "\"128MiB\""),
                    RESTART,
                    "Memory of the index of waiting mail, outside the Java heap. More makes retries"
                            + " of millions of messages faster.");

    static final Key<Integer> ENTRIES_IN_MEMORY =
            new Key<>(
                    "entries-in-memory",
                    Kinds.integer(MemoryPlan.ENTRIES_LEAST, 100_000_000),
                    new Presence.Unset<>(
                            "one for each KiB of an eighth of the heap's old generation", "100000"),
                    RESTART,
                    "How much of the queue is kept in memory: entries, each the recipients of one"
                            + " message in one domain, of about 1 KB. What is due later than in a"
                            + " minute, and what goes beyond this, waits on disk.");

    static final TableSpec SPOOL =
            TableSpec.one(
                    "spool",
                    "How accepted mail is kept, in `<data>/spool`.",
                    List.of(
                            SEGMENT,
                            OUTCOME_SYNC,
                            RESERVE,
                            SLOW_BELOW,
                            BODY_MEMORY,
                            INDEX_MEMORY,
                            ENTRIES_IN_MEMORY));

    static final Key<Long> EVENT_FILE =
            Key.withDefault(
                    "file",
                    Kinds.size(MIB, 16 * GIB),
                    256 * MIB,
                    RESTART,
                    "The size at which a file is closed and the next one begun.");

    /// As many files have room in the event log, or more.
    static final long EVENT_FILES_LEAST = 4;

    static final Key<Long> EVENT_TOTAL =
            Key.withDefault(
                    "total",
                    Kinds.size(EVENT_FILES_LEAST * MIB, 512 * TIB),
                    10 * GIB,
                    RESTART,
                    "The size of all files beyond which the oldest are deleted; at least four times"
                            + " `file`.");

    static final TableSpec EVENTS =
            TableSpec.one(
                    "events",
                    "The event log, JSON lines in `<data>/events`.",
                    List.of(EVENT_FILE, EVENT_TOTAL));

    private StorageKeys() {}
}
