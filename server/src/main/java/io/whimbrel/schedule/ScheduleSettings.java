package io.whimbrel.schedule;

import java.time.Duration;

/// How queues are served. Immutable.
///
/// @param pool name of the pool that all mail leaves by, until policy chooses one; not empty
/// @param recipientsPerTransaction recipients of one message in one mail transaction, 1..1000;
///   default 100 (RFC 5321 §4.5.3.1.8 obliges every host to take 100)
/// @param horizon what is due later than this rests, 1 ms to 100 years; default 60 s
/// @param entriesInMemoryMax entries in memory, waiting and in flight, 10 or more; what goes beyond
///   rests; `Integer.MAX_VALUE` stands for no bound; default 100,000
public record ScheduleSettings(
        String pool, int recipientsPerTransaction, Duration horizon, int entriesInMemoryMax) {

    private static final int RECIPIENTS_MOST = 1000;
    private static final int ENTRIES_LEAST = 10;
    private static final Duration HORIZON_MOST = Duration.ofDays(36_525);

    public static final ScheduleSettings DEFAULT =
            new ScheduleSettings("default", 100, Duration.ofSeconds(60), 100_000);

    /// As the default, but everything stays in memory.
    public static final ScheduleSettings UNBOUNDED = new ScheduleSettings("default", 100);

    public ScheduleSettings {
        if (pool.isBlank()) {
            throw new IllegalArgumentException("pool must have a name");
        }
        if (recipientsPerTransaction < 1 || recipientsPerTransaction > RECIPIENTS_MOST) {
            throw new IllegalArgumentException(
                    "recipients-per-transaction must be 1..1000, not " + recipientsPerTransaction);
        }
        if (horizon.compareTo(Duration.ofMillis(1)) < 0 || horizon.compareTo(HORIZON_MOST) > 0) {
            throw new IllegalArgumentException("horizon must be 1 ms to 100 years, not " + horizon);
        }
        if (entriesInMemoryMax < ENTRIES_LEAST) {
            throw new IllegalArgumentException(
                    "entries in memory must be 10 or more, not " + entriesInMemoryMax);
        }
    }

    /// Everything stays in memory.
    public ScheduleSettings(String pool, int recipientsPerTransaction) {
        this(pool, recipientsPerTransaction, HORIZON_MOST, Integer.MAX_VALUE);
    }

    /// The same with another bound of entries in memory.
    public ScheduleSettings withEntriesMax(int entries) {
        return new ScheduleSettings(pool, recipientsPerTransaction, horizon, entries);
    }

    /// Nothing ever rests.
    public boolean isUnbounded() {
        return horizon.equals(HORIZON_MOST) && entriesInMemoryMax == Integer.MAX_VALUE;
    }
}
