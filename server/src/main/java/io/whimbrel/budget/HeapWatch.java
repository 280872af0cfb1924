package io.whimbrel.budget;

import io.whimbrel.smtp.SmtpReply;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/// Refuses mail before the collector suffers. Thread-safe; [#look] belongs to one thread.
///
/// What counts is what the last collection of the old generation left there, for before one it is
/// mostly garbage. From [#HIGH_PERCENT] on mail is refused, until a collection leaves less than
/// [#LOW_PERCENT]. While mail is refused little is allocated and no collection may come for long:
/// so one is asked for where none came within [#ASK_AFTER].
public final class HeapWatch {
    static final int HIGH_PERCENT = 85;
    static final int LOW_PERCENT = 70;
    static final Duration ASK_AFTER = Duration.ofSeconds(15);

    private static final SmtpReply TIGHT =
            SmtpReply.of(452, 4, 3, 1, "The mail system is short of memory; try again later");

    private final Supplier<Reading> reading;
    private final Runnable collect;
    private final AtomicLong refused = new AtomicLong();
    private volatile Reading last;
    private volatile boolean isTight;
    private Instant waitingSince = Instant.MAX;

    /// The old generation.
    ///
    /// @param used bytes in use after its last collection; 0 before the first
    /// @param most bytes that it may have
    /// @param collections how many there were
    record Reading(long used, long most, long collections) {}

    /// @param collect asks for a collection
    HeapWatch(Supplier<Reading> reading, Runnable collect) {
        this.reading = reading;
        this.collect = collect;
        last = reading.get();
    }

    /// Over the collector that this process has.
    public static HeapWatch ofProcess() {
        Optional<MemoryPoolMXBean> old =
                ManagementFactory.getMemoryPoolMXBeans().stream()
                        .filter(HeapWatch::isOldGeneration)
                        .findFirst();
        // The collector of another choice may have no generations: then nothing is refused.
        return old.map(pool -> new HeapWatch(() -> read(pool), System::gc))
                .orElseGet(() -> new HeapWatch(() -> new Reading(0, 0, 0), () -> {}));
    }

    private static boolean isOldGeneration(MemoryPoolMXBean pool) {
        boolean isOld = pool.getName().contains("Old") || pool.getName().contains("Tenured");
        return isOld && pool.getType() == MemoryType.HEAP && pool.getCollectionUsage() != null;
    }

    private static Reading read(MemoryPoolMXBean pool) {
        MemoryUsage usage = pool.getCollectionUsage();
        long most = usage.getMax() > 0 ? usage.getMax() : Runtime.getRuntime().maxMemory();
        List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans();
        long collections =
                collectors.stream()
                        .filter(it -> isOf(it, pool))
                        .mapToLong(GarbageCollectorMXBean::getCollectionCount)
                        .sum();
        return new Reading(usage.getUsed(), most, collections);
    }

    private static boolean isOf(GarbageCollectorMXBean collector, MemoryPoolMXBean pool) {
        return Arrays.asList(collector.getMemoryPoolNames()).contains(pool.getName());
    }

    /// Looks at the heap; about once a second.
    public void look(Instant now) {
        Reading before = last;
        Reading after = reading.get();
        last = after;
        boolean wasTight = isTight;
        isTight = after.used() * 100 >= after.most() * (wasTight ? LOW_PERCENT : HIGH_PERCENT);
        isTight &= after.most() > 0;
        if (!isTight) {
            waitingSince = Instant.MAX;
        } else if (!wasTight || after.collections() != before.collections()) {
            waitingSince = now;
        } else if (!now.isBefore(waitingSince.plus(ASK_AFTER))) {
            waitingSince = now;
            collect.run();
        }
    }

    /// Whether nothing should come into memory that can wait.
    public boolean isTight() {
        return isTight;
    }

    /// Why new mail is refused now; empty where it is welcome.
    public Optional<SmtpReply> refusal() {
        if (!isTight) {
            return Optional.empty();
        }
        refused.incrementAndGet();
        return Optional.of(TIGHT);
    }

    public BudgetLevel level() {
        Reading now = last;
        return new BudgetLevel(now.used(), now.most() / 100 * HIGH_PERCENT, refused.get(), isTight);
    }
}
