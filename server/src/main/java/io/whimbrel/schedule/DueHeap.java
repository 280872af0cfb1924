package io.whimbrel.schedule;

import java.time.Instant;
import java.util.Arrays;

/// Scheduled queues by an instant, earliest first: a binary heap that knows where each of its
/// members is, so that one can be moved or removed in O(log n). Guarded by the lock of its
/// [PathQueue].
final class DueHeap {
    /// Later than every instant.
    static final long NEVER = Long.MAX_VALUE;

    private static final Slot[] NONE = {};

    /// The first [#size] are in use. An array of its own, for there are three heaps for each path.
    private Slot[] slots = NONE;

    private int size;

    /// A queue's place in one heap.
    static final class Slot {
        private final ScheduledQueue queue;
        private long dueMillis;
        private int index = -1;

        Slot(ScheduledQueue queue) {
            this.queue = queue;
        }

        boolean isIn() {
            return index >= 0;
        }

        long dueMillis() {
            return isIn() ? dueMillis : NEVER;
        }
    }

    /// `instant` in epoch milliseconds, rounded up, so that nothing comes too early.
    static long millisUp(Instant instant) {
        return instant.plusNanos(999_999).toEpochMilli();
    }

    /// Adds `slot`, or moves it to its new place.
    void put(Slot slot, long dueMillis) {
        if (!slot.isIn()) {
            if (size == slots.length) {
                slots = Arrays.copyOf(slots, size + Math.max(1, size / 2));
            }
            set(slot, size);
            size++;
        } else if (slot.dueMillis == dueMillis) {
            return;
        }
        slot.dueMillis = dueMillis;
        siftUp(slot);
        siftDown(slot);
    }

    void remove(Slot slot) {
        if (!slot.isIn()) {
            return;
        }
        size--;
        Slot last = slots[size];
        slots[size] = null;
        if (last != slot) {
            set(last, slot.index);
            siftUp(last);
            siftDown(last);
        }
        slot.index = -1;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /// The earliest; the heap must not be empty.
    ScheduledQueue first() {
        return slots[0].queue;
    }

    /// [#NEVER] where the heap is empty.
    long firstDueMillis() {
        return size == 0 ? NEVER : slots[0].dueMillis;
    }

    private void siftUp(Slot slot) {
        while (slot.index > 0) {
            Slot parent = slots[(slot.index - 1) / 2];
            if (parent.dueMillis <= slot.dueMillis) {
                return;
            }
            swap(slot, parent);
        }
    }

    private void siftDown(Slot slot) {
        for (int left = 2 * slot.index + 1; left < size; left = 2 * slot.index + 1) {
            Slot child = slots[left];
            if (left + 1 < size && slots[left + 1].dueMillis < child.dueMillis) {
                child = slots[left + 1];
            }
            if (slot.dueMillis <= child.dueMillis) {
                return;
            }
            swap(slot, child);
        }
    }

    private void swap(Slot one, Slot other) {
        int index = one.index;
        set(one, other.index);
        set(other, index);
    }

    private void set(Slot slot, int index) {
        slot.index = index;
        slots[index] = slot;
    }
}
