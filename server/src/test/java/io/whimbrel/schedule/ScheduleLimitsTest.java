package io.whimbrel.schedule;

import static io.whimbrel.schedule.ScheduleFixture.domain;
import static io.whimbrel.schedule.ScheduleFixture.path;
import static io.whimbrel.schedule.ScheduleFixture.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Rate;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Breadth;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.FlowSource;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.Limiter;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// What limits hold back waits, and nothing else does.
class ScheduleLimitsTest {
    private static final MailStream SHOP = stream("shop", "news", PriorityClass.NORMAL);
    private static final MailStream BANK = stream("bank", "", PriorityClass.NORMAL);
    private static final EgressPath PATH = path("mx");

    @Test
    void take_tenantOverItsLimit_givesMailOfAnother() {
        ScheduleFixture world = world(rate("2/min", Set.of(Dimension.TENANT)));
        for (int i = 0; i < 4; i++) {
            world.admit(SHOP, "s" + i + "@a.example");
        }
        world.pass(Duration.ofMillis(10));
        for (int i = 0; i < 2; i++) {
            world.admit(BANK, "b" + i + "@a.example");
        }

        var tenants = List.of(tenant(world), tenant(world), tenant(world), tenant(world));

        assertThat(tenants).containsExactlyInAnyOrder("shop", "shop", "bank", "bank");
        Blocked by = heldBack(world);
        assertThat(by.breadth()).isEqualTo(Breadth.TENANT);
        assertThat(by.why()).contains("2/min").contains("w.toml:7");
        assertThat(world.schedule.readyEntries(PATH, world.now)).isZero();
    }

    /// It would open connections of no use, in the slots of others.
    @Test
    void allIsHeldBackForItsTenant_noConnectionIsWorthHaving_untilAnotherTenantsMailComes() {
        ScheduleFixture world = world(rate("1/min", Set.of(Dimension.TENANT)));
        world.admit(SHOP, "x@a.example");
        world.admit(SHOP, "y@a.example");
        given(world);
        heldBack(world);

        world.admit(SHOP, "z@a.example");
        world.admit(SHOP, "z@b.example");
        assertThat(world.schedule.readyEntries(PATH, world.now)).isZero();

        world.admit(BANK, "z@b.example");
        assertThat(world.schedule.readyEntries(PATH, world.now)).isEqualTo(4);
        assertThat(tenant(world)).isEqualTo("bank");
        heldBack(world);
        world.pass(Duration.ofSeconds(61));
        assertThat(world.schedule.readyEntries(PATH, world.now)).isEqualTo(3);
    }

    @Test
    void allIsHeldBackForItsDomain_mailForAnotherDomainIsWorthAConnection() {
        ScheduleFixture world = world(rate("1/min", Set.of(Dimension.DOMAIN)));
        world.admit(SHOP, "x@a.example");
        world.admit(SHOP, "y@a.example");
        given(world);
        heldBack(world);
        world.admit(SHOP, "z@a.example");
        assertThat(world.schedule.readyEntries(PATH, world.now)).isZero();

        world.admit(SHOP, "x@b.example");

        assertThat(world.schedule.readyEntries(PATH, world.now)).isEqualTo(3);
    }

    /// What another connection is for stays where it was in turn.
    @Test
    void mailThatIsNotForThisSource_isPassedOver_andKeepsItsOrder() {
        ScheduleFixture world = world();
        var domains = List.of("a.example", "b.example", "c.example", "d.example");
        world.siteIs("c.example", "mx");
        world.siteIs("d.example", "mx");
        for (String domain : domains) {
            world.admit(SHOP, "x@" + domain);
            world.pass(Duration.ofMillis(10));
        }
        var asked = new ArrayList<String>();
        var choosy =
                new Carrier(
                        FlowSource.NONE,
                        Integer.MAX_VALUE,
                        (_, domain) -> {
                            asked.add(domain.toString());
                            return domain.toString().equals("c.example");
                        });

        assertThat(((Take.Given) take(world, choosy)).entry().domain().toString())
                .isEqualTo("c.example");
        assertThat(asked).containsExactly("a.example", "b.example", "c.example");
        asked.clear();
        assertThat(take(world, choosy)).isInstanceOf(Take.Nothing.class);
        assertThat(asked).containsExactly("a.example", "b.example", "d.example");
        assertThat(List.of(given(world), given(world), given(world)))
                .extracting(entry -> entry.domain().toString())
                .containsExactly("a.example", "b.example", "d.example");
    }

    @Test
    void take_tenantOverItsLimit_lateComerGoesAtOnce() {
        ScheduleFixture world = world(rate("1/min", Set.of(Dimension.TENANT)));
        world.admit(SHOP, "s@a.example", "t@b.example");
        assertThat(tenant(world)).isEqualTo("shop");
        heldBack(world);

        world.admit(BANK, "b@a.example");

        assertThat(tenant(world)).isEqualTo("bank");
        assertThat(world.schedule.held(PATH)).isEmpty();
    }

    @Test
    void take_domainOverItsLimit_givesMailForAnotherDomain() {
        ScheduleFixture world = world(rate("1/min", Set.of(Dimension.DOMAIN)));
        world.admit(SHOP, "x@a.example");
        world.admit(SHOP, "y@a.example");
        world.pass(Duration.ofMillis(10));
        world.admit(SHOP, "z@b.example");

        assertThat(given(world).domain()).isEqualTo(domain("a.example"));
        assertThat(given(world).domain()).isEqualTo(domain("b.example"));
        assertThat(heldBack(world).breadth()).isEqualTo(Breadth.QUEUE);
    }

    @Test
    void take_pathOverItsLimit_isHeldBackUntilTickAnnouncesWork() {
        ScheduleFixture world = world(rate("2/s", Set.of(Dimension.SITE)));
        for (int i = 0; i < 3; i++) {
            world.admit(SHOP, "x" + i + "@a.example");
        }
        given(world);
        given(world);
        world.signals.clear();

        Blocked by = heldBack(world);

        assertThat(by.breadth()).isEqualTo(Breadth.PATH);
        assertThat(world.schedule.held(PATH)).contains(by);
        assertThat(world.schedule.readyEntries(PATH, world.now)).isZero();
        Instant until = Micros.instant(by.untilMicros());
        Instant next = world.schedule.nextDue().orElseThrow();
        assertThat(next).isAfterOrEqualTo(until).isBefore(until.plusMillis(2));
        world.schedule.tick(next.minusMillis(1));
        assertThat(world.signals).isEmpty();
        world.now = next;
        world.schedule.tick(next);
        assertThat(world.signals).containsExactly(PATH);
        assertThat(world.schedule.held(PATH)).isEmpty();
        assertThat(world.schedule.readyEntries(PATH, next)).isEqualTo(1);
        given(world);
    }

    @Test
    void take_heldBackBySlots_isFreedByTheEndOfATransaction() {
        ScheduleFixture world = world(connections(1));
        world.admit(SHOP, "x@a.example");
        world.admit(SHOP, "y@a.example");
        Take.Given first = (Take.Given) take(world, Carrier.ANY);
        heldBack(world);
        world.signals.clear();

        first.grant().finished(Micros.of(world.now));
        world.schedule.freed(PATH);

        assertThat(world.signals).containsExactly(PATH);
        given(world);
    }

    @Test
    void tick_nothingWaitsAnyMore_announcesNothing() {
        ScheduleFixture world = world(rate("1/s", Set.of(Dimension.SITE)));
        world.admit(SHOP, "x@a.example");
        world.admit(SHOP, "y@a.example");
        given(world);
        heldBack(world);
        assertThat(world.schedule.takeAll(PATH, 10, world.now)).hasSize(1);
        world.signals.clear();

        world.pass(Duration.ofSeconds(2));

        assertThat(world.signals).isEmpty();
    }

    @Test
    void holdBack_noConnection_announcesWorkAtItsTime() {
        ScheduleFixture world = world(rate("1/min", Set.of(Dimension.SITE)));
        world.admit(SHOP, "x@a.example");
        world.admit(SHOP, "y@a.example");
        given(world);
        Blocked by = heldBack(world);
        world.pass(Duration.ofSeconds(60));
        world.signals.clear();

        world.schedule.holdBack(PATH, by, world.now.plusSeconds(5));

        assertThat(world.schedule.held(PATH)).contains(by);
        world.pass(Duration.ofSeconds(4));
        assertThat(world.signals).isEmpty();
        world.pass(Duration.ofSeconds(1));
        assertThat(world.signals).containsExactly(PATH);
        assertThat(world.schedule.held(PATH)).isEmpty();
    }

    @Test
    void takeAll_heldBack_givesAllTheSame() {
        ScheduleFixture world = world(rate("1/min", Set.of(Dimension.SITE)));
        world.admit(SHOP, "x@a.example");
        world.admit(SHOP, "y@a.example");
        world.admit(BANK, "z@a.example");
        given(world);
        heldBack(world);

        assertThat(world.schedule.takeAll(PATH, 10, world.now)).hasSize(2);
    }

    @Test
    void take_fewerRecipientsPerTransaction_splitsAndTheRestStaysFirst() {
        ScheduleFixture world = world(recipients(2));
        world.admit(
                SHOP, "a@a.example", "b@a.example", "c@a.example", "d@a.example", "e@a.example");
        world.pass(Duration.ofMillis(10));
        world.admit(SHOP, "later@a.example");

        QueueEntry first = given(world);
        QueueEntry second = given(world);
        QueueEntry third = given(world);

        assertThat(first.recipients()).isEqualTo(RecipientNumbers.of(0, 1));
        assertThat(second.recipients()).isEqualTo(RecipientNumbers.of(2, 3));
        assertThat(third.recipients()).isEqualTo(RecipientNumbers.of(4));
        assertThat(second.message()).isSameAs(first.message());
        assertThat(third.message()).isSameAs(first.message());
        assertThat(given(world).message()).isNotSameAs(first.message());
        assertThat(world.count(QueuedView.State.IN_FLIGHT)).isEqualTo(6);
        world.settle(first);
        world.defer(second, Duration.ofMinutes(1));
        assertThat(world.summary().recipients()).isEqualTo(4);
    }

    @Test
    void take_carrierThatMayNotCarry_getsNothingWhileOthersDo() {
        ScheduleFixture world = world();
        world.admit(SHOP, "x@a.example");
        var other =
                new Carrier(
                        new FlowSource("t2", ""),
                        Integer.MAX_VALUE,
                        (stream, _) -> !stream.tenant().equals("shop"));

        assertThat(take(world, other)).isInstanceOf(Take.Nothing.class);
        world.admit(BANK, "y@a.example");
        assertThat(((Take.Given) take(world, other)).entry().stream()).isEqualTo(BANK);
        assertThat(take(world, other)).isInstanceOf(Take.Nothing.class);
        assertThat(given(world).stream()).isEqualTo(SHOP);
    }

    @Test
    void take_limitOfOneSource_leavesMailToAnother() {
        LimitSettings limit = rate("1/min", Set.of(Dimension.SOURCE));
        ScheduleFixture world = world(limit);
        for (int i = 0; i < 3; i++) {
            world.admit(SHOP, "x" + i + "@a.example");
        }
        var one = new Carrier(new FlowSource("t1", ""), Integer.MAX_VALUE, (_, _) -> true);
        var two = new Carrier(new FlowSource("t2", ""), Integer.MAX_VALUE, (_, _) -> true);

        assertThat(take(world, one)).isInstanceOf(Take.Given.class);
        assertThat(take(world, one)).isInstanceOf(Take.HeldBack.class);
        assertThat(world.schedule.readyEntries(PATH, world.now))
                .as("worth a connection of another source")
                .isEqualTo(2);
        assertThat(take(world, two)).isInstanceOf(Take.Given.class);
    }

    @Test
    void ofThoseSetAside_theSoonestIsWhatThePathWaitsFor() {
        ScheduleFixture world = world(ofDomain("a.example", "1/h"), ofDomain("b.example", "1/min"));
        for (String domain : List.of("a.example", "b.example")) {
            world.admit(SHOP, "x@" + domain);
            world.admit(SHOP, "y@" + domain);
        }
        given(world);
        given(world);
        long inAMinute = heldBack(world).untilMicros();
        world.pass(Duration.ofMillis(10));

        assertThat(heldBack(world).untilMicros()).isEqualTo(inAMinute);
    }

    @Test
    void mailThatComesBackUntried_goesAgainAtOnce_thoughItsQueueWasSetAside() {
        ScheduleFixture world = world(ofDomain("a.example", "1/h"));
        world.admit(SHOP, "x@a.example");
        world.admit(SHOP, "y@a.example");
        var taken = (Take.Given) take(world, Carrier.ANY);
        assertThat(heldBack(world).untilMicros()).isLessThan(Long.MAX_VALUE);

        taken.grant().refund(Micros.of(world.now));
        world.schedule.giveBack(taken.entry(), world.now);

        assertThat(given(world).message()).isSameAs(taken.entry().message());
    }

    @Test
    void split_isPaidForByWhatIsTaken() {
        ScheduleFixture world = world();
        var addresses = new String[100];
        Arrays.setAll(addresses, i -> "u" + i + "@a.example");
        world.admit(SHOP, addresses);
        for (int i = 0; i < 200; i++) {
            world.admit(BANK, "b" + i + "@a.example");
        }
        var ten = new Carrier(FlowSource.NONE, 10, (_, _) -> true);
        Map<String, Integer> recipients = new HashMap<>();
        for (int i = 0; i < 110; i++) {
            QueueEntry entry = ((Take.Given) take(world, ten)).entry();
            recipients.merge(entry.stream().tenant(), entry.recipients().size(), Integer::sum);
        }

        assertThat(recipients).containsEntry("shop", 100).containsEntry("bank", 100);
    }

    private static LimitSettings ofDomain(String domain, String rate) {
        return new LimitSettings(
                "w.toml:8",
                LimitScope.ALL.and(Dimension.DOMAIN, domain),
                Set.of(),
                List.of(Rate.parse(rate).orElseThrow()),
                OptionalInt.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    /// Each take would look at all of them else, and each look go through all again.
    @Test
    void thousandsOfDomainsOverLimitsOfTheirOwn_areLookedAtOnceUntilTheyHaveRoom() {
        var limiter = new Limiter(List.of(rate("1/min", Set.of(Dimension.DOMAIN))));
        var world = new ScheduleFixture(Destinations.ofPool("default"), limiter);
        int domains = 3_000;
        for (int i = 0; i < domains; i++) {
            world.siteIs("d" + i + ".example", "mx");
            world.admit(SHOP, "x@d" + i + ".example");
            world.admit(SHOP, "y@d" + i + ".example");
        }
        for (int i = 0; i < domains; i++) {
            given(world);
        }
        Blocked by = heldBack(world);
        long asked = limiter.counts().full();

        assertThat(heldBack(world).untilMicros()).isEqualTo(by.untilMicros());
        assertThat(heldBack(world).untilMicros()).isEqualTo(by.untilMicros());
        assertThat(limiter.counts().full()).isEqualTo(asked);
        world.siteIs("free.example", "mx");
        world.admit(BANK, "z@free.example");
        assertThat(tenant(world)).isEqualTo("bank");
        assertThat(limiter.counts().full()).isEqualTo(asked);

        world.pass(Duration.ofSeconds(61));
        for (int i = 0; i < domains; i++) {
            given(world);
        }
        assertThat(take(world, Carrier.ANY)).isInstanceOf(Take.Nothing.class);
    }

    private static ScheduleFixture world(LimitSettings... limits) {
        var world =
                new ScheduleFixture(Destinations.ofPool("default"), new Limiter(List.of(limits)));
        world.siteIs("a.example", "mx");
        world.siteIs("b.example", "mx");
        return world;
    }

    private static Take take(ScheduleFixture world, Carrier carrier) {
        return world.schedule.take(PATH, carrier, world.now);
    }

    private static QueueEntry given(ScheduleFixture world) {
        Take take = take(world, Carrier.ANY);
        assertThat(take).isInstanceOf(Take.Given.class);
        return ((Take.Given) take).entry();
    }

    private static String tenant(ScheduleFixture world) {
        return given(world).stream().tenant();
    }

    private static Blocked heldBack(ScheduleFixture world) {
        Take take = take(world, Carrier.ANY);
        assertThat(take).isInstanceOf(Take.HeldBack.class);
        return ((Take.HeldBack) take).by();
    }

    private static LimitSettings rate(String rate, Set<Dimension> per) {
        return limit(
                per,
                List.of(Rate.parse(rate).orElseThrow()),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    /// Where limits tell tenants apart, these are transactions.
    private static LimitSettings connections(int most) {
        return limit(
                Set.of(Dimension.TENANT), List.of(), OptionalInt.of(most), OptionalInt.empty());
    }

    private static LimitSettings recipients(int most) {
        return limit(Set.of(), List.of(), OptionalInt.empty(), OptionalInt.of(most));
    }

    private static LimitSettings limit(
            Set<Dimension> per, List<Rate> rates, OptionalInt connections, OptionalInt recipients) {
        return new LimitSettings(
                "w.toml:7",
                LimitScope.ALL,
                per,
                rates,
                connections,
                Optional.empty(),
                OptionalInt.empty(),
                recipients);
    }
}
