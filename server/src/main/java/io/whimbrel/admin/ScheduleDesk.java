package io.whimbrel.admin;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueCount;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.outcome.JobRunner;
import io.whimbrel.outcome.JobView;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.QueueSummary;
import io.whimbrel.schedule.QueuedCounts;
import io.whimbrel.schedule.QueuedView;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/// The node's own queue: looks at the schedule, and changes it by way of the spool, so that every
/// change is durable before it counts. Thread-safe.
public final class ScheduleDesk implements QueueDesk {
    private static final Logger LOG = LoggerFactory.getLogger(ScheduleDesk.class);

    /// How long an answer about a job waits for its end.
    private static final Duration JOB_AWAITED = Duration.ofSeconds(1);

    private final Schedule schedule;
    private final Rested rested;
    private final Act act;
    private final JobRunner jobs;
    private final InstantSource clock;

    /// Mail in the spool, most of which rests on disk.
    public interface Rested {
        /// Shows each queue that has something in `scope`, with its recipients.
        void counts(QueueScope scope, Consumer<QueueCount> viewer) throws IOException;

        /// Acceptance of the oldest message that rests.
        Optional<Instant> oldest() throws IOException;

        /// Some of what rests, about the oldest due first; of a scope that names a message, all of
        /// it.
        List<RecoveredMessage> some(QueueScope scope, int most) throws IOException;
    }

    /// Makes an action durable, then applies it to the schedule; returns the recipients touched.
    @FunctionalInterface
    public interface Act {
        long act(OperatorAction action) throws IOException;
    }

    public ScheduleDesk(
            Schedule schedule, Rested rested, Act act, JobRunner jobs, InstantSource clock) {
        this.schedule = schedule;
        this.rested = rested;
        this.act = act;
        this.jobs = jobs;
        this.clock = clock;
    }

    @Override
    public QueueSummary summary() throws IOException {
        QueuedCounts.Queues queues = viewer -> rested.counts(QueueScope.ALL, viewer);
        return schedule.survey()
                .summary(clock.instant(), new QueuedCounts(queues, rested.oldest()));
    }

    @Override
    public List<OperatorAction> restrictions() {
        return schedule.survey().restrictions(clock.instant());
    }

    @Override
    public ScopeCount count(QueueScope scope) throws IOException {
        long waiting = schedule.survey().waiting(scope);
        var recipients = new LongAdder();
        var resting = new LongAdder();
        rested.counts(
                scope,
                queue -> {
                    recipients.add(queue.recipients());
                    resting.add(queue.resting());
                });
        long inFlight = Math.max(0, recipients.sum() - resting.sum() - waiting);
        return new ScopeCount(recipients.sum(), resting.sum(), inFlight);
    }

    @Override
    public List<QueuedView> list(QueueScope scope, int most) throws IOException {
        List<RecoveredMessage> some = rested.some(scope, most);
        return schedule.survey().list(scope, most, some, clock.instant());
    }

    @Override
    public Withheld withheld(QueueScope scope) throws IOException {
        var withheld = new Withheld(scope, restrictions());
        if (!withheld.isPossible()) {
            return withheld;
        }
        for (QueuedView view : schedule.survey().list(scope, Integer.MAX_VALUE, clock.instant())) {
            if (view.state() != QueuedView.State.IN_FLIGHT) {
                QueueEntry entry = view.entry();
                withheld.add(
                        entry.message().id(),
                        entry.message().envelope().stream(),
                        entry.domain(),
                        entry.recipients().size());
            }
        }
        if (scope.id().isPresent()) {
            forEachResting(scope, withheld::add);
            return withheld;
        }
        rested.counts(scope, withheld::addQueue);
        for (OperatorAction aged : withheld.ofAge()) {
            rested.counts(
                    withheld.common(aged.scope()), queue -> withheld.addQueueOfAge(aged, queue));
        }
        for (QueueId id : withheld.messages()) {
            forEachResting(QueueScope.of(id), withheld::addBeyondQueue);
        }
        return withheld;
    }

    /// What is told of one resting recipient.
    @FunctionalInterface
    private interface RestingCounter {
        void add(QueueId id, MailStream stream, DomainName domain, long count);
    }

    private void forEachResting(QueueScope message, RestingCounter counter) throws IOException {
        for (RecoveredMessage found : rested.some(message, 1)) {
            Envelope envelope = found.message().envelope();
            for (RecoveredMessage.Waiting group : found.waiting()) {
                for (int i = 0; i < group.recipients().size(); i++) {
                    Recipient recipient = envelope.recipients().get(group.recipients().get(i));
                    counter.add(
                            found.message().id(), envelope.stream(), recipient.path().domain(), 1);
                }
            }
        }
    }

    @Override
    public List<QueuedView> find(QueueId id) throws IOException {
        return list(QueueScope.of(id), Integer.MAX_VALUE);
    }

    @Override
    public long act(OperatorAction action) throws IOException {
        // First of all: what it touched is counted afterwards, however long that takes.
        long inMemory = act.act(action);
        try {
            ScopeCount count = count(action.scope());
            return Math.max(inMemory, count.recipients() - count.inFlight());
        } catch (IOException e) {
            LOG.warn("{} is in force; what rests could not be counted: {}", action, e.toString());
            return inMemory;
        }
    }

    @Override
    public Optional<JobView> begin(QueueJob.Work work, QueueScope scope, String reason)
            throws IOException {
        Optional<Long> of = countIfPossible(scope);
        return of.filter(count -> count == 0).isPresent()
                ? Optional.empty()
                : Optional.of(jobs.begin(work, scope, reason, of.orElse(0L)));
    }

    private Optional<Long> countIfPossible(QueueScope scope) {
        try {
            return Optional.of(count(scope).recipients());
        } catch (IOException e) {
            LOG.warn("a job begins over what could not be counted: {}", e.toString());
            return Optional.empty();
        }
    }

    @Override
    public List<JobView> jobs() {
        return jobs.jobs();
    }

    @Override
    public Optional<JobView> job(QueueId id, boolean isAwaited) {
        try {
            return jobs.job(id, isAwaited ? JOB_AWAITED : Duration.ZERO);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    @Override
    public boolean cancel(QueueId id) {
        return jobs.cancel(id);
    }
}
