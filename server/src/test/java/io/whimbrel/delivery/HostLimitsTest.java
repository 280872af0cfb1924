package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.Rate;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// Hosts that say how much they take (LIMITS, RFC 9422).
@Timeout(60)
final class HostLimitsTest {
    private static final DeliverySettings ONE_CONNECTION =
            Post.settings(1, 1_000, Duration.ofSeconds(2));

    private static final String TAKES_ONE =
            """
            C: RCPT
            C: DATA
            S: 250 ok
            S: 250 ok
            S: 354 go
            D:
            S: 250 taken
            """;

    @Test
    void rcptMax_splitsTheEntry() {
        try (var peer =
                        new ScriptedPeer(
                                hello("LIMITS RCPTMAX=2")
                                        + """
                                        C: MAIL
                                        C: RCPT TO:<a@x.test>
                                        C: RCPT TO:<b@x.test>
                                        C: DATA
                                        S: 250 ok
                                        S: 250 ok
                                        S: 550 no b
                                        S: 354 go
                                        D:
                                        S: 250 taken as 1
                                        C: MAIL
                                        C: RCPT TO:<c@x.test>
                                        C: DATA
                                        S: 250 ok
                                        S: 250 ok
                                        S: 354 go
                                        D:
                                        S: 250 taken as 2
                                        """);
                var post = new Post(ONE_CONNECTION, Post.routeTo(peer))) {
            post.admit("a@x.test", "b@x.test", "c@x.test");

            assertThat(said(post.attempts(2)))
                    .containsExactly("250 taken as 1", "550 no b", "250 taken as 2");
            assertThat(peer.texts()).hasSize(2);
            peer.verify();
        }
    }

    @Test
    void mailMax_leavesTheRestForTheNextSession() {
        String hello = hello("LIMITS RCPTMAX=1 MAILMAX=1");
        try (var peer =
                        new ScriptedPeer(
                                hello + "C: MAIL\n" + TAKES_ONE + "C: QUIT\nS: 221 bye\n",
                                hello + "C: MAIL\n" + TAKES_ONE + "C: QUIT\nS: 221 bye\n");
                var post = new Post(ONE_CONNECTION, Post.routeTo(peer))) {
            post.admit("a@x.test", "b@x.test");

            assertThat(said(post.attempts(2))).containsExactly("250 taken", "250 taken");
            assertThat(peer.connections()).isEqualTo(2);
        }
    }

    @Test
    void sessionThatEndsBetweenTransactions_leavesTheRestUntried() {
        String hello = hello("LIMITS RCPTMAX=1");
        try (var peer =
                        new ScriptedPeer(
                                hello + "C: MAIL\n" + TAKES_ONE + "C: MAIL\nS: 421 enough\nX:",
                                hello + "C: MAIL\n" + TAKES_ONE);
                var post = new Post(ONE_CONNECTION, Post.routeTo(peer))) {
            post.admit("a@x.test", "b@x.test");

            List<Attempt> attempts = post.attempts(2);
            assertThat(said(attempts)).containsExactly("250 taken", "250 taken");
            assertThat(attempts).allMatch(attempt -> attempt.entry().attempts() == 0);
        }
    }

    /// Each transaction writes MAIL, and limits count that.
    @Test
    void rcptMax_eachTransactionIsCounted() {
        String hello = hello("LIMITS RCPTMAX=1");
        try (var peer = new ScriptedPeer(hello + ("C: MAIL\n" + TAKES_ONE).repeat(2) + "WAIT:");
                var post = new Post(ONE_CONNECTION, Post.routeTo(peer))) {
            post.limiter.reload(List.of(rate("2/d")));
            post.admit("a@x.test", "b@x.test", "c@x.test", "d@x.test");

            assertThat(said(post.attempts(2))).containsExactly("250 taken", "250 taken");
            assertThat(post.hasNoFurtherAttempt()).isTrue();
        }
    }

    private static LimitSettings rate(String rate) {
        return new LimitSettings(
                "w.toml:1",
                LimitScope.ALL,
                Set.of(),
                List.of(Rate.parse(rate).orElseThrow()),
                OptionalInt.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    private static String hello(String limits) {
        return "S: 220 mx.test ESMTP\nC: EHLO\nS: 250-mx.test\nS: 250-PIPELINING\nS: 250 "
                + limits
                + "\n";
    }

    private static List<String> said(List<Attempt> attempts) {
        List<String> said = new ArrayList<>();
        for (Attempt attempt : attempts) {
            for (AttemptResult result : attempt.results()) {
                said.add(
                        switch (result) {
                            case Accepted(_, var reply) -> reply.toString();
                            case Refused(_, _, var reply) -> reply.toString();
                            case AttemptResult.NotTried _,
                                    AttemptResult.ConnectionLost _,
                                    AttemptResult.Overdue _ ->
                                    result.toString();
                        });
            }
        }
        return said;
    }
}
