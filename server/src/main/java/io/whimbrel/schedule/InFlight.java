package io.whimbrel.schedule;

import io.whimbrel.mail.QueueScope;
import io.whimbrel.shaping.Limiter;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Function;

/// Entries being tried or settled, with the queue on whose account they are. Thread-safe, without a
/// lock. Bounded by the connections there are, and by what waits in memory for a domain that turns
/// out to have no site.
final class InFlight {
    private final ConcurrentHashMap<QueueEntry, PathQueue> entries = new ConcurrentHashMap<>();

    private final AtomicInteger moving = new AtomicInteger();

    /// The next entry of `queue` in turn that limits let go.
    Take take(PathQueue queue, Carrier carrier, Limiter limiter, Instant now) {
        moves(1);
        try {
            Take take = queue.take(carrier, limiter, now);
            if (take instanceof Take.Given(QueueEntry entry, var _)) {
                entries.put(entry, queue);
            }
            return take;
        } finally {
            moves(-1);
        }
    }

    /// What `taking` takes out of `queue`, whatever limits say.
    List<QueueEntry> takeUntried(PathQueue queue, Function<PathQueue, List<QueueEntry>> taking) {
        moves(1);
        try {
            List<QueueEntry> taken = taking.apply(queue);
            taken.forEach(entry -> entries.put(entry, queue));
            return taken;
        } finally {
            moves(-1);
        }
    }

    /// Entries that `account` has not counted yet.
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

    /// Between a queue and here, or back, an entry is nowhere to be seen.
    void moves(int more) {
        moving.addAndGet(more);
    }

    /// Whether no entry in `scope` is here, nor on its way from here or to here.
    boolean isQuiet(QueueScope scope) {
        for (QueueEntry entry : entries.keySet()) {
            var message = entry.message();
            if (scope.matches(message.id(), message.envelope().stream(), entry.domain())) {
                return false;
            }
        }
        // Read last: what left before it was looked at has arrived where it went.
        return moving.get() == 0;
    }

    void forEach(BiConsumer<QueueEntry, PathQueue> visitor) {
        entries.forEach(visitor);
    }
}
