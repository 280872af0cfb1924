package io.whimbrel.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.DestinationView;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.PathView;
import io.whimbrel.egress.Setback;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.QueueId;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.schedule.Micros;
import io.whimbrel.schedule.QueuedView;
import io.whimbrel.schedule.QueuedView.State;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.FlowSource;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.Turn;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What `why` says of each thing that mail may wait for.
final class WhyTest {
    private static final Instant NOW = FakeQueueDesk.NOW;
    private static final Setback REFUSED =
            new Setback("mx.google.test [192.0.2.9]: connection refused", NOW.minusSeconds(3));

    private final FakeQueueDesk queue = new FakeQueueDesk();
    private final TestEgress egress = new TestEgress(queue);
    private final List<String> lines = new ArrayList<>();

    private void add(long id, State state, String why, int... recipients) {
        queue.add(id, "example.com", "shop", recipients.length, recipients);
        QueuedView added = queue.views.removeLast();
        queue.views.add(new QueuedView(added.entry(), state, "mx.google.test", why));
    }

    private String ask(String fields) {
        var operations =
                new AdminOperations(
                        new AdminOperations.Desks(
                                queue, new TestDoor().desk(), egress.shaping.desk(), egress.desk()),
                        () -> {
                            throw new IllegalStateException("not asked for");
                        },
                        () -> ReloadResult.DONE,
                        new Metrics(),
                        InstantSource.fixed(NOW));
        lines.clear();
        return operations
                .handle(Json.parse(fields).orElseThrow(), new AdminAnswer(lines::add))
                .orElse("");
    }

    private List<String> why() {
        assertThat(ask("{\"verb\":\"why\",\"domain\":\"example.com\"}")).isEmpty();
        return lines.stream()
                .map(line -> Json.text(Json.parse(line).orElseThrow(), "why"))
                .toList();
    }

    /// Uses up what may go from both sources.
    private Blocked exhaust() {
        Flow flow = new Flow("", "default", "google", "mx.google.test", "example.com", "", "", "");
        Optional<Blocked> last = Optional.empty();
        for (String source : List.of("t2", "t1")) {
            last = Optional.empty();
            while (last.isEmpty()) {
                var decision =
                        egress.limiter.take(
                                egress.limiter.gates(flow, "p"),
                                new FlowSource(source, "warm"),
                                new Turn(1, "shop"),
                                Micros.of(NOW));
                last = decision instanceof Blocked by ? Optional.of(by) : Optional.empty();
            }
        }
        return last.orElseThrow();
    }

    @Test
    void limit_isToldWithItsPlace_whenTheNextMayGo_andHowLongAllTake() {
        for (int i = 0; i < 400; i++) {
            add(100 + i, State.READY, "", 0, 1);
        }
        egress.held = Optional.of(exhaust());
        assertThat(why())
                .singleElement()
                .asString()
                .matches(
                        "800 recipients for example.com wait for the limit 20/s for source t1,"
                                + " provider google \\(whimbrel.toml:31\\); the next may go in"
                                + " \\d+ ms; about 10 s for all of them");
        assertThat(lines.getFirst())
                .contains("\"kind\":\"limit\"", "\"messages_per_s\":40.0", "\"left_ms\":");

        egress.held = Optional.empty();
        assertThat(why()).singleElement().asString().contains("the limit 20/s for source t");
    }

    @Test
    void roomAtOneSource_isNoLimit() {
        add(1, State.READY, "", 0);
        Flow flow = new Flow("", "default", "google", "mx.google.test", "example.com", "", "", "");
        for (int i = 0; i < 20; i++) {
            egress.limiter.take(
                    egress.limiter.gates(flow, "p"),
                    new FlowSource("t1", "warm"),
                    new Turn(1, "shop"),
                    Micros.of(NOW));
        }
        egress.view = new PathView(2, 2, Duration.ZERO, Optional.empty());
        assertThat(why())
                .containsExactly(
                        "1 recipient for example.com is next in turn: 2 connections are at work");
    }

    @Test
    void allConnectionsThatASiteMayHave_areTold() {
        add(1, State.READY, "", 0);
        egress.view = new PathView(50, 49, Duration.ZERO, Optional.empty());

        assertThat(why())
                .containsExactly(
                        "1 recipient for example.com is next in turn: 49 connections are at work,"
                                + " the most that a site has ([delivery] connections)");
    }

    @Test
    void suspension_isToldWithItsId_andHowToLiftIt() {
        add(1, State.READY, "", 0);
        var scope = LimitScope.ALL.and(Dimension.PROVIDER, "google");
        String id =
                egress.shaping
                        .reactions
                        .suspend(scope, Duration.ofMinutes(10), "blocklisted", NOW)
                        .orElseThrow()
                        .id();
        assertThat(why())
                .containsExactly(
                        "1 recipient for example.com waits, for provider google is suspended by an"
                                + " operator: blocklisted; it ends or changes in 10 min; `whimbrel"
                                + " shaping lift "
                                + id
                                + "` ends action "
                                + id);
    }

    @Test
    void suspensionOfOneSource_leavesTheOther() {
        add(1, State.READY, "", 0);
        var scope = LimitScope.ALL.and(Dimension.SOURCE, "t1");
        egress.shaping.reactions.suspend(scope, Duration.ofMinutes(10), "", NOW);
        egress.view = new PathView(1, 0, Duration.ZERO, Optional.empty());
        assertThat(why())
                .containsExactly(
                        "1 recipient for example.com waits for a connection that is being opened");
    }

    @Test
    void operatorsHolds_scheduleAndDelivery_areTold_largestFirst() {
        add(1, State.HELD, "held: typo", 0, 1, 2);
        add(2, State.SCHEDULED, "next attempt at ...", 0, 1);
        add(3, State.IN_FLIGHT, "", 0);
        egress.view = new PathView(0, 0, Duration.ZERO, Optional.of(REFUSED));
        assertThat(why())
                .containsExactly(
                        "3 recipients for example.com are held: typo; `whimbrel queue` lists the"
                                + " hold, `whimbrel queue release` ends it",
                        "2 recipients for example.com wait for attempt 4; last failure, 3 s ago:"
                                + " mx.google.test [192.0.2.9]: connection refused; that is at"
                                + " 2026-11-23T12:03:12Z, in 3 min 12 s",
                        "1 recipient for example.com is being delivered now");
    }

    @Test
    void newerOf_deferralAndFailedConnection_isTold() {
        add(1, State.SCHEDULED, "next attempt at ...", 0);
        var deferral = new Setback("mx.test answered 450 4.2.0 Greylisted", NOW.minusSeconds(60));
        egress.lookup =
                new DestinationView(Optional.empty(), Optional.empty(), Optional.of(deferral));
        assertThat(why())
                .singleElement()
                .asString()
                .contains("; last failure, 1 min ago: mx.test answered 450 4.2.0 Greylisted; that");
        egress.view = new PathView(0, 0, Duration.ZERO, Optional.of(REFUSED));
        assertThat(why()).singleElement().asString().contains("3 s ago: mx.google.test");
    }

    @Test
    void hostsOutOfReach_areTold_withTheNextTry() {
        add(1, State.READY, "", 0);
        egress.view = new PathView(1, 0, Duration.ofSeconds(4), Optional.of(REFUSED));
        assertThat(why())
                .singleElement()
                .asString()
                .contains("hosts that could not be reached; last failure, 3 s ago")
                .endsWith("the next try is in 4 s");
    }

    @Test
    void dnsWithoutAnswer_isTold_withItsTime() {
        add(1, State.RESOLVING, "", 0);
        egress.path = Optional.empty();
        egress.lookup =
                new DestinationView(
                        Optional.of(NOW.minusSeconds(12)), Optional.empty(), Optional.empty());
        assertThat(why())
                .containsExactly(
                        "1 recipient for example.com waits for the DNS to say where mail for"
                                + " example.com goes: no answer for 12 s");
    }

    @Test
    void poolAndRoute_thatAreNotConfigured_areNamed() {
        add(1, State.READY, "", 0);
        egress.path = Optional.of(new EgressPath("gone", new Site("mx")));
        assertThat(why()).singleElement().asString().contains("pool gone is not configured");
        egress.route = "partners";
        assertThat(why())
                .singleElement()
                .asString()
                .contains("route partners, which is not in the configuration");
    }

    @Test
    void message_isToldByItsId_andOneThatLeft_pointsToTheTrace() {
        add(77, State.IN_FLIGHT, "", 0, 1);
        String id = new QueueId(77).toString();
        assertThat(ask("{\"verb\":\"why\",\"id\":\"" + id + "\"}")).isEmpty();
        assertThat(lines.getFirst())
                .contains("2 recipients of " + id + " at example.com are being delivered now");
        assertThat(ask("{\"verb\":\"why\",\"id\":\"" + new QueueId(5) + "\"}"))
                .contains("not in the queue", "whimbrel trace");
    }

    @Test
    void nothing_isSaid_andBadRequestsAreNamed() {
        assertThat(ask("{\"verb\":\"why\",\"domain\":\"example.net\"}"))
                .isEqualTo("nothing is queued for example.net");
        assertThat(ask("{\"verb\":\"why\"}")).contains("Give a domain or an id");
        assertThat(ask("{\"verb\":\"why\",\"domain\":\"a b\"}")).contains("not a domain");
        assertThat(ask("{\"verb\":\"why\",\"seconds\":1}")).contains("unknown field");
        assertThat(ask("{\"verb\":\"shaping-explain\"}")).contains("\"domain\" is missing");
        assertThat(ask("{\"verb\":\"shaping-explain\",\"domain\":\"a.test\",\"pool\":\"defalt\"}"))
                .contains("did you mean \"default\"?");
        assertThat(ask("{\"verb\":\"tls-report\",\"domain\":\"a.test\"}"))
                .contains("no session with hosts of a.test was counted yesterday");
        assertThat(ask("{\"verb\":\"tls-report\",\"domain\":\"a.test\",\"day\":\"x\"}"))
                .contains("not a day");
    }

    @Test
    void manyCauses_areBounded() {
        for (int i = 0; i < 300; i++) {
            add(100 + i, State.HELD, "held: " + i, 0);
        }
        assertThat(why()).hasSize(100);
    }

    @Test
    void spans_haveTwoUnitsAtMost() {
        assertThat(Spans.of(Duration.ofMillis(40))).isEqualTo("40 ms");
        assertThat(Spans.of(Duration.ofNanos(1))).isEqualTo("1 ms");
        assertThat(Spans.of(Duration.ofSeconds(161))).isEqualTo("2 min 41 s");
        assertThat(Spans.of(Duration.ofMinutes(185))).isEqualTo("3 h 5 min");
        assertThat(Spans.of(Duration.ofDays(2))).isEqualTo("2 d");
        assertThat(Spans.of(Duration.ofSeconds(-1))).isEqualTo("0 ms");
    }
}
