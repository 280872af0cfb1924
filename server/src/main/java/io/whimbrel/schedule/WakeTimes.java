package io.whimbrel.schedule;

import java.util.Optional;
import java.util.PriorityQueue;

/// When which [PathQueue] has something due. Thread-safe; its lock is never held with another.
///
/// A queue that finds an earlier due time adds another wake and forgets the one before, which is
/// then ignored when it comes ([PathQueue#moveDue]). So the first wake may be too early, never too
/// late. At most one wake for each timed entry.
final class WakeTimes {
    private final PriorityQueue<Wake> wakes =
            new PriorityQueue<>((one, other) -> Long.compare(one.atMillis, other.atMillis));

    record Wake(long atMillis, PathQueue queue) {}

    synchronized void add(long atMillis, PathQueue queue) {
        wakes.add(new Wake(atMillis, queue));
    }

    /// Takes the first wake out if its time has come.
    synchronized Optional<Wake> poll(long nowMillis) {
        Wake first = wakes.peek();
        if (first == null || first.atMillis > nowMillis) {
            return Optional.empty();
        }
        return Optional.of(wakes.remove());
    }

    /// [DueHeap#NEVER] where there is none.
    synchronized long nextMillis() {
        Wake first = wakes.peek();
        return first == null ? DueHeap.NEVER : first.atMillis;
    }
}
