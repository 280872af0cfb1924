package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/// What stands in the queue, for people: counts and lists of what is in memory, completed by what
/// is told of the rest. Thread-safe; takes the lock of one queue at a time, for a slice of it.
public final class Survey {
    private final ScheduleSettings settings;
    private final PathQueues queues;
    private final SiteTable sites;
    private final Restrictions restrictions;
    private final AgeCounts ages;
    private final InFlight inFlight;

    Survey(
            ScheduleSettings settings,
            PathQueues queues,
            SiteTable sites,
            Restrictions restrictions,
            AgeCounts ages,
            InFlight inFlight) {
        this.settings = settings;
        this.queues = queues;
        this.sites = sites;
        this.restrictions = restrictions;
        this.ages = ages;
        this.inFlight = inFlight;
    }

    /// What stands in the queue, for people. How many recipients there are `queued` says, and of
    /// what rests in which state it is its restriction; of what waits in memory the schedule knows.
    /// In flight are all others: what is being tried, and what is on its way from one of these to
    /// the other. Walks over every scheduled queue, not over entries.
    ///
    /// @throws IOException where `queued` cannot be read
    public QueueSummary summary(Instant now, QueuedCounts queued) throws IOException {
        var census = new Census(restrictions);
        for (PathQueue queue : queues.in(QueueScope.ALL)) {
            queue.look(QueueScope.ALL, scheduled -> census.addWaiting(queue.path(), scheduled));
        }
        inFlight.forEach((entry, queue) -> census.addInFlight(queue.path(), entry));
        queued.queues()
                .each(count -> census.add(sites.of(destination(count.queue())).path(), count));
        return census.summary(restrictions.inForce(now), earlier(ages.oldest(), queued.oldest()));
    }

    /// Holds and suspensions in force.
    public List<OperatorAction> restrictions(Instant now) {
        return restrictions.inForce(now);
    }

    /// Recipients in `scope` that wait in memory. Looks at all of them where the scope names a
    /// message or an age.
    public long waiting(QueueScope scope) {
        var sum = new LongAdder();
        for (PathQueue queue : queues.in(scope)) {
            queue.look(
                    scope,
                    scheduled ->
                            sum.add(
                                    scope.isOfWholeQueues()
                                            ? scheduled.recipients()
                                            : scheduled.recipientsIn(scope)));
        }
        return sum.sum();
    }

    /// Up to `most` entries in `scope` that are in memory, oldest due first. Looks at all of them.
    public List<QueuedView> list(QueueScope scope, int most, Instant now) {
        return list(scope, most, List.of(), now);
    }

    /// The same, and of `rested` what belongs among them.
    public List<QueuedView> list(
            QueueScope scope, int most, List<RecoveredMessage> rested, Instant now) {
        var listing = new Listing(scope, most, restrictions, now);
        for (RecoveredMessage message : rested) {
            for (QueueEntry entry :
                    EntrySplit.entriesOf(
                            message, settings.recipientsPerTransaction(), sites.destinations())) {
                listing.addResting(sites.of(sites.destination(entry)).path(), entry);
            }
        }
        for (PathQueue queue : queues.in(scope)) {
            queue.look(scope, scheduled -> listing.addWaiting(queue.path(), scheduled));
        }
        inFlight.forEach((entry, queue) -> listing.addInFlight(queue.path(), entry));
        return listing.oldestFirst();
    }

    /// Every entry of one message that is in memory. Looks at every entry there.
    List<QueuedView> find(QueueId id, Instant now) {
        return list(QueueScope.of(id), Integer.MAX_VALUE, now);
    }

    /// Where an entry waits, or would; empty where its site is not known.
    public Optional<EgressPath> path(QueueEntry entry) {
        EgressPath path = sites.of(sites.destination(entry)).path();
        return SiteTable.isResolved(path) ? Optional.of(path) : Optional.empty();
    }

    /// Everything that it depends on where an entry goes.
    public Destination destinationOf(QueueEntry entry) {
        return sites.destination(entry);
    }

    private Destination destination(QueueName name) {
        return sites.destinations().of(name.stream(), name.domain());
    }

    private static Optional<Instant> earlier(Optional<Instant> one, Optional<Instant> other) {
        return Stream.concat(one.stream(), other.stream()).min(Instant::compareTo);
    }
}
