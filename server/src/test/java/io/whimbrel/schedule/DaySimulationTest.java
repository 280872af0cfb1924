package io.whimbrel.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Rate;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.FlowSource;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.Restraint;
import io.whimbrel.spool.SpooledMessage;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.LongStream;

/// A day of traffic under limits of every kind, in simulated time, over the classes that the node
/// runs, against [LimitOracle]: from the same seed where nobody says another by
/// `-Dwhimbrel.seed=N`, as `.ci/run cuts` does.
@Timeout(120)
class DaySimulationTest {
    private static final int SMALL_TENANTS = 20;
    private static final int GOOGLE_DOMAINS = 30;
    private static final int OUTLOOK_SITES = 12;
    private static final int PLAIN_SITES = 6;

    /// By how many of the same provider the rare mail of a tenant may be overtaken.
    private static final int OVERTAKEN_MOST = 600;

    private static final Duration DAY = Duration.ofHours(24);
    private static final Duration STEP = Duration.ofMinutes(1);
    private static final long HOUR = 3_600_000_000L;
    private static final int HOURS_OF_DAY_LIMIT = 18;
    private static final LimitScope GOOGLE = of(Dimension.PROVIDER, "google");
    private static final LimitScope OUTLOOK = of(Dimension.PROVIDER, "outlook");
    private static final LimitScope SHOP = of(Dimension.TENANT, "shop");
    private static final LimitScope SALE = SHOP.and(Dimension.CAMPAIGN, "sale");

    private static final Map<String, List<FlowSource>> POOLS =
            Map.of(
                    "default",
                    List.of(new FlowSource("t1", "warm"), new FlowSource("t2", "warm")),
                    "shop",
                    List.of(new FlowSource("s1", "hot"), new FlowSource("s2", "cold")),
                    "bulk",
                    List.of(new FlowSource("b1", "cold")));

    static LongStream seeds() {
        return LongStream.of(Long.getLong("whimbrel.seed", 1));
    }

    /// What the limits of one run allow.
    private static final class Numbers {
        final long googleHour;
        final long shopMinute;
        final long saleHour;
        final long slowHour;
        final long outlookMinute;
        final long flashSecond;

        Numbers(Random random) {
            googleHour = 200L + random.nextInt(400);
            shopMinute = 10L + random.nextInt(15);
            saleHour = 100L + random.nextInt(200);
            slowHour = 150L + random.nextInt(300);
            outlookMinute = 8L + random.nextInt(10);
            flashSecond = 100L + random.nextInt(200);
        }

        List<LimitSettings> limits() {
            String googleDay = googleHour * HOURS_OF_DAY_LIMIT + "/d";
            return List.of(
                    new Draft(GOOGLE, Dimension.SOURCE)
                            .rates("2/s", googleHour + "/h", googleDay)
                            .connections(10)
                            .newConnections("2/s")
                            .messagesPerConnection(50)
                            .recipients(3)
                            .make(),
                    new Draft(SHOP).rates(shopMinute + "/min").make(),
                    new Draft(SALE).rates(saleHour + "/h").make(),
                    new Draft(of(Dimension.DOMAIN, "slow.example"))
                            .rates(slowHour + "/h")
                            .connections(3)
                            .make(),
                    new Draft(OUTLOOK).rates(outlookMinute + "/min").connections(8).make(),
                    new Draft(OUTLOOK, Dimension.SOURCE, Dimension.SITE).connections(2).make(),
                    new Draft(of(Dimension.DOMAIN, "flash.example"))
                            .rates(flashSecond + "/s")
                            .make(),
                    new Draft(of(Dimension.SITE, "tight")).connections(1).make(),
                    new Draft(of(Dimension.POOL, "bulk")).connections(15).rates("300/s").make(),
                    new Draft(LimitScope.ALL, Dimension.TENANT, Dimension.DOMAIN)
                            .rates("50000/h")
                            .connections(100)
                            .make(),
                    new Draft(of(Dimension.SOURCE, "t1").and(Dimension.TENANT, "small3"))
                            .rates("5/min")
                            .make(),
                    new Draft(of(Dimension.PROFILE, "cold").and(Dimension.SITE, "tight"))
                            .rates("1/s", "20/min")
                            .make());
        }
    }

    private static LimitScope of(Dimension dimension, String value) {
        return new LimitScope(Map.of(dimension, value));
    }

    /// A `[[limit]]` in the making.
    private static final class Draft {
        private final LimitScope scope;
        private final Set<Dimension> per;
        private List<Rate> rates = List.of();
        private OptionalInt connections = OptionalInt.empty();
        private Optional<Rate> newConnections = Optional.empty();
        private OptionalInt messages = OptionalInt.empty();
        private OptionalInt recipients = OptionalInt.empty();

        Draft(LimitScope scope, Dimension... per) {
            this.scope = scope;
            this.per = Set.of(per);
        }

        Draft rates(String... texts) {
            rates = Arrays.stream(texts).map(text -> Rate.parse(text).orElseThrow()).toList();
            return this;
        }

        Draft connections(int most) {
            connections = OptionalInt.of(most);
            return this;
        }

        Draft newConnections(String text) {
            newConnections = Rate.parse(text);
            return this;
        }

        Draft messagesPerConnection(int most) {
            messages = OptionalInt.of(most);
            return this;
        }

        Draft recipients(int most) {
            recipients = OptionalInt.of(most);
            return this;
        }

        LimitSettings make() {
            return new LimitSettings(
                    "day.toml:1",
                    scope,
                    per,
                    rates,
                    connections,
                    newConnections,
                    messages,
                    recipients);
        }
    }

    private static SimulatedPeers.Peer peer(DomainName domain) {
        String name = domain.value();
        String first = name.substring(0, name.indexOf('.'));
        if (first.startsWith("google")) {
            return new SimulatedPeers.Peer(new Site("mx.google", "google"), 20, 300);
        }
        if (first.startsWith("outlook")) {
            return new SimulatedPeers.Peer(new Site(first, "outlook"), 5, 1500);
        }
        return switch (first) {
            case "flash" -> new SimulatedPeers.Peer(new Site(first), 60, 20);
            case "tight" -> new SimulatedPeers.Peer(new Site(first), 10, 2000);
            case "slow" -> new SimulatedPeers.Peer(new Site(first, "slow"), 5, 4000);
            default -> new SimulatedPeers.Peer(new Site(first), 2, 500);
        };
    }

    /// One run.
    private static final class Day {
        final Random random;
        final Numbers numbers;
        final LimitOracle oracle;
        final Limiter limiter;
        final SimulatedPeers peers;
        final ScheduleFixture messages = new ScheduleFixture();
        final Instant start = ScheduleFixture.START;
        final String what;

        Day(long seed) {
            random = new Random(seed);
            numbers = new Numbers(random);
            what = "seed " + seed;
            List<LimitSettings> limits = numbers.limits();
            oracle = new LimitOracle(limits, what);
            limiter = new Limiter(limits);
            peers =
                    new SimulatedPeers(
                            random, limiter, oracle, POOLS, DaySimulationTest::peer, start);
        }

        void admit(MailStream stream, String domain, int recipients) {
            var addresses = new ArrayList<String>();
            for (int i = 0; i < recipients; i++) {
                addresses.add("r" + i + "@" + domain);
            }
            SpooledMessage message =
                    messages.message(stream, peers.instant(), addresses.toArray(String[]::new));
            Site site = peer(new DomainName(domain)).site();
            String group = site.provider().isEmpty() ? site.name() : site.provider();
            oracle.admitted(message.id(), stream, group, peers.now());
            peers.schedule.admit(message, peers.instant());
        }

        /// There is always work for what the limits of the floods allow.
        void topUp(String tenant, String campaign, String pool, String domains, long perHour) {
            MailStream stream =
                    new MailStream(tenant, campaign, PriorityClass.BULK).leavingBy(pool);
            while (oracle.waiting(tenant, campaign) < perHour / 4 + 100) {
                String domain = domains.replace("#", "" + random.nextInt(PLAIN_SITES));
                admit(stream, domain, 1);
            }
        }

        void floods() {
            topUp("news", "c", "default", "google#.example", 2 * numbers.googleHour);
            topUp("letters", "", "bulk", "slow.example", numbers.slowHour);
            topUp("outer", "", "default", "outlook#.example", 60 * numbers.outlookMinute);
        }

        void shopFloods() {
            topUp("shop", "sale", "shop", "plain#.example", numbers.saleHour);
            topUp("shop", "daily", "shop", "plain#.example", 60 * numbers.shopMinute);
        }

        void small() {
            for (int tenant = 0; tenant < SMALL_TENANTS; tenant++) {
                if (random.nextInt(3) == 0) {
                    boolean isUrgent = tenant % 5 == 0;
                    var stream =
                            new MailStream(
                                    "small" + tenant,
                                    "c" + random.nextInt(2),
                                    isUrgent ? PriorityClass.TRANSACTIONAL : PriorityClass.NORMAL);
                    admit(stream, anyDomain(), random.nextInt(10) == 0 ? 2 : 1);
                }
            }
        }

        private String anyDomain() {
            return switch (random.nextInt(6)) {
                case 0 -> "google" + random.nextInt(GOOGLE_DOMAINS) + ".example";
                case 1 -> "outlook" + random.nextInt(OUTLOOK_SITES) + ".example";
                case 2 -> "slow.example";
                case 3 -> "tight.example";
                case 4 -> "flash.example";
                default -> "plain" + random.nextInt(PLAIN_SITES) + ".example";
            };
        }

        void run() {
            Instant end = start.plus(DAY);
            for (Instant now = start; now.isBefore(end); now = now.plus(STEP)) {
                peers.passUntil(now);
                floods();
                shopFloods();
                small();
                long minute = Duration.between(start, now).toMinutes();
                if (minute == 12 * 60) {
                    flash();
                }
                if (minute == 600) {
                    limiter.restrain(suspension(now));
                }
                if (minute % 97 == 0) {
                    limiter.reload(numbers.limits());
                }
            }
            peers.passUntil(end);
        }

        private void flash() {
            var stream = new MailStream("flash", "f", PriorityClass.NORMAL, "bulk");
            for (long i = numbers.flashSecond * 40L; i > 0; i--) {
                admit(stream, "flash.example", 1);
            }
        }

        private static Restraint suspension(Instant now) {
            return new Restraint(
                    "s1",
                    of(Dimension.TENANT, "small1"),
                    new Restraint.Force.Suspend(),
                    now,
                    now.plusSeconds(3600),
                    "asked",
                    "day");
        }

        void drain() {
            Instant end = peers.instant().plus(Duration.ofHours(12));
            for (int i = 0; i < 720 && oracle.outstanding() > 0; i++) {
                peers.passUntil(peers.instant().plus(STEP));
            }
            assertThat(oracle.outstanding()).as("never tried, %s", what).isZero();
            assertThat(peers.instant()).isBeforeOrEqualTo(end);
        }

        void used(String name, Predicate<Flow> meant, double allowed, double from, double to) {
            long begin = Micros.of(start);
            long count =
                    oracle.count(meant, begin + (long) (from * HOUR), begin + (long) (to * HOUR));
            System.out.printf("  %s: %.1f %% used%n", name, 100 * count / allowed);
            assertThat(count)
                    .as("%s, %s", name, what)
                    .isGreaterThanOrEqualTo((long) (0.95 * allowed));
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aDay_noLimitExceededAllOfThemUsedNobodyStarved(long seed) {
        System.out.println("DaySimulationTest: seed " + seed);
        var day = new Day(seed);

        day.run();

        Numbers numbers = day.numbers;
        for (String source : List.of("t1", "t2")) {
            Predicate<Flow> meant = flow -> GOOGLE.covers(flow) && flow.source().equals(source);
            day.used("google by hour, " + source, meant, 1.0 * numbers.googleHour * 12, 0, 12);
            day.used(
                    "google by day, " + source,
                    meant,
                    1.0 * numbers.googleHour * HOURS_OF_DAY_LIMIT,
                    0,
                    24);
        }
        day.used("shop", SHOP::covers, 1.0 * numbers.shopMinute * 60 * 24, 0, 24);
        day.used("sale", SALE::covers, 1.0 * numbers.saleHour * 24, 0, 24);
        day.used("outlook", OUTLOOK::covers, 1.0 * numbers.outlookMinute * 60 * 24, 0, 24);
        day.used(
                "slow.example",
                flow -> flow.domain().equals("slow.example"),
                1.0 * numbers.slowHour * 24,
                0,
                24);
        double second = 1 / 3600.0;
        day.used(
                "flash.example",
                flow -> flow.domain().equals("flash.example"),
                1.0 * numbers.flashSecond * 25,
                12 + 3 * second,
                12 + 28 * second);
        long suspended = Micros.of(day.start) + 10 * HOUR;
        assertThat(
                        day.oracle.count(
                                flow -> flow.tenant().equals("small1"),
                                suspended + 1,
                                suspended + HOUR))
                .as("suspended, %s", day.what)
                .isZero();
        day.drain();
        day.oracle.assertRatesKept();
        System.out.println("  " + day.oracle.count() + " sent");
        day.oracle
                .waits()
                .forEach((tenant, wait) -> {
                    // The mail of one was suspended for an hour.
                    if (tenant.startsWith("small") && !tenant.equals("small1")) {
                        assertThat(wait.overtaken())
                                .as("%s, %s", tenant, day.what)
                                .isLessThanOrEqualTo(OVERTAKEN_MOST);
                    }
                });
    }
}
