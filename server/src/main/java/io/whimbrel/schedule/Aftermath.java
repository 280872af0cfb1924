package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.schedule.Backlogs.Wanted;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// What follows from a change to a queue: wakes, and what is asked of the world. Thread-safe. Never
/// used with a lock held.
final class Aftermath {
    /// Calls of [ScheduleActions#workReady] for one change, however many entries it made ready.
    private static final int SIGNALS_MOST = 100;

    /// Queues that find no room are passed over, at most so many for one change.
    private static final int TRIES = 3;

    private final ScheduleActions actions;
    private final PathQueues queues;
    private final SiteTable sites;
    private final AgeCounts ages;
    private final Resolutions resolutions = new Resolutions();
    private final WakeTimes wakes = new WakeTimes();

    /// Paths where queues wait for entries that rest, or have waited lately.
    private final Set<PathQueue> hungry = ConcurrentHashMap.newKeySet();

    Aftermath(ScheduleActions actions, PathQueues queues, SiteTable sites, AgeCounts ages) {
        this.actions = actions;
        this.queues = queues;
        this.sites = sites;
        this.ages = ages;
    }

    void carryOut(List<Effects> left, Instant now) {
        left.forEach(effects -> carryOut(effects, now));
    }

    void carryOut(Effects effects, Instant now) {
        PathQueue queue = effects.queue();
        effects.resting().forEach(this::rest);
        arm(queue);
        queues.closeIfIdle(queue);
        signal(queue, effects.readied());
        for (ScheduledQueue offering : effects.offering()) {
            resolveIfStale(offering.destination(), offering.stream(), now);
        }
        feed(queue);
    }

    /// `entry` leaves memory.
    void rest(QueueEntry entry) {
        ages.add(entry.message().envelope().receivedAt(), -entry.recipients().size());
        actions.rest(entry);
    }

    /// Asks for what rests, as far as there is room.
    void feed(PathQueue queue) {
        feed(queue, TRIES);
    }

    private void feed(PathQueue queue, int tries) {
        if (!queue.isHungry()) {
            return;
        }
        for (Wanted wanted : queue.wanted(tries)) {
            actions.wanted(wanted.queue(), wanted.most());
        }
        if (queue.isHungry()) {
            hungry.add(queue);
        }
    }

    /// Tries again where room was lacking: there may be some that another path gave up.
    void feedAll(Instant now) {
        for (PathQueue queue : List.copyOf(hungry)) {
            hungry.remove(queue);
            carryOut(queue.evictRestricted(), now);
            feed(queue, Integer.MAX_VALUE);
        }
    }

    void signal(PathQueue queue, int entries) {
        if (!SiteTable.isResolved(queue.path())) {
            return;
        }
        for (int i = Math.min(entries, SIGNALS_MOST); i > 0; i--) {
            actions.workReady(queue.path());
        }
    }

    /// Where entries of `domain` can be taken, but DNS should be asked about it, again.
    void resolveIfStale(Destination destination, MailStream stream, Instant now) {
        if (sites.of(destination).isStale(now.toEpochMilli())) {
            boolean isUrgent = stream.priority() == PriorityClass.TRANSACTIONAL;
            resolutions.want(destination, isUrgent).ifPresent(actions::resolve);
        }
    }

    /// DNS has answered.
    ///
    /// @return which destination to ask about next
    Optional<Destination> answered(Destination destination) {
        return resolutions.answered(destination);
    }

    /// Notes when `queue` has something due.
    void arm(PathQueue queue) {
        long wakeMillis = queue.arm();
        if (wakeMillis != DueHeap.NEVER) {
            wakes.add(wakeMillis, queue);
        }
    }

    /// Moves what has become due, `slice` entries under one hold of a lock.
    void moveDue(Instant now, int slice) {
        long nowMillis = now.toEpochMilli();
        Optional<WakeTimes.Wake> wake = wakes.poll(nowMillis);
        while (wake.isPresent()) {
            PathQueue queue = wake.get().queue();
            carryOut(queue.moveDue(wake.get().atMillis(), nowMillis, slice), now);
            wake = wakes.poll(nowMillis);
        }
    }

    /// When something is due, or earlier; or [DueHeap#NEVER].
    long nextMillis() {
        return wakes.nextMillis();
    }
}
