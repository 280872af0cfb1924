package io.whimbrel.admin;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.Treatment;
import io.whimbrel.outcome.JobRefused;
import io.whimbrel.outcome.JobView;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.QueueSummary;
import io.whimbrel.schedule.QueuedView;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpoolRecord.Stage;
import io.whimbrel.spool.SpooledFixture;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// A queue that only moves when an operator says so. Thread-safe.
public final class FakeQueueDesk implements QueueDesk {
    public static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

    public final List<QueuedView> views = new CopyOnWriteArrayList<>();
    public final List<OperatorAction> actions = new CopyOnWriteArrayList<>();
    public final List<JobView> jobs = new CopyOnWriteArrayList<>();
    public volatile Optional<String> diskTrouble = Optional.empty();

    /// Of what is added from here on.
    public volatile Treatment treatment = Treatment.NONE;

    /// Why no job is begun.
    public volatile Optional<String> refusal = Optional.empty();

    /// Adds an entry of message `id` with recipients `a@domain`, `b@domain` ..., of which `numbers`
    /// are still queued, due in 192 seconds.
    public void add(long id, String domain, String tenant, int recipients, int... numbers) {
        var all = new ArrayList<Recipient>();
        DomainName name = DomainName.parse(domain).orElseThrow();
        for (int i = 0; i < recipients; i++) {
            String address = (char) ('a' + i) + "@" + domain;
            all.add(Recipient.of(new ForwardPath(address, name)));
        }
        var envelope =
                new Envelope(
                        new ReversePath("sender@shop.example"),
                        all,
                        new MailParameters(
                                BodyType.EIGHT_BIT_MIME, false, DsnReturn.UNSPECIFIED, "env1"),
                        new MailStream(tenant, "autumn", PriorityClass.BULK),
                        NOW.minus(Duration.ofHours(2)),
                        DsnPolicy.FULL,
                        treatment);
        var entry =
                new QueueEntry(
                        SpooledFixture.message(id, envelope, 5_222),
                        name,
                        RecipientNumbers.of(numbers),
                        3,
                        NOW.plusSeconds(192),
                        false);
        views.add(
                new QueuedView(
                        entry,
                        QueuedView.State.SCHEDULED,
                        "mx." + domain,
                        "waits for its due time"));
    }

    @Override
    public QueueSummary summary() {
        var states = new EnumMap<QueuedView.State, Long>(QueuedView.State.class);
        var tenants = new TreeMap<String, Long>();
        var campaigns = new ArrayList<QueueSummary.CampaignCount>();
        var domains = new ArrayList<QueueSummary.DomainCount>();
        for (QueuedView view : views) {
            long count = view.entry().recipients().size();
            states.merge(view.state(), count, Long::sum);
            MailStream stream = view.entry().message().envelope().stream();
            tenants.merge(stream.tenant(), count, Long::sum);
            campaigns.add(
                    new QueueSummary.CampaignCount(stream.tenant(), stream.campaign(), count));
            domains.add(
                    new QueueSummary.DomainCount(
                            view.entry().domain().value(), view.site(), count, 0));
        }
        Optional<Instant> oldest =
                views.stream()
                        .map(view -> view.entry().message().envelope().receivedAt())
                        .min(Instant::compareTo);
        return new QueueSummary(
                states, domains, tenants, campaigns, restrictions(), oldest, List.of());
    }

    @Override
    public List<QueuedView> list(QueueScope scope, int most) {
        return views.stream().filter(view -> matches(scope, view)).limit(most).toList();
    }

    @Override
    public ScopeCount count(QueueScope scope) {
        long recipients = 0;
        long inFlight = 0;
        for (QueuedView view : list(scope, Integer.MAX_VALUE)) {
            int its = view.entry().recipients().size();
            recipients += its;
            inFlight += view.state() == QueuedView.State.IN_FLIGHT ? its : 0;
        }
        return new ScopeCount(recipients, 0, inFlight);
    }

    @Override
    public List<QueuedView> find(QueueId id) {
        return views.stream().filter(view -> view.entry().message().id().equals(id)).toList();
    }

    @Override
    public long act(OperatorAction action) throws IOException {
        if (diskTrouble.isPresent()) {
            throw new IOException(diskTrouble.get());
        }
        actions.add(action);
        return switch (action) {
            case OperatorAction.Hold(var scope, _) -> count(scope).recipients();
            case OperatorAction.Release(var scope) -> count(scope).recipients();
            case OperatorAction.Suspend(var scope, _, _) -> count(scope).recipients();
            case OperatorAction.Resume(var scope) -> count(scope).recipients();
            case OperatorAction.RetryNow(var scope) -> count(scope).recipients();
        };
    }

    /// Done at once, but told as running at first.
    @Override
    public Optional<JobView> begin(QueueJob.Work work, QueueScope scope, String reason)
            throws IOException {
        if (refusal.isPresent()) {
            throw new JobRefused(refusal.get());
        }
        long count = count(scope).recipients();
        if (count == 0) {
            return Optional.empty();
        }
        views.removeIf(view -> matches(scope, view));
        var job = new QueueJob(new QueueId(1000 + jobs.size()), work, scope, reason);
        jobs.add(new JobView(job, NOW, Stage.DONE, count, count, NOW.plusSeconds(2), ""));
        return Optional.of(new JobView(job, NOW, Stage.RUNNING, 0, count, NOW, ""));
    }

    @Override
    public List<JobView> jobs() {
        return jobs;
    }

    @Override
    public Optional<JobView> job(QueueId id, boolean isAwaited) {
        return jobs.stream().filter(view -> view.job().id().equals(id)).findFirst();
    }

    @Override
    public boolean cancel(QueueId id) {
        return job(id, false).isPresent();
    }

    @Override
    public Withheld withheld(QueueScope scope) {
        var withheld = new Withheld(scope, restrictions());
        for (QueuedView view : views) {
            QueueEntry entry = view.entry();
            withheld.add(
                    entry.message().id(),
                    entry.message().envelope().stream(),
                    entry.domain(),
                    entry.recipients().size());
        }
        return withheld;
    }

    @Override
    public List<OperatorAction> restrictions() {
        var holds = new LinkedHashMap<QueueScope, OperatorAction>();
        var suspensions = new LinkedHashMap<QueueScope, OperatorAction>();
        for (OperatorAction action : actions) {
            switch (action) {
                case OperatorAction.Hold(var scope, _) -> holds.put(scope, action);
                case OperatorAction.Release(var scope) -> holds.remove(scope);
                case OperatorAction.Suspend(var scope, _, _) -> suspensions.put(scope, action);
                case OperatorAction.Resume(var scope) -> suspensions.remove(scope);
                case OperatorAction.RetryNow _ -> {}
            }
        }
        var inForce = new ArrayList<>(holds.values());
        inForce.addAll(suspensions.values());
        return inForce;
    }

    private static boolean matches(QueueScope scope, QueuedView view) {
        return scope.matches(
                view.entry().message().id(),
                view.entry().message().envelope().stream(),
                view.entry().domain());
    }
}
