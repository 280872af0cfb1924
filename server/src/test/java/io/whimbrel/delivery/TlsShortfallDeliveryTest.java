package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.tls.ProtocolMinimum;
import io.whimbrel.transport.DaneAnswer;
import io.whimbrel.transport.TlsLevel;
import io.whimbrel.transport.TlsOutSettings;
import io.whimbrel.transport.TlsState;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What becomes of mail where no host has the TLS that its domain is to have.
@Timeout(60)
final class TlsShortfallDeliveryTest {
    private static final String PLAIN = "S: 220 x\nC: EHLO\nS: 250-mx.test\nS: 250 PIPELINING\n";

    private static final String SERVES =
            PLAIN
                    + "C: MAIL\n"
                    + "C: RCPT\n"
                    + "C: DATA\n"
                    + "S: 250 ok\n"
                    + "S: 250 ok\n"
                    + "S: 354 go\n"
                    + "D:\n"
                    + "S: 250 taken\n";

    @TempDir private Path folder;

    @Test
    void messageThatNeedsNoTls_goesPlain_whileOthersOfItsDomainWait() throws IOException {
        try (var peer = new ScriptedPeer(PLAIN + "C: QUIT\nS: 221 bye", SERVES);
                var post = post(peer)) {
            post.admit("strict@x.test");
            assertThat(post.result())
                    .isInstanceOfSatisfying(
                            NotTried.class,
                            it -> assertThat(it.reply().toString()).startsWith("451 4.7.10"));

            post.admit(MailParameters.NONE.withTls(TlsRequirement.OPTIONAL), "careless@x.test");

            Attempt attempt = post.attempt();
            assertThat(attempt.results().getFirst()).isInstanceOf(Accepted.class);
        }
    }

    @Test
    void shortfallIsRemembered_soThatTheNextMessageCostsNoConnection() throws IOException {
        try (var peer = new ScriptedPeer(PLAIN + "C: QUIT\nS: 221 bye", SERVES);
                var post = post(peer)) {
            post.admit("one@x.test");
            post.attempt();
            int connections = peer.connections();

            post.admit("two@x.test");

            assertThat(post.result()).isInstanceOf(NotTried.class);
            assertThat(peer.connections()).isEqualTo(connections);
        }
    }

    private Post post(ScriptedPeer peer) throws IOException {
        var post = new Post(Post.SETTINGS, Post.routeTo(peer));
        DeliveryPlan plain = post.plan(Post.SETTINGS, Post.routeTo(peer));
        var settings =
                new TlsOutSettings(
                        TlsLevel.ENCRYPT,
                        ProtocolMinimum.TLS_1_2,
                        Duration.ofSeconds(30),
                        Duration.ofDays(3),
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        false,
                        443,
                        List.of());
        var tls =
                new TlsState(folder, post.clock, post.metrics)
                        .open(
                                settings,
                                Map.of(),
                                new Resolver(post.dns.settings(), post.clock),
                                List.of(),
                                (_, _, _) -> new DaneAnswer.None());
        post.dispatcher.reload(
                new DeliveryPlan(
                        Post.SETTINGS, plain.pools(), plain.routing(), tls, TestMail.NO_CAMPAIGNS));
        return post;
    }
}
