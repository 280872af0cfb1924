package io.whimbrel.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Treatment;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledMessage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;

/// The real schedule in simulated time, against [QueueOracle]: from the same seed where nobody says
/// another by `-Dwhimbrel.seed=N`, as `.ci/run cuts` does.
class QueueSimulationTest {
    private static final int DOMAINS = 60;
    private static final int TENANTS = 4;
    private static final int CAMPAIGNS = 3;
    private static final int DAYS = Integer.getInteger("whimbrel.days", 2);
    private static final int IDLE_STEPS = 5_000;

    private final ScheduleFixture messages = new ScheduleFixture();

    static LongStream seeds() {
        return LongStream.of(Long.getLong("whimbrel.seed", 1));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void daysOfEverything_nothingLostDoubledEarlyOrStuck(long seed) {
        daysOfEverything(seed, ScheduleSettings.UNBOUNDED);
    }

    /// There is room for few of the thousands that wait, and little is due soon.
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void daysInLittleMemory_nothingLostDoubledEarlyOrStuck(long seed) {
        var random = new Random(seed);
        var horizon = Duration.ofSeconds(30 + random.nextInt(1_000));
        var settings = new ScheduleSettings("default", 100, horizon, 50 + random.nextInt(500));
        SimulatedInternet world = daysOfEverything(seed, settings);
        assertThat(world.index().rested).isGreaterThan(2_000L * DAYS);
        assertThat(world.index().size()).isZero();
    }

    private SimulatedInternet daysOfEverything(long seed, ScheduleSettings settings) {
        System.out.println("QueueSimulationTest: seed " + seed);
        var random = new Random(seed);
        var oracle = new QueueOracle();
        Instant now = ScheduleFixture.START;
        Instant end = now.plus(Duration.ofDays(DAYS));
        var world = new SimulatedInternet(random, oracle, settings, now);
        long admitted = 0;
        for (int step = 0; now.isBefore(end); step++) {
            now = now.plusMillis(1 + random.nextInt(random.nextInt(50) == 0 ? 1_800_000 : 60_000));
            world.passUntil(now);
            admitted += admit(world.schedule(), oracle, random, now);
            operate(world, oracle, random, now);
            if (random.nextInt(800) == 0) {
                world.restart();
                world.passUntil(now);
            }
            assertThat(world.schedule().entriesInMemory())
                    .isLessThanOrEqualTo(settings.entriesInMemoryMax());
            if (step % 200 == 0) {
                world.schedule().tick(now);
                oracle.check(world.schedule(), world.index(), now);
            }
        }
        world.beFair();
        release(world, oracle, now);
        settleAll(world, oracle, now, seed);
        assertThat(oracle.settled()).isEqualTo(admitted);
        assertThat(admitted).isGreaterThan(2_000L * DAYS);
        assertThat(world.attempts).isGreaterThan(4_000L * DAYS);
        assertThat(world.expired).isPositive();
        return world;
    }

    /// A backlog that eight connections need days for is slow; it is not stuck.
    @Test
    void longBacklogOfSlowSite_settles() {
        var oracle = new QueueOracle();
        var settings = new ScheduleSettings("default", 1, Duration.ofHours(1), Integer.MAX_VALUE);
        Instant now = ScheduleFixture.START;
        var world = new SimulatedInternet(new Random(1), oracle, settings, now);
        world.beFair();
        var addresses = new String[100];
        Arrays.fill(addresses, "u@d24.example");
        for (int i = 0; i < 60; i++) {
            SpooledMessage message =
                    messages.message(stream(0, 0, PriorityClass.BULK), now, addresses);
            oracle.admitted(message, now);
            world.schedule().admit(message, now);
        }
        Instant end = settleAll(world, oracle, now, 1);
        assertThat(Duration.between(now, end)).isGreaterThan(Duration.ofDays(1));
    }

    /// In fair weather everything settles. However long a slow site takes for its backlog, from
    /// step to step there is progress: mail is stuck where nothing has settled for longer than any
    /// retry or release is away.
    ///
    /// @return when all was settled
    private static Instant settleAll(
            SimulatedInternet world, QueueOracle oracle, Instant start, long seed) {
        Instant now = start;
        int idle = 0;
        while (idle < IDLE_STEPS && oracle.unsettled() > 0) {
            long before = oracle.settled();
            now = now.plusSeconds(20);
            world.passUntil(now);
            idle = oracle.settled() == before ? idle + 1 : 0;
        }
        oracle.check(world.schedule(), world.index(), now);
        assertThat(oracle.unsettled())
                .as(() -> "stuck, seed " + seed + "\n" + world.standing())
                .isZero();
        return now;
    }

    /// A site that takes fewer than come. Whatever the backlog of one tenant, another's rare mail
    /// and everybody's transactional mail go through at once, and the backlog keeps moving.
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void overloadedSite_starvesNobody(long seed) {
        var random = new Random(seed);
        ScheduleFixture world = messages;
        world.siteIs("a.example", "mx");
        var settled = new HashMap<PriorityClass, Integer>();
        for (int second = 0; second < 20_000; second++) {
            for (int i = random.nextInt(30); i > 0; i--) {
                world.admit(
                        stream(0, random.nextInt(CAMPAIGNS), PriorityClass.BULK), "x@a.example");
            }
            if (random.nextInt(4) == 0) {
                int tenant = 1 + random.nextInt(TENANTS);
                world.admit(stream(tenant, 0, PriorityClass.BULK), "x@a.example");
            }
            if (random.nextInt(2) == 0) {
                world.admit(stream(0, 0, PriorityClass.TRANSACTIONAL), "x@a.example");
            }
            for (int connection = 0; connection < 10; connection++) {
                world.schedule
                        .take(ScheduleFixture.path("mx"), world.now)
                        .ifPresent(entry -> settleInTime(entry, settled, seed));
            }
            world.pass(Duration.ofSeconds(1));
        }
        assertThat(settled.get(PriorityClass.BULK)).isGreaterThan(150_000);
        assertThat(world.summary().recipients()).isGreaterThan(50_000);
    }

    private void settleInTime(QueueEntry entry, Map<PriorityClass, Integer> settled, long seed) {
        MailStream stream = entry.message().envelope().stream();
        settled.merge(stream.priority(), 1, Integer::sum);
        boolean isBacklog =
                stream.priority() == PriorityClass.BULK && stream.tenant().equals("tenant0");
        if (!isBacklog) {
            assertThat(Duration.between(entry.dueAt(), messages.now))
                    .as("wait of %s, seed %d", stream, seed)
                    .isLessThanOrEqualTo(Duration.ofSeconds(2));
        }
        messages.settle(entry);
    }

    private int admit(Schedule schedule, QueueOracle oracle, Random random, Instant now) {
        int admitted = 0;
        for (int i = random.nextInt(4); i > 0; i--) {
            var addresses = new String[random.nextInt(20) == 0 ? 1 + random.nextInt(150) : 1];
            int spread = 1 + random.nextInt(3);
            int first = random.nextInt(DOMAINS);
            for (int r = 0; r < addresses.length; r++) {
                int domain = (first + random.nextInt(spread)) % DOMAINS;
                addresses[r] = "u" + r + "@d" + domain + ".example";
            }
            SpooledMessage message = messages.message(anyStream(random), now, addresses);
            if (random.nextInt(20) == 0) {
                Instant release = now.plusSeconds(random.nextInt(50_000));
                message = messages.treated(message, Treatment.NONE.withNotBefore(release));
            }
            oracle.admitted(message, now);
            schedule.admit(message, now);
            admitted += addresses.length;
        }
        return admitted;
    }

    private void operate(SimulatedInternet world, QueueOracle oracle, Random random, Instant now) {
        switch (random.nextInt(100)) {
            case 0 ->
                    apply(
                            new OperatorAction.Hold(anyScope(oracle, random), "h"),
                            world,
                            oracle,
                            now);
            case 1, 2 ->
                    any(oracle.heldScopes(), random)
                            .ifPresent(
                                    s -> apply(new OperatorAction.Release(s), world, oracle, now));
            case 3, 4 ->
                    apply(
                            new OperatorAction.Suspend(
                                    anyScope(oracle, random),
                                    Duration.ofMillis(1 + random.nextInt(20_000_000)),
                                    "s"),
                            world,
                            oracle,
                            now);
            case 5 ->
                    any(oracle.suspendedScopes(), random)
                            .ifPresent(
                                    s -> apply(new OperatorAction.Resume(s), world, oracle, now));
            case 6 ->
                    apply(
                            new OperatorAction.RetryNow(anyScope(oracle, random)),
                            world,
                            oracle,
                            now);
            default -> {}
        }
    }

    private static void apply(
            OperatorAction action, SimulatedInternet world, QueueOracle oracle, Instant now) {
        long expected = oracle.applied(action, now);
        long touched = world.schedule().apply(action, now) + applyToResting(action, world, now);
        assertThat(touched).as("%s", action).isEqualTo(expected);
    }

    /// How many resting recipients `action` concerns, having made them due where it says so.
    private static long applyToResting(
            OperatorAction action, SimulatedInternet world, Instant now) {
        ModelIndex index = world.index();
        return switch (action) {
            case OperatorAction.Hold(QueueScope scope, _) -> index.recipientsIn(scope);
            case OperatorAction.Release(QueueScope scope) -> index.recipientsIn(scope);
            case OperatorAction.Suspend(QueueScope scope, _, _) -> index.recipientsIn(scope);
            case OperatorAction.Resume(QueueScope scope) -> index.recipientsIn(scope);
            case OperatorAction.RetryNow(QueueScope scope) -> index.retryNow(scope, now);
        };
    }

    private static void release(SimulatedInternet world, QueueOracle oracle, Instant now) {
        for (QueueScope scope : oracle.heldScopes()) {
            apply(new OperatorAction.Release(scope), world, oracle, now);
        }
        for (QueueScope scope : oracle.suspendedScopes()) {
            apply(new OperatorAction.Resume(scope), world, oracle, now);
        }
    }

    /// Any combination of conditions, all of them included.
    private static QueueScope anyScope(QueueOracle oracle, Random random) {
        Optional<QueueId> id =
                switch (random.nextInt(6)) {
                    case 0 -> oracle.idAtOrAfter(random.nextInt(30_000));
                    case 1, 2 -> oracle.idInFlight();
                    default -> Optional.empty();
                };
        var domain = new DomainName("d" + random.nextInt(DOMAINS) + ".example");
        MailStream stream = anyStream(random);
        boolean isWide = id.isPresent() || random.nextInt(20) == 0;
        int names = isWide && random.nextBoolean() ? 0 : 1 + random.nextInt(7);
        return new QueueScope(
                id,
                (names & 1) == 0 ? Optional.empty() : Optional.of(domain),
                (names & 2) == 0 ? Optional.empty() : Optional.of(stream.tenant()),
                (names & 4) == 0 ? Optional.empty() : Optional.of(stream.campaign()));
    }

    private static Optional<QueueScope> any(List<QueueScope> scopes, Random random) {
        var sorted = new ArrayList<>(scopes);
        sorted.sort((one, other) -> one.toString().compareTo(other.toString()));
        return sorted.isEmpty()
                ? Optional.empty()
                : Optional.of(sorted.get(random.nextInt(sorted.size())));
    }

    private static MailStream anyStream(Random random) {
        PriorityClass[] classes = PriorityClass.values();
        return stream(
                random.nextInt(TENANTS),
                random.nextInt(CAMPAIGNS),
                classes[random.nextInt(classes.length)]);
    }

    private static MailStream stream(int tenant, int campaign, PriorityClass priority) {
        return new MailStream("tenant" + tenant, "campaign" + campaign, priority);
    }
}
