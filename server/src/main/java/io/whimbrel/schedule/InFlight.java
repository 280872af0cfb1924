package io.whimbrel.schedule;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/// Entries being tried or settled, with the queue on whose account they are. Thread-safe, without a
/// lock. Bounded by the connections there are, and by what operators take out.
final class InFlight {
    private final ConcurrentHashMap<QueueEntry, PathQueue> entries = new ConcurrentHashMap<>();

    /// `queue` has counted `entry` already.
    void put(QueueEntry entry, PathQueue queue) {
        entries.put(entry, queue);
    }

    /// Entries that did not come by [PathQueue#take].
    void putAll(List<QueueEntry> taken, PathQueue account) {
        account.addInFlight(taken.size());
        taken.forEach(entry -> entries.put(entry, account));
    }

    /// @throws IllegalStateException where `entry` is not in flight
    PathQueue remove(QueueEntry entry) {
        PathQueue from = entries.remove(entry);
        if (from == null) {
            throw new IllegalStateException("not in flight: " + entry);
        }
        return from;
    }

    void forEach(BiConsumer<QueueEntry, PathQueue> visitor) {
        entries.forEach(visitor);
    }
}
