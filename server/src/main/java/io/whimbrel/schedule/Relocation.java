package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueScope;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// Moves mail between paths: as DNS says to which site a destination belongs, and as other pools
/// and routes come into force. Thread-safe: one move at a time, and none while an operator walks
/// over the queues.
final class Relocation {
    private static final long SWEEP_MILLIS = 60_000;

    /// After this much time DNS is asked again about a site that it could not confirm.
    private static final long ASK_AGAIN_MILLIS = 60_000;

    private final PathQueues queues;
    private final SiteTable sites;
    private final InFlight inFlight;
    private final Aftermath aftermath;
    private final ScheduleActions actions;
    private final ReentrantLock lock;
    private volatile long nextSweepMillis = Long.MIN_VALUE;

    /// @param lock that operators take too
    Relocation(
            PathQueues queues,
            SiteTable sites,
            InFlight inFlight,
            Aftermath aftermath,
            ScheduleActions actions,
            ReentrantLock lock) {
        this.queues = queues;
        this.sites = sites;
        this.inFlight = inFlight;
        this.aftermath = aftermath;
        this.actions = actions;
        this.lock = lock;
    }

    /// As [Schedule#siteResolved].
    void siteResolved(Destination destination, Site site, Duration timeToLive, Instant now) {
        var path = new EgressPath(destination.pool(), site);
        long staleAtMillis = now.toEpochMilli() + timeToLive.toMillis();
        var left = new ArrayList<Effects>();
        lock.lock();
        try {
            SiteTable.Known before = sites.put(destination, path, staleAtMillis);
            if (!before.path().equals(path)) {
                move(destination, before.path(), path, left);
            }
        } finally {
            lock.unlock();
        }
        aftermath.carryOut(left, now);
        aftermath.answered(destination).ifPresent(actions::resolve);
    }

    /// Lets mail follow its destination; under the lock.
    private void move(Destination destination, EgressPath from, EgressPath to, List<Effects> left) {
        Optional<PathQueue> source = queues.find(from);
        if (source.isEmpty()) {
            return;
        }
        for (ScheduledQueue moving : source.get().extract(destination)) {
            Optional<Effects> effects = Optional.empty();
            while (effects.isEmpty()) {
                PathQueue target = queues.of(to);
                effects = target.adopt(moving);
                if (effects.isEmpty()) {
                    queues.closeIfIdle(target);
                }
            }
            left.add(effects.get());
        }
        queues.closeIfIdle(source.get());
    }

    /// As [Schedule#siteUnknown].
    List<QueueEntry> siteUnknown(Destination destination, Instant now) {
        sites.postpone(destination, now.toEpochMilli() + ASK_AGAIN_MILLIS);
        // Before the entries are taken: what comes after them asks anew.
        Optional<Destination> next = aftermath.answered(destination);
        var taken = new ArrayList<QueueEntry>();
        PathQueue unresolved = queues.unresolved();
        inFlight.moves(1);
        try {
            unresolved.change(
                    scopeOf(destination.domain()),
                    queue ->
                            queue.destination().equals(destination)
                                    ? takeOffered(queue, taken)
                                    : 0);
            inFlight.putAll(taken, unresolved);
        } finally {
            inFlight.moves(-1);
        }
        next.ifPresent(actions::resolve);
        aftermath.feed(unresolved);
        return taken;
    }

    private static long takeOffered(ScheduledQueue queue, List<QueueEntry> taken) {
        long recipients = 0;
        for (int i = queue.offered(); i > 0; i--) {
            QueueEntry entry = queue.pollReady();
            taken.add(entry);
            recipients += entry.recipients().size();
        }
        return recipients;
    }

    /// Puts other pools and routes in force.
    ///
    /// @return the entries that waited elsewhere than they say; to be placed anew
    List<QueueEntry> follow(Destinations destinations) {
        var strays = new ArrayList<QueueEntry>();
        lock.lock();
        try {
            sites.follow(destinations);
            for (PathQueue queue : queues.in(QueueScope.ALL)) {
                strays.addAll(queue.extractStrays());
                queues.closeIfIdle(queue);
            }
        } finally {
            lock.unlock();
        }
        return strays;
    }

    /// Each minute, forgets the sites of domains that no mail waits for.
    void sweep(long nowMillis) {
        if (nextSweepMillis > nowMillis) {
            return;
        }
        nextSweepMillis = nowMillis + SWEEP_MILLIS;
        lock.lock();
        try {
            for (Destination destination : sites.expendable(nowMillis)) {
                PathQueue queue = queues.of(destination);
                queue.forget(destination);
                queues.closeIfIdle(queue);
            }
        } finally {
            lock.unlock();
        }
    }

    private static QueueScope scopeOf(DomainName domain) {
        return new QueueScope(
                Optional.empty(), Optional.of(domain), Optional.empty(), Optional.empty());
    }
}
