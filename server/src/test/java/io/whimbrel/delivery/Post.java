package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.PoolSettings;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Treatment;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.reaction.Reactions;
import io.whimbrel.reaction.Rulebook;
import io.whimbrel.routing.OwnNode;
import io.whimbrel.routing.RouteSettings;
import io.whimbrel.routing.RouteTarget;
import io.whimbrel.routing.RoutingPlan;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.Resting;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.schedule.ScheduleSettings;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.signing.Signing;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.SpooledFixture;
import io.whimbrel.spool.SpooledMessage;
import io.whimbrel.time.SteadyClock;
import io.whimbrel.token.CampaignBook;
import io.whimbrel.token.CampaignRule;
import io.whimbrel.token.TokenKeys;
import io.whimbrel.transport.OutboundTls;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;

/// A schedule and a dispatcher, tied together, with a name server; results end here. Time is real,
/// but for [ShiftedClock#advance].
final class Post implements AutoCloseable {
    static final DeliverySettings SETTINGS = settings(50, 1_000, Duration.ofSeconds(2));

    final ShiftedClock clock = new ShiftedClock();
    final TestNameServer dns = new TestNameServer();
    final Metrics metrics = new Metrics();
    final PathRests rests = new PathRests(clock);
    final Limiter limiter = new Limiter(List.of());
    Rulebook rules = Rulebook.NONE;
    final Reactions reactions =
            new Reactions(
                    () -> rules,
                    new Reactions.Hooks(limiter::restrain, limiter::lift, _ -> {}),
                    metrics);
    final Schedule schedule;
    final Dispatcher dispatcher;
    private final BlockingQueue<Attempt> attempts = new ArrayBlockingQueue<>(10_000);

    /// Runs on from where it was put.
    static final class ShiftedClock implements InstantSource {
        private final SteadyClock real = new SteadyClock();
        private volatile Duration ahead = Duration.ZERO;

        synchronized void advance(Duration duration) {
            ahead = ahead.plus(duration);
        }

        @Override
        public Instant instant() {
            return real.instant().plus(ahead);
        }
    }

    Post(DeliverySettings settings, RouteSettings... routes) {
        this(settings, _ -> TestMail.body(TestMail.TEXT), routes);
    }

    Post(
            DeliverySettings settings,
            Function<SpooledMessage, BodySource> bodies,
            RouteSettings... routes) {
        this(settings, bodies, Signing::idle, routes);
    }

    Post(
            DeliverySettings settings,
            Function<SpooledMessage, BodySource> bodies,
            BiFunction<Metrics, InstantSource, Signing> signing,
            RouteSettings... routes) {
        dispatcher =
                new Dispatcher(
                        plan(settings, routes),
                        new Dispatcher.Means(
                                bodies,
                                Resting.none(),
                                rests,
                                limiter,
                                reactions,
                                signing.apply(metrics, clock)),
                        clock,
                        metrics);
        schedule =
                new Schedule(
                        ScheduleSettings.UNBOUNDED,
                        Destinations.ofPool("default"),
                        limiter,
                        dispatcher);
        dispatcher.start(schedule, this::settle);
    }

    static DeliverySettings settings(int perPath, int perConnection, Duration idleMost) {
        return new DeliverySettings(
                25, List.of(), perPath, 100, perConnection, idleMost, Hosts.LONG);
    }

    static RouteSettings routeTo(ScriptedPeer peer) {
        return route("*", peer);
    }

    static RouteSettings route(String pattern, ScriptedPeer peer) {
        return route(pattern, peer.port());
    }

    static RouteSettings route(String pattern, int port) {
        return new RouteSettings(
                DomainPattern.parse(pattern).orElseThrow(),
                new RouteTarget.Smtp("127.0.0.1", port));
    }

    DeliveryPlan plan(DeliverySettings settings, RouteSettings... routes) {
        var routing =
                new RoutingPlan(
                        List.of(routes),
                        settings.port(),
                        settings.allowPrivate(),
                        new Resolver(dns.settings(), clock),
                        new OwnNode(Set.of("own.test"), List.of()));
        var sources = new Sources(List.of(Hosts.UNNAMED), clock);
        var pool =
                new PoolSettings(
                        "default",
                        List.of(PoolSettings.Member.of(Hosts.UNNAMED.name())),
                        PoolSettings.Sticky.NONE);
        return new DeliveryPlan(
                settings,
                new Pools(List.of(pool), sources, clock, metrics.egress),
                routing,
                OutboundTls.opportunistic(clock, metrics.tlsOut),
                TestMail.NO_CAMPAIGNS);
    }

    /// From here on mail gets what `rule` says.
    void add(CampaignRule rule) {
        DeliveryPlan now = dispatcher.active().plan();
        var book = new CampaignBook(List.of(rule), TokenKeys.of(new byte[32]));
        dispatcher.reload(
                new DeliveryPlan(now.settings(), now.pools(), now.routing(), now.tls(), book));
    }

    void admit(String... addresses) {
        admit(Treatment.NONE, addresses);
    }

    void admit(Treatment treatment, String... addresses) {
        SpooledMessage plain =
                TestMail.message(MailParameters.NONE, TestMail.recipients(addresses));
        SpooledMessage message =
                SpooledFixture.message(
                        plain.id().value(),
                        plain.envelope().withTreatment(treatment),
                        plain.size());
        schedule.admit(message, clock.instant());
    }

    void admit(MailParameters parameters, String... addresses) {
        schedule.admit(
                TestMail.message(parameters, TestMail.recipients(addresses)), clock.instant());
    }

    void admit(int messages) {
        for (int i = 0; i < messages; i++) {
            admit("a" + i + "@x.test");
        }
    }

    /// The next attempt; waits for it.
    Attempt attempt() {
        try {
            Attempt attempt = attempts.poll(20, TimeUnit.SECONDS);
            assertThat(attempt).as("an attempt").isNotNull();
            return attempt;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    List<Attempt> attempts(int count) {
        List<Attempt> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(attempt());
        }
        return list;
    }

    boolean hasNoFurtherAttempt() {
        return attempts.isEmpty();
    }

    AttemptResult result() {
        return attempt().results().getFirst();
    }

    private Optional<AttemptFacts> settle(Attempt attempt) {
        List<QueueEntry> retries = new ArrayList<>();
        if (!(attempt.results().getFirst() instanceof AttemptResult.Accepted)) {
            QueueEntry entry = attempt.entry();
            retries.add(
                    new QueueEntry(
                            entry.message(),
                            entry.domain(),
                            entry.recipients(),
                            entry.attempts() + 1,
                            clock.instant().plus(RetrySchedule.DEFAULT.first()),
                            false));
        }
        schedule.finished(attempt.entry(), retries, clock.instant());
        attempts.add(attempt);
        return Optional.empty();
    }

    @Override
    public void close() {
        try {
            dispatcher.close(Duration.ofMillis(200));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            dns.close();
        }
    }
}
