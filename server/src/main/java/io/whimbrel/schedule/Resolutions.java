package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Optional;

/// Which destinations DNS is being asked about. Thread-safe; its lock is never held with another.
///
/// A destination is asked about once at a time, and at most [#ASKED_MOST] are asked about at once:
/// after a restart a million may be due. The others wait here in order, one that has transactional
/// mail before the rest; mail waits with them in the queue.
final class Resolutions {
    private static final int ASKED_MOST = 1000;

    private final HashSet<Destination> asked = new HashSet<>();
    private final LinkedHashSet<Destination> waiting = new LinkedHashSet<>();

    /// The site of `destination` is needed.
    ///
    /// @return the domain to ask about now
    synchronized Optional<Destination> want(Destination destination, boolean isUrgent) {
        if (asked.contains(destination)) {
            return Optional.empty();
        }
        if (asked.size() < ASKED_MOST) {
            asked.add(destination);
            return Optional.of(destination);
        }
        if (isUrgent) {
            waiting.addFirst(destination);
        } else {
            waiting.add(destination);
        }
        return Optional.empty();
    }

    /// An answer for `destination` came.
    ///
    /// @return the domain to ask about next
    synchronized Optional<Destination> answered(Destination destination) {
        asked.remove(destination);
        waiting.remove(destination);
        if (waiting.isEmpty() || asked.size() >= ASKED_MOST) {
            return Optional.empty();
        }
        Destination next = waiting.removeFirst();
        asked.add(next);
        return Optional.of(next);
    }
}
