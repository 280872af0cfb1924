package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.Destinations;
import io.whimbrel.mail.Network;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.transport.BrokenTls;
import io.whimbrel.transport.DaneAnswer;
import io.whimbrel.transport.OutboundTls;
import io.whimbrel.transport.StsAnswer;
import io.whimbrel.transport.StsPolicy;
import io.whimbrel.transport.TlsMemory;
import io.whimbrel.transport.TlsOutSettings;
import io.whimbrel.transport.TlsResults;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// Hosts that break off, refuse or are not there, and what becomes of the mail beside: what
/// KumoMTA's tests of broken peers check, with whole dispatchers.
@Timeout(60)
final class PeerMishapsTest {
    private static final String SERVES = "S: 220 mx.test\nSERVE:";
    private static final String GREETS = "S: 220 x\nC: EHLO\nS: 250-x\nS: 250 PIPELINING\n";
    private static final String TAKES =
            "C: MAIL\nC: RCPT\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\nD:\n";
    private static final String LATER =
            "C: MAIL\nC: RCPT\nC: DATA\nS: 250 ok\nS: 451 4.2.1 later\nS: 503 no";
    private static final DeliverySettings ONE = Post.settings(1, 1_000, Duration.ofSeconds(5));

    /// broken_first_choice_mx: nobody is there, it says later, it refuses, it hangs up.
    @ParameterizedTest
    @ValueSource(strings = {"", "S: 421 4.3.2 busy", "S: 554 5.3.2 no", "X:"})
    void firstHostIsBroken_theNextTakesTheMail(String script) {
        try (var second = new ScriptedPeer(SERVES);
                var post = new Post(mx(second))) {
            Optional<ScriptedPeer> first =
                    script.isEmpty() ? Optional.empty() : Optional.of(beside(second, script));
            twoHosts(post);
            post.admit(1);

            assertThat(host(post.result())).startsWith("mx2.test ");
            assertThat(first.map(ScriptedPeer::connections).orElse(1)).isEqualTo(1);
            first.ifPresent(ScriptedPeer::close);
        }
    }

    /// disconnect_in_data_try_next: what comes next is tried at the other host.
    @ParameterizedTest
    @ValueSource(strings = {"X:", "XRST:"})
    void hostThatBreaksOffInData_defers_andTheNextHostComesFirst(String ends) {
        try (var second = new ScriptedPeer(SERVES);
                var post = new Post(mx(second));
                var first = beside(second, GREETS + TAKES + ends)) {
            twoHosts(post);
            post.admit(1);

            var lost = (ConnectionLost) post.result();
            assertThat(lost.stage()).isEqualTo(Stage.END_OF_DATA);
            assertThat(lost.peer().host()).startsWith("mx1.test ");

            post.admit(1);

            assertThat(host(post.result())).startsWith("mx2.test ");
            assertThat(first.connections()).isEqualTo(1);
        }
    }

    /// disconnect_in_data, disconnect_in_mail_from, disconnect_terminate_ok and
    /// disconnect_reconnect_same_host: one message is deferred, and those behind it are not hurt.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "C: MAIL\nS: 421 4.7.0 enough\nX:",
                "C: MAIL\nC: RCPT\nC: DATA\nS: 421 4.7.0 enough\nX:",
                "C: MAIL\nC: RCPT\nC: DATA\nS: 250 ok\nS: 421 4.7.0 enough\nX:",
                TAKES + "S: 421 4.7.0 enough\nX:",
                TAKES + "X:",
                TAKES + "S: 451 4.3.0 not now\nX:",
            })
    void hostThatBreaksOff_defersOneMessageOnly(String breaks) {
        // Proven first: a host of which nothing is known is left alone for a second.
        String first = GREETS + TAKES + "S: 250 taken\n" + breaks;
        try (var peer = new ScriptedPeer(first, SERVES);
                var post = new Post(ONE, Post.routeTo(peer))) {
            post.admit(1);
            assertThat(post.result()).isInstanceOf(Accepted.class);
            post.admit(3);

            List<Attempt> attempts = post.attempts(3);

            long accepted = attempts.stream().filter(PeerMishapsTest::isAccepted).count();
            // Where the session may have ended before it was used, the message is tried anew.
            assertThat(accepted).isBetween(2L, 3L);
            assertThat(attempts)
                    .filteredOn(attempt -> !isAccepted(attempt))
                    .allMatch(attempt -> isTransient(attempt.results().getFirst()));
            assertThat(peer.connections()).isEqualTo(2);
        }
    }

    /// disconnect_peer_idle_out: the host has had enough of waiting, and nobody notices.
    @ParameterizedTest
    @ValueSource(strings = {"GATE:\nX:", "GATE:\nXRST:", "GATE:\nS: 421 4.4.2 idle\nX:"})
    void hostThatHangsUpOnAnIdleSession_costsNoAttempt(String ends) {
        try (var peer = new ScriptedPeer(GREETS + TAKES + "S: 250 taken\n" + ends, SERVES);
                var post = new Post(ONE, Post.routeTo(peer))) {
            post.admit(1);
            assertThat(post.result()).isInstanceOf(Accepted.class);
            peer.openGate();

            post.admit(1);

            assertThat(post.result()).isInstanceOf(Accepted.class);
            assertThat(peer.connections()).isEqualTo(2);
        }
    }

    /// maildir_batch_max_per_batch.
    @Test
    void recipientsPerTransaction_splitTheMessage() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = new Post(ONE, Post.routeTo(peer))) {
            post.limiter.reload(List.of(recipients(2)));
            post.admit("a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test");

            assertThat(post.attempts(3))
                    .allMatch(PeerMishapsTest::isAccepted)
                    .extracting(attempt -> attempt.results().size())
                    .containsExactlyInAnyOrder(2, 2, 1);
            assertThat(peer.texts()).hasSize(3);
            assertThat(peer.heard()).filteredOn(line -> line.startsWith("RCPT")).hasSize(5);
        }
    }

    /// mx_list_refresh: what waits goes where the configuration says now.
    @Test
    void reload_leadsWaitingMailElsewhere() {
        try (var before = new ScriptedPeer(GREETS + LATER);
                var after = new ScriptedPeer(SERVES);
                var post = new Post(ONE, Post.routeTo(before))) {
            post.admit(1);
            assertThat(isTransient(post.result())).isTrue();

            post.dispatcher.reload(post.plan(ONE, Post.routeTo(after)));
            post.schedule.reroute(Destinations.ofPool("default"), post.clock.instant());
            tryAgain(post);

            assertThat(post.result()).isInstanceOf(Accepted.class);
            assertThat(after.texts()).hasSize(1);
            assertThat(before.connections()).isEqualTo(1);
        }
    }

    /// enforce_impossible and enforce_match: a policy that names none of the hosts defers its own
    /// domain, and no other that has the same hosts.
    @Test
    void stsPolicyThatNoHostMeets_defersItsDomainOnly() throws IOException {
        try (var peer = new ScriptedPeer(SERVES);
                var post = new Post(mx(peer))) {
            DeliveryPlan plain = post.plan(mx(peer));
            post.dispatcher.reload(
                    new DeliveryPlan(
                            plain.settings(),
                            plain.pools(),
                            plain.routing(),
                            tls(post),
                            TestMail.NO_CAMPAIGNS));
            for (String domain : List.of("broken.test", "good.test")) {
                post.dns.with(domain + ". 300 IN MX 10 mx1.test.");
            }
            post.dns.with("mx1.test. 300 IN A 127.0.0.1");
            for (int i = 0; i < 3; i++) {
                post.admit("a@broken.test");
                post.admit("a@good.test");
            }

            List<Attempt> attempts = post.attempts(6);

            assertThat(attempts)
                    .filteredOn(attempt -> attempt.entry().domain().value().equals("good.test"))
                    .hasSize(3)
                    .allMatch(PeerMishapsTest::isAccepted);
            assertThat(attempts)
                    .filteredOn(attempt -> attempt.entry().domain().value().equals("broken.test"))
                    .hasSize(3)
                    .allSatisfy(attempt ->
                            assertThat(((NotTried) attempt.results().getFirst()).reply().toString())
                                    .startsWith("451 4.7.")
                                    .contains("mx1.test", "MTA-STS"));
        }
    }

    private static OutboundTls tls(Post post) throws IOException {
        StsPolicy policy =
                StsPolicy.parse("version: STSv1\nmode: enforce\nmx: mx.other.test\nmax_age: 100")
                        .orElseThrow();
        return new OutboundTls(
                TlsOutSettings.DEFAULT,
                Map.of(),
                domain ->
                        domain.value().equals("broken.test")
                                ? new StsAnswer.Found(policy)
                                : new StsAnswer.None(),
                (_, _, _) -> new DaneAnswer.None(),
                new TlsMemory(
                        new BrokenTls(post.clock),
                        new TlsResults(post.clock),
                        post.metrics.tlsOut));
    }

    /// MX hosts listen where `peer` does.
    private static DeliverySettings mx(ScriptedPeer peer) {
        return new DeliverySettings(
                peer.port(),
                List.of(Network.parse("127.0.0.0/8").orElseThrow()),
                1,
                100,
                1_000,
                Duration.ofSeconds(5),
                Hosts.LONG);
    }

    /// On 127.0.0.2, with the same port.
    private static ScriptedPeer beside(ScriptedPeer peer, String script) {
        return new ScriptedPeer(new InetSocketAddress("127.0.0.2", peer.port()), script);
    }

    private static void twoHosts(Post post) {
        post.dns
                .with("x.test. 300 IN MX 10 mx1.test.")
                .with("x.test. 300 IN MX 20 mx2.test.")
                .with("mx1.test. 300 IN A 127.0.0.2")
                .with("mx2.test. 300 IN A 127.0.0.1");
    }

    private static void tryAgain(Post post) {
        post.clock.advance(RetrySchedule.DEFAULT.first());
        post.schedule.tick(post.clock.instant());
    }

    private static LimitSettings recipients(int most) {
        return new LimitSettings(
                "w.toml:1",
                LimitScope.ALL,
                Set.of(),
                List.of(),
                OptionalInt.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.of(most));
    }

    private static boolean isAccepted(Attempt attempt) {
        return attempt.results().getFirst() instanceof Accepted;
    }

    private static boolean isTransient(AttemptResult result) {
        return result instanceof ConnectionLost
                || (result instanceof Refused refused && refused.reply().isTransient());
    }

    private static String host(AttemptResult result) {
        assertThat(result).isInstanceOf(Accepted.class);
        return ((Accepted) result).peer().host();
    }
}
