package io.whimbrel.schedule;

import static io.whimbrel.schedule.ScheduleFixture.TIME_TO_LIVE;
import static io.whimbrel.schedule.ScheduleFixture.domain;
import static io.whimbrel.schedule.ScheduleFixture.ofId;
import static io.whimbrel.schedule.ScheduleFixture.ofTenant;
import static io.whimbrel.schedule.ScheduleFixture.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.Treatment;
import io.whimbrel.schedule.QueuedView.State;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledMessage;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Pools and routes decide by which path mail leaves, and may change while it waits.
class RerouteTest {
    private static final MailStream MAIL = stream("shop", "news", PriorityClass.NORMAL);
    private static final Destinations PLAIN = Destinations.ofPool("default");

    /// All mail by the relay.
    private static final Destinations RELAYED =
            new Destinations((_, _, _) -> "default", (_, _, _) -> "relay", false);

    /// Mail for addresses that begin with `vip` by the relay.
    private static final Destinations VIP_RELAYED =
            new Destinations(
                    (_, _, _) -> "default",
                    (_, _, address) -> address.startsWith("vip") ? "relay" : "",
                    true);

    private static final EgressPath MX = ScheduleFixture.path("mx");
    private static final EgressPath RELAY = ScheduleFixture.path("relay");

    @Test
    void admit_twoPoolsForOneDomain_areTwoPaths() {
        ScheduleFixture world = world(PLAIN);
        resolve(world, "bulk", "", "mx");
        world.admit(MAIL, "x@a.example");
        admitByBulk(world, "y@a.example");

        var bulk = new EgressPath("bulk", new Site("mx"));
        assertThat(world.signals).containsExactly(MX, bulk);
        assertThat(takeAll(world, bulk))
                .extracting(entry -> entry.stream().pool())
                .contains("bulk");
        assertThat(takeAll(world, MX)).extracting(entry -> entry.stream().pool()).contains("");
    }

    @Test
    void siteUnknown_ofOnePool_leavesTheOtherAlone() {
        var world = new ScheduleFixture(PLAIN, new Limiter(List.of()));
        world.admit(MAIL, "x@a.example");
        admitByBulk(world, "y@a.example");
        assertThat(world.asked).containsExactly(domain("a.example"), domain("a.example"));

        List<QueueEntry> settled = world.schedule.siteUnknown(destination("bulk", ""), world.now);

        assertThat(settled).extracting(entry -> entry.stream().pool()).containsExactly("bulk");
        resolve(world, "default", "", "mx");
        assertThat(takeAll(world, MX)).hasSize(1);
    }

    @Test
    void siteResolved_ofOneRoute_movesOnlyItsMail() {
        var world = new ScheduleFixture(VIP_RELAYED, new Limiter(List.of()));
        SpooledMessage message = world.admit(MAIL, "x@a.example", "vip@a.example", "y@a.example");

        resolve(world, "default", "relay", "relay");

        assertThat(takeAll(world, RELAY))
                .singleElement()
                .satisfies(entry -> {
                    assertThat(entry.message()).isSameAs(message);
                    assertThat(entry.recipients()).isEqualTo(RecipientNumbers.of(1));
                    assertThat(entry.route()).isEqualTo("relay");
                });
        assertThat(world.count(State.RESOLVING)).isEqualTo(2);
        resolve(world, "default", "", "mx");
        assertThat(takeAll(world, MX))
                .singleElement()
                .extracting(QueueEntry::recipients)
                .isEqualTo(RecipientNumbers.of(0, 2));
    }

    @Test
    void admit_recipientsWithARouteOfTheirOwn_neverBlockTheOthers() {
        ScheduleFixture world = world(VIP_RELAYED);
        for (int i = 0; i < 50; i++) {
            world.admit(MAIL, "vip" + i + "@a.example");
        }
        world.admit(MAIL, "x@a.example");

        assertThat(world.schedule.readyEntries(MX, world.now)).isEqualTo(1);
        assertThat(world.schedule.readyEntries(RELAY, world.now)).isEqualTo(50);
        assertThat(takeAll(world, MX)).hasSize(1);
        assertThat(takeAll(world, RELAY)).hasSize(50);
    }

    @Test
    void admit_boundedAndTheRelayHasMoreThanItsShare_othersComeThrough() {
        var world =
                new ScheduleFixture(
                        new ScheduleSettings("default", 100, Duration.ofSeconds(60), 100),
                        VIP_RELAYED);
        resolve(world, "default", "", "mx");
        resolve(world, "default", "relay", "relay");
        for (int i = 0; i < 50; i++) {
            world.admit(MAIL, "vip" + i + "@a.example");
        }
        world.admit(MAIL, "x@a.example");
        world.pass(Duration.ofSeconds(1));

        assertThat(takeAll(world, MX)).hasSize(1);
    }

    @Test
    void reroute_anotherPool_movesAllThatWaits() {
        ScheduleFixture world = world(PLAIN);
        List<SpooledMessage> waiting = admitInEveryState(world);
        resolve(world, "warm", "", "mx");
        world.signals.clear();

        world.schedule.reroute(Destinations.ofPool("warm"), world.now);

        var warm = new EgressPath("warm", new Site("mx"));
        assertThat(world.signals).containsOnly(warm);
        assertAllComesBy(world, warm, waiting);
        assertThat(world.woken).contains(QueueScope.ALL);
    }

    @Test
    void reroute_aRoute_movesAllThatWaits() {
        ScheduleFixture world = world(PLAIN);
        List<SpooledMessage> waiting = admitInEveryState(world);

        world.schedule.reroute(RELAYED, world.now);

        assertAllComesBy(world, RELAY, waiting);
    }

    @Test
    void reroute_siteUnknownThere_asksAndWaits() {
        ScheduleFixture world = world(PLAIN);
        world.admit(MAIL, "x@a.example");
        world.asked.clear();

        world.schedule.reroute(Destinations.ofPool("cold"), world.now);

        assertThat(world.asked).containsExactly(domain("a.example"));
        assertThat(takeAll(world, MX)).isEmpty();
        resolve(world, "cold", "", "mx");
        assertThat(takeAll(world, new EgressPath("cold", new Site("mx")))).hasSize(1);
    }

    @Test
    void reroute_routesOfRecipients_splitAndJoinEntries() {
        ScheduleFixture world = world(PLAIN);
        world.admit(MAIL, "x@a.example", "vip@a.example", "y@a.example");

        world.schedule.reroute(VIP_RELAYED, world.now);
        assertThat(world.schedule.readyEntries(MX, world.now)).isEqualTo(1);
        assertThat(world.schedule.readyEntries(RELAY, world.now)).isEqualTo(1);
        assertThat(world.summary().recipients()).isEqualTo(3);

        world.schedule.reroute(PLAIN, world.now);
        assertThat(world.schedule.readyEntries(RELAY, world.now)).isZero();
        assertThat(takeAll(world, MX).stream().mapToInt(entry -> entry.recipients().size()).sum())
                .isEqualTo(3);
    }

    @Test
    void reroute_nothingChanges_keepsTheOrder() {
        ScheduleFixture world = world(PLAIN);
        List<SpooledMessage> admitted = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            admitted.add(world.admit(MAIL, "x" + i + "@a.example"));
        }

        world.schedule.reroute(Destinations.ofPool("default"), world.now);

        assertThat(takeAll(world, MX))
                .extracting(QueueEntry::message)
                .containsExactlyElementsOf(admitted);
    }

    @Test
    void reroute_whatIsInFlight_followsWhenItComesBack() {
        ScheduleFixture world = world(PLAIN);
        world.admit(MAIL, "x@a.example", "vip@a.example");
        world.admit(MAIL, "vip@a.example");
        QueueEntry tried = world.take("mx");
        QueueEntry untried = world.take("mx");

        world.schedule.reroute(VIP_RELAYED, world.now);
        world.defer(tried, Duration.ofMinutes(1));
        world.schedule.giveBack(untried, world.now);

        assertThat(takeAll(world, RELAY))
                .extracting(QueueEntry::message)
                .containsExactly(untried.message());
        world.pass(Duration.ofMinutes(1));
        assertThat(takeAll(world, MX))
                .extracting(QueueEntry::recipients)
                .containsExactly(RecipientNumbers.of(0));
        assertThat(takeAll(world, RELAY))
                .extracting(QueueEntry::recipients)
                .containsExactly(RecipientNumbers.of(1));
    }

    private static void admitByBulk(ScheduleFixture world, String address) {
        SpooledMessage message = world.message(MAIL, address);
        Treatment byBulk = message.envelope().treatment().withPool("bulk");
        world.schedule.admit(world.treated(message, byBulk), world.now);
    }

    /// One is ready, one timed, one apart, and one in a queue that is held.
    private static List<SpooledMessage> admitInEveryState(ScheduleFixture world) {
        SpooledMessage timed = world.admit(MAIL, "timed@a.example");
        world.defer(world.take("mx"), Duration.ofMinutes(5));
        SpooledMessage ready = world.admit(MAIL, "ready@a.example");
        SpooledMessage apart = world.admit(MAIL, "apart@a.example");
        world.schedule.apply(new OperatorAction.Hold(ofId(apart.id()), ""), world.now);
        world.schedule.apply(new OperatorAction.Hold(ofTenant("bank"), ""), world.now);
        SpooledMessage held = world.admit(stream("bank", "", PriorityClass.BULK), "held@a.example");
        return List.of(ready, held, apart, timed);
    }

    private static void assertAllComesBy(
            ScheduleFixture world, EgressPath path, List<SpooledMessage> waiting) {
        assertThat(world.summary().recipients()).isEqualTo(4);
        assertThat(world.count(State.HELD)).isEqualTo(2);
        assertThat(takeAll(world, MX)).isEmpty();
        assertThat(messages(world, path)).containsExactly(waiting.get(0));
        world.schedule.apply(new OperatorAction.Release(ofTenant("bank")), world.now);
        assertThat(messages(world, path)).containsExactly(waiting.get(1));
        world.schedule.apply(new OperatorAction.Release(ofId(waiting.get(2).id())), world.now);
        assertThat(messages(world, path)).containsExactly(waiting.get(2));
        world.pass(Duration.ofMinutes(5));
        assertThat(takeAll(world, path))
                .singleElement()
                .satisfies(entry -> {
                    assertThat(entry.message()).isSameAs(waiting.get(3));
                    assertThat(entry.attempts()).isEqualTo(1);
                });
        assertThat(takeAll(world, MX)).isEmpty();
    }

    /// The domain's own site is `mx`, the relay's `relay`.
    private static ScheduleFixture world(Destinations destinations) {
        var world = new ScheduleFixture(destinations, new Limiter(List.of()));
        resolve(world, "default", "", "mx");
        resolve(world, "default", "relay", "relay");
        return world;
    }

    private static void resolve(ScheduleFixture world, String pool, String route, String site) {
        world.schedule.siteResolved(
                destination(pool, route), new Site(site), TIME_TO_LIVE, world.now);
    }

    private static Destination destination(String pool, String route) {
        return new Destination(domain("a.example"), pool, route);
    }

    private static List<QueueEntry> takeAll(ScheduleFixture world, EgressPath path) {
        var taken = new ArrayList<QueueEntry>();
        Optional<QueueEntry> entry = world.schedule.take(path, world.now);
        while (entry.isPresent()) {
            taken.add(entry.get());
            entry = world.schedule.take(path, world.now);
        }
        return taken;
    }

    private static List<SpooledMessage> messages(ScheduleFixture world, EgressPath path) {
        return takeAll(world, path).stream().map(QueueEntry::message).toList();
    }
}
