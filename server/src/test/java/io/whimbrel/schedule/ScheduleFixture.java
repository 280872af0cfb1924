package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueCount;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.Treatment;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.spool.SpooledFixture;
import io.whimbrel.spool.SpooledMessage;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/// A schedule in a world where time stands still until told otherwise, and what it asked for.
final class ScheduleFixture implements ScheduleActions {
    static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
    static final Duration TIME_TO_LIVE = Duration.ofHours(1);

    final List<DomainName> asked = new ArrayList<>();
    final List<EgressPath> signals = new ArrayList<>();
    final List<QueueScope> woken = new ArrayList<>();
    final ModelIndex index = new ModelIndex();
    final Schedule schedule;
    Instant now = START;
    private final AtomicLong lastId = new AtomicLong();

    ScheduleFixture() {
        this(ScheduleSettings.UNBOUNDED);
    }

    ScheduleFixture(ScheduleSettings settings) {
        schedule = new Schedule(settings, this);
    }

    ScheduleFixture(Destinations destinations, Limiter limiter) {
        schedule = new Schedule(ScheduleSettings.UNBOUNDED, destinations, limiter, this);
    }

    ScheduleFixture(ScheduleSettings settings, Destinations destinations) {
        schedule = new Schedule(settings, destinations, new Limiter(List.of()), this);
    }

    ScheduleFixture(Limiter limiter) {
        ScheduleSettings settings = ScheduleSettings.UNBOUNDED;
        schedule = new Schedule(settings, Destinations.ofPool(settings.pool()), limiter, this);
    }

    @Override
    public void resolve(Destination destination) {
        DomainName domain = destination.domain();
        asked.add(domain);
    }

    @Override
    public void workReady(EgressPath path) {
        signals.add(path);
    }

    @Override
    public void rest(QueueEntry entry) {
        index.rest(entry);
    }

    @Override
    public void wanted(QueueName queue, int most) {
        index.wanted(queue, most);
    }

    @Override
    public void wake(QueueScope scope) {
        woken.add(scope);
        index.wake(scope);
    }

    static MailStream stream(String tenant, String campaign, PriorityClass priority) {
        return new MailStream(tenant, campaign, priority);
    }

    static EgressPath path(String site) {
        return new EgressPath("default", new Site(site));
    }

    static DomainName domain(String name) {
        return new DomainName(name);
    }

    static QueueScope ofDomain(String name) {
        return new QueueScope(
                Optional.empty(), Optional.of(domain(name)), Optional.empty(), Optional.empty());
    }

    static QueueScope ofTenant(String name) {
        return new QueueScope(
                Optional.empty(), Optional.empty(), Optional.of(name), Optional.empty());
    }

    static QueueScope ofId(QueueId id) {
        return new QueueScope(
                Optional.of(id), Optional.empty(), Optional.empty(), Optional.empty());
    }

    SpooledMessage message(MailStream stream, String... addresses) {
        return message(stream, now, addresses);
    }

    SpooledMessage message(MailStream stream, Instant receivedAt, String... addresses) {
        var recipients = new ArrayList<Recipient>();
        for (String address : addresses) {
            var domain = new DomainName(address.substring(address.lastIndexOf('@') + 1));
            recipients.add(Recipient.of(new ForwardPath(address, domain)));
        }
        var envelope =
                new Envelope(
                        new ReversePath("sender@example.org"),
                        recipients,
                        MailParameters.NONE,
                        stream,
                        receivedAt,
                        DsnPolicy.NEVER);
        return SpooledFixture.message(lastId.incrementAndGet(), envelope, 5_000);
    }

    /// The same message, treated otherwise.
    SpooledMessage treated(SpooledMessage message, Treatment treatment) {
        return SpooledFixture.message(
                message.id().value(), message.envelope().withTreatment(treatment), message.size());
    }

    SpooledMessage admit(MailStream stream, String... addresses) {
        SpooledMessage message = message(stream, addresses);
        schedule.admit(message, now);
        return message;
    }

    void siteIs(String domain, String site) {
        schedule.siteResolved(domain(domain), new Site(site), TIME_TO_LIVE, now);
    }

    QueueEntry take(String site) {
        return schedule.take(path(site), now).orElseThrow();
    }

    boolean hasNothingFor(String site) {
        return schedule.take(path(site), now).isEmpty();
    }

    /// Tried without success; due again after `delay`.
    void defer(QueueEntry entry, Duration delay) {
        schedule.finished(entry, List.of(deferred(entry, now.plus(delay))), now);
    }

    void settle(QueueEntry entry) {
        schedule.finished(entry, List.of(), now);
    }

    void pass(Duration time) {
        now = now.plus(time);
        schedule.tick(now);
        index.pass(schedule, now);
    }

    long count(QueuedView.State state) {
        return summary().byState().getOrDefault(state, 0L);
    }

    /// Of what is in memory.
    QueueSummary summary() {
        return inMemory(schedule, now);
    }

    /// As if nothing rested, and what is in the queue were what the schedule lists.
    static QueueSummary inMemory(Schedule schedule, Instant now) {
        List<QueuedView> views = schedule.survey().list(QueueScope.ALL, Integer.MAX_VALUE, now);
        return summary(
                schedule,
                now,
                viewer ->
                        views.stream()
                                .map(QueuedView::entry)
                                .map(entry ->
                                        new QueueCount(
                                                new QueueName(
                                                        entry.message().envelope().stream(),
                                                        entry.domain()),
                                                entry.recipients().size(),
                                                0))
                                .forEach(viewer));
    }

    static QueueSummary summary(Schedule schedule, Instant now, QueuedCounts.Queues queues) {
        try {
            return schedule.survey().summary(now, new QueuedCounts(queues, Optional.empty()));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static QueueEntry deferred(QueueEntry entry, Instant dueAt) {
        return new QueueEntry(
                entry.message(),
                entry.domain(),
                entry.recipients(),
                entry.attempts() + 1,
                dueAt,
                entry.isDelayNotified());
    }
}
