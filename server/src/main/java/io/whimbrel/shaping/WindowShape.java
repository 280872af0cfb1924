package io.whimbrel.shaping;

import io.whimbrel.mail.Rate;

/// How much in how long, in numbers that a [SlidingWindow] counts by. Immutable.
///
/// @param count at most this many ...
/// @param lengthMicros ... in any window of this length
/// @param slotMicros what happens within a slot counts as if at its end; 1 is exact
/// @param burst at most this many ...
/// @param burstMicros ... in any window of this length, which is shorter; 0 where nothing paces
record WindowShape(long count, long lengthMicros, long slotMicros, long burst, long burstMicros) {
    /// Up to here each event is kept for itself.
    static final int EXACT_MOST = 128;

    static final int SLOTS = 256;

    private static final int PARTS_MOST = 20;
    private static final long SECOND = 1_000_000;
    private static final long PACED_MOST = 60 * SECOND;

    static WindowShape of(Rate rate) {
        return of(rate.count(), rate.window().length().toNanos() / 1000);
    }

    /// No more than so many in any second, rounded down; below one it is one in longer than a
    /// second.
    ///
    /// @param perSecond more than 0
    static WindowShape of(double perSecond) {
        if (!(perSecond > 0)) {
            throw new IllegalArgumentException("no rate: " + perSecond);
        }
        if (perSecond >= 1) {
            return of((long) Math.min(perSecond, 1e15), SECOND);
        }
        return of(1, (long) Math.min(SECOND / perSecond, 1e15));
    }

    static WindowShape of(long count, long lengthMicros) {
        long slot = count <= EXACT_MOST ? 1 : (lengthMicros + SLOTS - 1) / SLOTS;
        long parts = Math.min(PARTS_MOST, count);
        if (parts < 2 || lengthMicros > PACED_MOST) {
            return new WindowShape(count, lengthMicros, slot, count, 0);
        }
        long burst = (3 * count + 2 * parts - 1) / (2 * parts);
        return new WindowShape(count, lengthMicros, slot, burst, lengthMicros / parts);
    }

    /// The same for what happens up to so much later than it is counted: in no window of the length
    /// before happens more than `count`.
    WindowShape longerBy(long micros) {
        return new WindowShape(count, lengthMicros + micros, slotMicros, burst, burstMicros);
    }

    /// The slot of an instant.
    long slotOf(long micros) {
        return Math.floorDiv(micros, slotMicros);
    }

    /// The last instant of a slot.
    long endOf(long slot) {
        return slot * slotMicros + slotMicros - 1;
    }
}
