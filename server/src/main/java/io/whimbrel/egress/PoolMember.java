package io.whimbrel.egress;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;

/// How far a source has come in a pool. Not thread-safe: [Pool] guards it.
///
/// Virtual time is messages divided by weight: where all members are at the same, each has had its
/// share.
final class PoolMember {
    /// A connection on which nothing was sent yet counts as this many messages, so that those that
    /// are opened at once do not all go to the source that is behind.
    private static final double UNUSED_MESSAGES = 10;

    /// It counts half as much after each such time: nothing may ever be sent on it.
    private static final double UNUSED_HALVES_MILLIS = 10_000;

    private static final long HELD_LEAST_MILLIS = 500;
    private static final long HELD_MOST_MILLIS = 5_000;

    final SourceAddress source;
    final int weight;
    final boolean isBackup;
    final CounterDataPoint counter;
    final long hash;

    private double time;
    private double unused;
    private long unusedAt;
    private long messages;
    private long askToEndAt;
    private long heldUntil;
    private long heldFor;

    PoolMember(SourceAddress source, PoolSettings.Member settings, CounterDataPoint counter) {
        this.source = source;
        this.weight = settings.weight();
        this.isBackup = settings.isBackup();
        this.counter = counter;
        this.hash = Rendezvous.hash(source.name());
    }

    double time() {
        return time;
    }

    long messages() {
        return messages;
    }

    /// Virtual time, with what connections will bring that were assigned.
    double level(long now) {
        return time + unused(now) * UNUSED_MESSAGES / weight;
    }

    void chosen(long now) {
        unused = unused(now) + 1;
        unusedAt = now;
        heldUntil = now;
        heldFor = 0;
    }

    /// @param isFirst of its connection
    void sent(boolean isFirst, long now) {
        if (isFirst) {
            unused = Math.max(0, unused(now) - 1);
            unusedAt = now;
        }
        time += 1.0 / weight;
        messages++;
        counter.inc();
    }

    /// What it could not use goes to the others for good.
    void liftTo(double least) {
        time = Math.max(time, least);
    }

    /// It was its turn, and it could not be used. The longer that lasts, the more rarely others
    /// make room for it.
    void refused(long now) {
        if (!isHeld(now)) {
            heldFor = Math.clamp(2 * heldFor, HELD_LEAST_MILLIS, HELD_MOST_MILLIS);
            heldUntil = now + heldFor;
        }
    }

    boolean isHeld(long now) {
        return now < heldUntil;
    }

    /// Whether a connection may be told to end: one for each `every` messages, so that not all end
    /// at once.
    boolean askToEnd(int every) {
        if (messages < askToEndAt) {
            return false;
        }
        askToEndAt = messages + every;
        return true;
    }

    private double unused(long now) {
        return unused == 0 ? 0 : unused * Math.pow(2, (unusedAt - now) / UNUSED_HALVES_MILLIS);
    }
}
