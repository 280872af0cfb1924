package io.whimbrel.shaping;

import java.util.Arrays;

/// Counts what happened in the last window of time, so that no window, however it lies, has more
/// than its limit. Guarded by its owner.
///
/// Up to [WindowShape#EXACT_MOST] each event is kept for itself; beyond, events are rounded to
/// slots against us, and an event counts until the end of its slot has left the window: of a limit
/// at which there is always work 99.6 % are used. Windows of up to a minute are paced: no more than
/// one and a half times the even share in each twentieth, so that room is not used in one burst and
/// what was missed can be caught up with.
///
/// Memory grows with use, to 260 slots at most. An instant before the newest that was seen counts
/// as that one. All instants are microseconds of one clock.
final class SlidingWindow {
    private static final long[] NOTHING = {};
    private static final int FIRST = 4;

    private final WindowShape shape;

    /// Number of a slot and its count, alternating, the oldest first; those from `from` to `to`
    /// count. No count is 0.
    private long[] slots = NOTHING;

    private int from;
    private int to;
    private long total;

    SlidingWindow(WindowShape shape) {
        this.shape = shape;
    }

    WindowShape shape() {
        return shape;
    }

    /// Counts one if it may go.
    boolean take(long now) {
        if (freeAt(now) > now) {
            return false;
        }
        add(now, 1);
        return true;
    }

    /// The earliest instant from which one more may go, were nothing else to come; `now` where it
    /// may go now.
    long freeAt(long now) {
        evict(now);
        long free = now;
        if (total >= shape.count()) {
            free = Math.max(free, outerFreeAt());
        }
        return shape.burstMicros() == 0 ? free : Math.max(free, burstFreeAt(now));
    }

    private long outerFreeAt() {
        long left = total;
        int i = from;
        while (true) {
            left -= slots[i + 1];
            if (left < shape.count()) {
                return shape.endOf(slots[i]) + shape.lengthMicros();
            }
            i += 2;
        }
    }

    private long burstFreeAt(long now) {
        long sum = 0;
        for (int i = to - 2; i >= from; i -= 2) {
            long lapse = shape.endOf(slots[i]) + shape.burstMicros();
            if (lapse <= now) {
                return now;
            }
            sum += slots[i + 1];
            if (sum >= shape.burst()) {
                return lapse;
            }
        }
        return now;
    }

    /// Counts so many, whether they may go or not.
    void add(long now, long amount) {
        long slot = shape.slotOf(now);
        if (to > from && slots[to - 2] >= slot) {
            slots[to - 1] += amount;
        } else {
            makeRoom();
            slots[to] = slot;
            slots[to + 1] = amount;
            to += 2;
        }
        total += amount;
    }

    private void makeRoom() {
        if (to < slots.length) {
            return;
        }
        int used = to - from;
        long[] target = used > slots.length / 2 ? new long[used * 2] : slots;
        if (slots.length == 0) {
            target = new long[FIRST];
        }
        System.arraycopy(slots, from, target, 0, used);
        slots = target;
        from = 0;
        to = used;
    }

    /// One that was counted at `stamp` did not happen; nothing is done where it counts no more.
    void giveBack(long stamp) {
        long slot = shape.slotOf(stamp);
        int i = to - 2;
        while (i > from && slots[i] > slot) {
            i -= 2;
        }
        if (i < from || slots[i] != slot) {
            return;
        }
        total--;
        slots[i + 1]--;
        if (slots[i + 1] == 0) {
            System.arraycopy(slots, i + 2, slots, i, to - i - 2);
            to -= 2;
        }
    }

    /// What counts at `now`.
    long used(long now) {
        evict(now);
        return total;
    }

    private void evict(long now) {
        while (from < to && shape.endOf(slots[from]) + shape.lengthMicros() <= now) {
            total -= slots[from + 1];
            from += 2;
        }
        if (from == to) {
            from = 0;
            to = 0;
        }
    }

    /// Counts also what `other` counts, in place of which this one comes. To be called before
    /// anything is counted here.
    void absorb(SlidingWindow other) {
        for (int i = other.from; i < other.to; i += 2) {
            add(other.shape.endOf(other.slots[i]), other.slots[i + 1]);
        }
    }

    /// When something happened before `now`, and how much, alternating: ages in microseconds, the
    /// oldest first, at most `most` pairs. Where there are more, neighbours count as the younger.
    long[] ages(long now, int most) {
        evict(now);
        int pairs = (to - from) / 2;
        int each = Math.max(1, (pairs + most - 1) / most);
        var ages = new long[(pairs + each - 1) / each * 2];
        for (int i = 0; i < pairs; i++) {
            int at = i / each * 2;
            ages[at] = Math.max(0, now - shape.endOf(slots[from + 2 * i]));
            ages[at + 1] += slots[from + 2 * i + 1];
        }
        return ages;
    }

    /// Goes on from what [#ages] said, in addition to what counts already.
    void restore(long now, long[] ages) {
        long[] present = Arrays.copyOfRange(slots, from, to);
        from = 0;
        to = 0;
        total = 0;
        for (int i = 0; i < ages.length; i += 2) {
            add(now - ages[i], ages[i + 1]);
        }
        for (int i = 0; i < present.length; i += 2) {
            add(shape.endOf(present[i]), present[i + 1]);
        }
        evict(now);
    }
}
