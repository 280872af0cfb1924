package io.whimbrel.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;

/// How much happened in the last window of time. Confined to one thread, or guarded by its owner.
///
/// The window is cut into equal slots, which lie on the epoch, and one slot more than a window has
/// is counted: whatever happened in the window that ends now is in them, so whoever asks [#hasRoom]
/// before [#add] admits at most a limit in *every* window of this length, however it lies. What is
/// counted beyond the window is rounding against us: room comes back at most one slot late.
///
/// A time before the newest that was seen counts as that one.
final class SlidingCount {
    private final long slotMillis;
    private final long[] counts;

    /// Number of the newest slot since the epoch.
    private long newest;

    private long total;

    /// @param window a whole number of milliseconds for each of `slots`
    SlidingCount(Duration window, int slots) {
        if (slots < 1 || window.toMillis() < slots || window.toMillis() % slots != 0) {
            throw new IllegalArgumentException("no " + slots + " whole slots in " + window);
        }
        this.slotMillis = window.toMillis() / slots;
        this.counts = new long[slots + 1];
    }

    /// Whether `amount` fits below `limit` at `now`. Takes nothing.
    boolean hasRoom(Instant now, long amount, long limit) {
        advance(now);
        return amount <= limit - total;
    }

    /// Counts `amount`, whether it fits or not.
    void add(Instant now, long amount) {
        advance(now);
        counts[index(newest)] += amount;
        total += amount;
    }

    /// Takes back what was counted at `then`, if it still counts.
    void giveBack(Instant then, long amount) {
        long slot = Math.min(slotOf(then), newest);
        if (slot > newest - counts.length) {
            long back = Math.min(amount, counts[index(slot)]);
            counts[index(slot)] -= back;
            total -= back;
        }
    }

    /// What counts at `now`.
    long total(Instant now) {
        advance(now);
        return total;
    }

    /// From when on `amount` fits below `limit`, were nothing else to come; at most a window and a
    /// slot away, which is also the answer where it never fits.
    Instant roomAt(Instant now, long amount, long limit) {
        advance(now);
        long left = total;
        long slot = newest - counts.length + 1;
        while (slot <= newest && amount > limit - left) {
            left -= counts[index(slot)];
            slot++;
        }
        Instant end = Instant.ofEpochMilli((slot + counts.length - 1) * slotMillis);
        return end.isAfter(now) ? end : now;
    }

    /// Number of the newest slot, for [#restore].
    long newest() {
        return newest;
    }

    /// The counts of all slots, the oldest first.
    long[] counts() {
        var ordered = new long[counts.length];
        for (int i = 0; i < counts.length; i++) {
            ordered[i] = counts[index(newest - counts.length + 1 + i)];
        }
        return ordered;
    }

    /// Goes on from what [#newest] and [#counts] said. A newest slot that is yet to come was kept
    /// by a clock that was ahead; it counts as the present one.
    void restore(Instant now, long keptNewest, long[] kept) {
        Arrays.fill(counts, 0);
        total = 0;
        newest = Math.min(keptNewest, slotOf(now));
        int most = Math.min(kept.length, counts.length);
        for (int age = 0; age < most; age++) {
            long count = Math.max(0, kept[kept.length - 1 - age]);
            counts[index(newest - age)] = count;
            total += count;
        }
        advance(now);
    }

    private void advance(Instant now) {
        long slot = slotOf(now);
        if (slot - newest >= counts.length) {
            Arrays.fill(counts, 0);
            total = 0;
            newest = slot;
        }
        while (newest < slot) {
            newest++;
            total -= counts[index(newest)];
            counts[index(newest)] = 0;
        }
    }

    private long slotOf(Instant time) {
        return Math.floorDiv(time.toEpochMilli(), slotMillis);
    }

    private int index(long slot) {
        return (int) Math.floorMod(slot, (long) counts.length);
    }
}
