package io.whimbrel.schedule;

/// How queues are served. Immutable.
///
/// @param pool name of the pool that all mail leaves by, until policy chooses one; not empty
/// @param recipientsPerTransaction recipients of one message in one mail transaction, 1..1000;
///   default 100 (RFC 5321 §4.5.3.1.8 obliges every host to take 100)
public record ScheduleSettings(String pool, int recipientsPerTransaction) {

    private static final int RECIPIENTS_MOST = 1000;

    public static final ScheduleSettings DEFAULT = new ScheduleSettings("default", 100);

    public ScheduleSettings {
        if (pool.isBlank()) {
            throw new IllegalArgumentException("pool must have a name");
        }
        if (recipientsPerTransaction < 1 || recipientsPerTransaction > RECIPIENTS_MOST) {
            throw new IllegalArgumentException(
                    "recipients-per-transaction must be 1..1000, not " + recipientsPerTransaction);
        }
    }
}
