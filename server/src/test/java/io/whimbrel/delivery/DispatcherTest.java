package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.Treatment;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Overdue;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.RouteSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

@Timeout(60)
final class DispatcherTest {
    private static final String SERVES = "S: 220 mx.test\nSERVE:";
    private static final String STALLS =
            """
            S: 220 mx.test
            C: EHLO
            S: 250-mx.test
            S: 250 PIPELINING
            C: MAIL
            C: RCPT
            C: DATA
            S: 250 ok
            S: 250 ok
            """;

    @Test
    void message_isDeliveredByItsRoute() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = new Post(Post.SETTINGS, Post.routeTo(peer))) {
            post.admit("a@x.test", "b@x.test");

            Attempt attempt = post.attempt();

            assertThat(attempt.results()).hasSize(2).allMatch(r -> r instanceof Accepted);
            assertThat(attempt.site()).isEqualTo("smtp://127.0.0.1:" + peer.port());
            assertThat(peer.texts()).containsExactly(TestMail.TEXT);
            peer.verify();
        }
    }

    @Test
    void messageWhoseTimeIsOver_isNotTried() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = new Post(Post.SETTINGS, Post.routeTo(peer))) {
            post.admit(Treatment.NONE.withExpiresAt(post.clock.instant()), "a@x.test");

            assertThat(((Overdue) post.result()).reply().toString()).startsWith("554 5.4.7");
            assertThat(peer.texts()).isEmpty();
        }
    }

    @Test
    void message_isDeliveredByMx() {
        try (var peer = new ScriptedPeer(SERVES)) {
            try (var post = new Post(mxSettings(peer, 50))) {
                post.dns
                        .with("x.test. 300 IN MX 10 mx.x.test.")
                        .with("mx.x.test. 300 IN A 127.0.0.1");
                post.admit("a@x.test");

                var accepted = (Accepted) post.result();

                assertThat(accepted.peer().host())
                        .isEqualTo("mx.x.test [127.0.0.1]:" + peer.port());
            }
        }
    }

    @Test
    void domainThatBecameNullMx_isRefused_thoughItsOldHostWouldTakeTheMail() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = new Post(mxSettings(peer, 50))) {
            post.dns.with("x.test. 300 IN MX 10 mx.x.test.").with("mx.x.test. 3000 IN A 127.0.0.1");
            post.admit("a@x.test");
            assertThat(post.result()).isInstanceOf(Accepted.class);
            post.dns.forget("x.test.");
            post.dns.with("x.test. 300 IN MX 0 .");
            post.admit("a@x.test");
            assertThat(post.result()).isInstanceOf(Accepted.class);
            post.clock.advance(Duration.ofSeconds(301));

            post.admit("a@x.test");

            assertThat(((NotTried) post.result()).reply().toString()).startsWith("556 5.1.10");
        }
    }

    @Test
    void domainThatBecameNullMx_isRefused_thoughItsOldHostIsDown() {
        var peer = new ScriptedPeer(SERVES);
        try (var post = new Post(mxSettings(peer, 1))) {
            post.dns
                    .with("x.test. 300 IN MX 10 mx.x.test.")
                    .with("y.test. 3000 IN MX 10 mx.x.test.")
                    .with("mx.x.test. 3000 IN A 127.0.0.1");
            post.admit("a@x.test");
            assertThat(post.result()).isInstanceOf(Accepted.class);
            peer.close();
            post.dns.forget("x.test.");
            post.dns.with("x.test. 300 IN MX 0 .");
            post.clock.advance(Duration.ofSeconds(301));

            post.admit("a@y.test");
            post.admit("a@x.test");

            assertThat(post.attempts(2))
                    .filteredOn(attempt -> attempt.entry().domain().value().equals("x.test"))
                    .singleElement()
                    .satisfies(attempt ->
                            assertThat(((NotTried) attempt.results().getFirst()).reply().code())
                                    .isEqualTo(556));
        }
    }

    @Test
    void domainThatMovedToOtherHosts_isDeliveredThere_untriedAtTheOldOnes() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = new Post(mxSettings(peer, 50))) {
            post.dns
                    .with("x.test. 300 IN MX 10 mx.x.test.")
                    .with("mx.x.test. 3000 IN A 127.0.0.1")
                    .with("mx.y.test. 3000 IN A 127.0.0.1");
            post.admit("a@x.test");
            assertThat(post.attempt().site()).isEqualTo("mx.x.test");
            post.dns.forget("x.test.");
            post.dns.with("x.test. 300 IN MX 10 mx.y.test.");
            post.clock.advance(Duration.ofSeconds(301));

            post.admit("a@x.test");

            Attempt attempt = post.attempt();
            assertThat(attempt.site()).isEqualTo("mx.y.test");
            assertThat(attempt.results()).allMatch(r -> r instanceof Accepted);
        }
    }

    @Test
    void unknownDomain_isSettledUntried() {
        try (var post = new Post(Post.SETTINGS)) {
            post.admit("a@nowhere.test");

            Attempt attempt = post.attempt();

            assertThat(((NotTried) attempt.results().getFirst()).reply().code()).isEqualTo(550);
            assertThat(attempt.site()).isEmpty();
        }
    }

    @Test
    void privateMx_isSettledUntriedAndTheKeyNamed() {
        try (var post = new Post(Post.SETTINGS)) {
            post.dns.with("x.test. 300 IN MX 10 mx.x.test.").with("mx.x.test. 300 IN A 10.0.0.1");
            post.admit("a@x.test");

            assertThat(((NotTried) post.result()).reply().toString())
                    .contains("delivery.allow-private");
        }
    }

    @Test
    void connection_isReused() {
        var settings = Post.settings(1, 1_000, Duration.ofSeconds(5));
        try (var peer = new ScriptedPeer(SERVES);
                var post = new Post(settings, Post.routeTo(peer))) {
            for (int i = 0; i < 5; i++) {
                post.admit(1);
                assertThat(post.result()).isInstanceOf(Accepted.class);
            }
            assertThat(peer.connections()).isEqualTo(1);
        }
    }

    @Test
    void idleConnection_saysQuit() {
        var settings = Post.settings(50, 1_000, Duration.ofMillis(50));
        try (var peer = new ScriptedPeer(SERVES);
                var post = new Post(settings, Post.routeTo(peer))) {
            post.admit(1);
            post.attempt();
            peer.awaitHeard("QUIT");

            post.admit(1);

            assertThat(post.result()).isInstanceOf(Accepted.class);
            assertThat(peer.connections()).isEqualTo(2);
        }
    }

    @Test
    void messageLimit_endsTheConnection() {
        var settings = Post.settings(1, 2, Duration.ofSeconds(2));
        try (var peer = new ScriptedPeer(SERVES);
                var post = new Post(settings, Post.routeTo(peer))) {
            post.admit(5);

            assertThat(post.attempts(5)).allMatch(DispatcherTest::isAccepted);
            assertThat(peer.connections()).isEqualTo(3);
        }
    }

    @Test
    void connectionsPerPath_areBounded() {
        var settings = Post.settings(3, 1_000, Duration.ofSeconds(2));
        try (var peer = new ScriptedPeer(SERVES);
                var post = new Post(settings, Post.routeTo(peer))) {
            post.admit(300);

            assertThat(post.attempts(300)).allMatch(DispatcherTest::isAccepted);
            assertThat(peer.connections()).isBetween(1, 3);
        }
    }

    @Test
    void connectionsInAll_areBoundedAndSharedByPaths() {
        var settings =
                new DeliverySettings(
                        25, List.of(), 10, 1, 1_000, Duration.ofSeconds(2), Hosts.LONG);
        try (var one = new ScriptedPeer(SERVES);
                var other = new ScriptedPeer(SERVES);
                var post = new Post(settings, Post.route("x.test", one), Post.route("*", other))) {
            for (int i = 0; i < 20; i++) {
                post.admit("a@x.test");
                post.admit("a@y.test");
            }

            assertThat(post.attempts(40)).allMatch(DispatcherTest::isAccepted);
        }
    }

    @Test
    void pathWithSteadyWork_letsOthersHaveTheirTurn() {
        assertTurnsAreTaken(1_000);
    }

    @Test
    void pathWithSteadyWorkAndShortSessions_letsOthersHaveTheirTurn() {
        assertTurnsAreTaken(3);
    }

    private static void assertTurnsAreTaken(int messagesPerConnection) {
        var settings =
                new DeliverySettings(
                        25,
                        List.of(),
                        1,
                        1,
                        messagesPerConnection,
                        Duration.ofSeconds(2),
                        Hosts.LONG);
        try (var one = new ScriptedPeer("GATE:\n" + SERVES, SERVES);
                var other = new ScriptedPeer(SERVES);
                var post = new Post(settings, Post.route("x.test", one), Post.route("*", other))) {
            int each = 10 * DeliveryWorker.TURN;
            for (int i = 0; i < each; i++) {
                post.admit("a@x.test");
            }
            one.awaitConnection();
            for (int i = 0; i < each; i++) {
                post.admit("a@y.test");
            }
            other.await(() -> post.dispatcher.permits().isWanted());
            one.openGate();

            assertThat(post.attempts(DeliveryWorker.TURN))
                    .allMatch(attempt -> isAcceptedFor("x.test", attempt));
            List<Attempt> next = post.attempts(each);
            assertThat(next.getFirst()).matches(attempt -> isAcceptedFor("y.test", attempt));
            // And back again, before the other runs dry.
            assertThat(next).anyMatch(attempt -> isAcceptedFor("x.test", attempt));
        }
    }

    private static boolean isAcceptedFor(String domain, Attempt attempt) {
        return isAccepted(attempt) && attempt.entry().domain().value().equals(domain);
    }

    @Test
    void manyMessages_areEachTriedOnce() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = new Post(Post.SETTINGS, Post.routeTo(peer))) {
            post.admit(2_000);

            Set<Object> ids = new HashSet<>();
            for (Attempt attempt : post.attempts(2_000)) {
                assertThat(isAccepted(attempt)).isTrue();
                assertThat(ids.add(attempt.entry().message().id())).isTrue();
            }
            assertThat(peer.texts()).hasSize(2_000);
            assertThat(post.hasNoFurtherAttempt()).isTrue();
        }
    }

    @Test
    void noHostAnswers_allThatWaitsSharesTheFate() {
        RouteSettings nowhere = Post.route("*", ScriptedPeer.deafPort());
        try (var post = new Post(Post.settings(1, 10, Duration.ofSeconds(1)), nowhere)) {
            post.admit(20);

            for (Attempt attempt : post.attempts(20)) {
                var lost = (ConnectionLost) attempt.results().getFirst();
                assertThat(lost.stage()).isEqualTo(Stage.CONNECT);
            }
        }
    }

    @Test
    @Timeout(60)
    void restingPath_triesAgainByItself() {
        try (var peer = new ScriptedPeer("S: 421 later", SERVES);
                var post =
                        new Post(Post.settings(1, 10, Duration.ofSeconds(1)), Post.routeTo(peer))) {
            post.admit(1);
            AttemptResult first = post.result();
            assertThat(first).isInstanceOf(Refused.class);

            // What comes before the rest begins shares the fate of the first.
            AttemptResult next = first;
            while (next instanceof Refused) {
                post.admit(1);
                next = post.result();
            }
            assertThat(next).isInstanceOf(Accepted.class);
            assertThat(peer.connections()).isEqualTo(2);
        }
    }

    @Test
    void furtherConnectionRefused_isNoAttempt() {
        try (var peer =
                        new ScriptedPeer(
                                "S: 220 x\nC: EHLO\nS: 250-x\nS: 250 PIPELINING\nSERVE:",
                                "GATE:\nS: 421 4.7.0 too many connections");
                var post =
                        new Post(
                                Post.settings(2, 999, Duration.ofSeconds(5)), Post.routeTo(peer))) {
            post.admit(1);
            post.attempt();
            // The second finds the first connection idle, the third opens another, or waits.
            post.admit(50);
            peer.openGate();

            assertThat(post.attempts(50)).allMatch(DispatcherTest::isAccepted);
            assertThat(peer.texts()).hasSize(51);
        }
    }

    @Test
    void reusedSessionThatEnded_isRetriedAtOnceOnANewOne() {
        String once = STALLS + "S: 354 go\nD:\nS: 250 taken\nC: MAIL\nS: 421 4.7.0 enough\nX:";
        try (var peer = new ScriptedPeer(once, SERVES);
                var post =
                        new Post(
                                Post.settings(1, 999, Duration.ofSeconds(5)), Post.routeTo(peer))) {
            post.admit(2);

            assertThat(post.attempts(2)).allMatch(DispatcherTest::isAccepted);
            assertThat(peer.connections()).isEqualTo(2);
        }
    }

    @Test
    void bodyThatFailsUnexpectedly_staysQueued() {
        try (var peer = new ScriptedPeer(SERVES);
                var post =
                        new Post(
                                Post.SETTINGS,
                                _ -> {
                                    throw new IllegalStateException("a bug, on purpose");
                                },
                                Post.routeTo(peer))) {
            post.admit(1);

            assertThat(((NotTried) post.result()).reply().toString()).startsWith("451 4.3.0");
            assertThat(post.metrics.bugs.get()).isEqualTo(1);
        }
    }

    @Test
    void close_finishesWhatIsInHand() throws InterruptedException {
        try (var peer = new ScriptedPeer(STALLS + "S: 354 go\nD:\nGATE:\nS: 250 taken");
                var post = new Post(Post.SETTINGS, Post.routeTo(peer))) {
            post.admit(1);
            peer.awaitText();
            Thread closing =
                    Thread.ofVirtual().start(() -> closeWithin(post, Duration.ofSeconds(30)));
            peer.openGate();

            assertThat(post.result()).isInstanceOf(Accepted.class);
            closing.join();
        }
    }

    @Test
    void close_givesBackWhatTheHostCannotHaveTaken() {
        try (var peer = new ScriptedPeer(STALLS + "WAIT:");
                var post = new Post(Post.SETTINGS, Post.routeTo(peer))) {
            post.admit(1);
            peer.awaitHeard("DATA");

            closeWithin(post, Duration.ofMillis(50));

            assertThat(post.hasNoFurtherAttempt()).isTrue();
            var path = new EgressPath("default", new Site("smtp://127.0.0.1:" + peer.port()));
            assertThat(post.schedule.readyEntries(path, post.clock.instant())).isEqualTo(1);
        }
    }

    @Test
    void close_settlesWhatTheHostMayHaveTaken() {
        try (var peer = new ScriptedPeer(STALLS + "S: 354 go\nD:\nWAIT:");
                var post = new Post(Post.SETTINGS, Post.routeTo(peer))) {
            post.admit(1);
            peer.awaitText();

            closeWithin(post, Duration.ofMillis(50));

            AttemptResult result = post.result();
            assertThat(((ConnectionLost) result).stage()).isEqualTo(Stage.END_OF_DATA);
        }
    }

    @Test
    void close_whileConnecting_givesBack() {
        try (var peer = new ScriptedPeer("WAIT:");
                var post = new Post(Post.SETTINGS, Post.routeTo(peer))) {
            post.admit(1);
            peer.awaitConnection();

            closeWithin(post, Duration.ofMillis(50));

            assertThat(post.hasNoFurtherAttempt()).isTrue();
        }
    }

    @Test
    void reload_leadsNewMailElsewhere() {
        try (var before = new ScriptedPeer(SERVES);
                var after = new ScriptedPeer(SERVES);
                var post = new Post(Post.SETTINGS, Post.routeTo(before))) {
            post.admit(1);
            post.attempt();

            post.dispatcher.reload(post.plan(Post.SETTINGS, Post.routeTo(after)));
            post.admit("b@y.test");

            assertThat(post.result()).isInstanceOf(Accepted.class);
            assertThat(after.texts()).hasSize(1);
        }
    }

    @Test
    void domainThatLostItsRoute_fallsAlone() {
        String text = "C: MAIL\nC: RCPT\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\nD:\n";
        String first =
                "S: 220 x\nC: EHLO\nS: 250-x\nS: 250 PIPELINING\n"
                        + (text + "S: 250 taken\n")
                        + (text + "GATE:\nS: 250 taken\nC: QUIT\nS: 221 bye");
        try (var peer = new ScriptedPeer(first, SERVES)) {
            DeliverySettings settings = mxSettings(peer, 1);
            try (var post = new Post(settings)) {
                post.dns
                        .with("gone.test. 300 IN MX 10 mx.test.")
                        .with("stays.test. 300 IN MX 10 mx.test.")
                        .with("mx.test. 300 IN A 127.0.0.1");
                post.admit("a@gone.test");
                assertThat(post.result()).isInstanceOf(Accepted.class);
                post.admit("a@stays.test");
                peer.awaitTexts(2);

                post.dns.forget("gone.test.");
                post.dns.with("gone.test. 300 IN MX 0 .");
                // A changed route: what was known of sites is not known any more.
                post.dispatcher.reload(post.plan(settings, Post.route("other.test", peer)));
                post.admit("b@gone.test");
                post.admit("c@gone.test");
                post.admit("b@stays.test");
                post.admit("c@stays.test");
                peer.openGate();

                List<Attempt> attempts = post.attempts(5);
                assertThat(((NotTried) attempts.get(1).results().getFirst()).reply().code())
                        .isEqualTo(556);
                assertThat(attempts)
                        .extracting(attempt -> attempt.entry().domain().value())
                        .containsExactly(
                                "stays.test", "gone.test", "gone.test", "stays.test", "stays.test");
                assertThat(peer.texts()).hasSize(4);
                assertThat(peer.connections()).isEqualTo(2);
            }
        }
    }

    private static boolean isAccepted(Attempt attempt) {
        return attempt.results().getFirst() instanceof Accepted;
    }

    /// MX hosts listen where `peer` does.
    private static DeliverySettings mxSettings(ScriptedPeer peer, int perPath) {
        return new DeliverySettings(
                peer.port(),
                List.of(Network.parse("127.0.0.0/8").orElseThrow()),
                perPath,
                100,
                1_000,
                Duration.ofSeconds(20),
                Hosts.LONG);
    }

    private static void closeWithin(Post post, Duration drain) {
        try {
            post.dispatcher.close(drain);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
