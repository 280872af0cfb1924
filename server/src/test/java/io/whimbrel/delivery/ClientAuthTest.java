package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.routing.Credentials;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.wire.Wire;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ProtocolException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

@Timeout(30)
final class ClientAuthTest {
    private static final HostAddress ELSEWHERE =
            new HostAddress("relay.test", InetAddress.ofLiteral("192.0.2.1"), 587);
    private static final String TLS = "TLSv1.3 X";

    private final Hosts hosts = new Hosts();

    @TempDir private Path folder;

    private Path secret;

    @BeforeEach
    void writeSecret() throws IOException {
        secret = folder.resolve("secret");
        Files.writeString(secret, "tanstaaf\n");
    }

    @AfterEach
    void close() {
        hosts.close();
    }

    @Test
    void plain_goesWithTheCommand() throws IOException {
        assertThat(login("PLAIN", "C: AUTH PLAIN AHRpbQB0YW5zdGFhZg==\nS: 235 2.7.0 in")).isEmpty();
    }

    @Test
    void login_answersTwoQuestions() throws IOException {
        assertThat(
                        login(
                                "LOGIN",
                                """
                                C: AUTH LOGIN
                                S: 334 VXNlcm5hbWU6
                                C: dGlt
                                S: 334 UGFzc3dvcmQ6
                                C: dGFuc3RhYWY=
                                S: 235 2.7.0 in
                                """))
                .isEmpty();
    }

    /// The example of RFC 2195 §2, whose user is tim.
    @Test
    void cramMd5_provesThePassword() throws IOException {
        Files.writeString(secret, "tanstaaftanstaaf");

        assertThat(
                        login(
                                "PLAIN CRAM-MD5",
                                """
                                C: AUTH CRAM-MD5
                                S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
                                C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
                                S: 235 in
                                """))
                .isEmpty();
    }

    @Test
    void longSecret_comesInALineOfItsOwn() throws IOException {
        Files.writeString(secret, "x".repeat(900));

        assertThat(login("PLAIN", "C: AUTH PLAIN\nS: 334 \nC: AHRpbQB4eHh4\nS: 235 in")).isEmpty();
    }

    @Test
    void token_goesByXoauth2() throws IOException {
        String encoded = "dXNlcj10aW0BYXV0aD1CZWFyZXIgdGFuc3RhYWYBAQ==";
        var credentials = new Credentials("tim", Credentials.Kind.TOKEN, secret, false);

        assertThat(
                        login(
                                "PLAIN XOAUTH2",
                                "C: AUTH XOAUTH2 " + encoded + "\nS: 235 in",
                                ELSEWHERE,
                                credentials,
                                TLS))
                .isEmpty();
    }

    @Test
    void refusedToken_isAnsweredBeforeTheVerdict() throws IOException {
        var credentials = new Credentials("tim", Credentials.Kind.TOKEN, secret, false);

        Optional<AttemptResult> result =
                login(
                        "OAUTHBEARER XOAUTH2",
                        "C: AUTH OAUTHBEARER\nS: 334 eyJ9\nC: AQ==\nS: 535 5.7.8 stale",
                        ELSEWHERE,
                        credentials,
                        TLS);

        assertThat(reply(result).toString()).endsWith("535 5.7.8 stale");
    }

    @Test
    void unknownMechanism_isFollowedByTheNext() throws IOException {
        assertThat(
                        login(
                                "PLAIN LOGIN",
                                """
                                C: AUTH PLAIN
                                S: 504 5.5.4 no
                                C: AUTH LOGIN
                                S: 334 VXNlcm5hbWU6
                                C: dGlt
                                S: 334 UGFzc3dvcmQ6
                                C: dGFuc3RhYWY=
                                S: 235 2.7.0 in
                                """))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"535 5.7.8 bad", "454 4.7.0 later", "530 5.7.0 hm", "421 4.3.2 bye"})
    void refusal_defersAndNamesHostAndUser(String answer) throws IOException {
        Optional<AttemptResult> result = login("PLAIN", "C: AUTH PLAIN\nS: " + answer);

        assertThat(result.orElseThrow()).isInstanceOf(Refused.class);
        assertThat(reply(result).toString())
                .isEqualTo(
                        "454 4.7.8 relay.test [192.0.2.1]:587 refuses the login of tim: " + answer);
    }

    @ParameterizedTest
    @ValueSource(strings = {"no tanstaaf", "what is AHRpbQB0YW5zdGFhZg== ?", "dGFuc3RhYWY="})
    void hostThatRepeatsThePassword_isNotQuoted(String text) throws IOException {
        Optional<AttemptResult> result = login("PLAIN", "C: AUTH PLAIN\nS: 535 " + text);

        assertThat(result.toString())
                .contains("535 (its text repeats the password)")
                .doesNotContain(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PLAIN LOGIN", "XOAUTH2", "CRAM-MD5", "SCRAM-SHA-256"})
    void withoutTls_noPasswordIsTold(String offered) throws IOException {
        Optional<AttemptResult> result = login(offered, "X:", ELSEWHERE, credentials(false), "");

        assertThat(result.orElseThrow()).isInstanceOf(NotTried.class);
        assertThat(reply(result).toString()).startsWith("454 4.7.0 relay.test").contains(offered);
    }

    @Test
    void withoutTlsWhereAllowed_aProofIsGiven() throws IOException {
        String script = "C: AUTH CRAM-MD5\nS: 334 PDE4OTY+\nC: dGltI\nS: 235 in";

        assertThat(login("PLAIN CRAM-MD5", script, ELSEWHERE, credentials(true), "")).isEmpty();
    }

    @Test
    void withoutTlsWhereAllowed_thePasswordIsTold() throws IOException {
        String script = "C: AUTH PLAIN AHRpbQB0YW5zdGFhZg==\nS: 235 in";

        assertThat(login("PLAIN", script, ELSEWHERE, credentials(true), "")).isEmpty();
        var here = new HostAddress("", ScriptedPeer.loopback(), 25);
        assertThat(login("PLAIN", script, here, credentials(false), "")).isEmpty();
    }

    @Test
    void hostWithoutAuth_isNotTried() throws IOException {
        assertThat(reply(login("", "X:")).toString()).contains("offers no AUTH");
    }

    @Test
    void missingSecret_isNamed() throws IOException {
        Files.delete(secret);

        assertThat(reply(login("PLAIN", "X:")).toString())
                .startsWith("451 4.3.5 " + secret + " has no secret");
    }

    @Test
    void scramWithAnOddChallenge_breaksOff() {
        assertThatThrownBy(() -> login("SCRAM-SHA-256", "C: AUTH SCRAM-SHA-256\nS: 334 cj14"))
                .isInstanceOf(ProtocolException.class);
        assertThatThrownBy(() -> login("SCRAM-SHA-256", "C: AUTH SCRAM-SHA-256\nS: 334 ???"))
                .isInstanceOf(ProtocolException.class);
    }

    @Test
    void scramWithoutProofOfTheHost_breaksOff() {
        assertThatThrownBy(() -> login("SCRAM-SHA-256", "C: AUTH SCRAM-SHA-256\nS: 334 ="))
                .isInstanceOf(ProtocolException.class);
    }

    private Optional<AttemptResult> login(String offered, String script) throws IOException {
        return login(offered, script, ELSEWHERE, credentials(false), TLS);
    }

    private Optional<AttemptResult> login(
            String offered, String script, HostAddress host, Credentials credentials, String tls)
            throws IOException {
        var extensions = Extensions.parse(SmtpReply.plain(250, "relay.test", "AUTH " + offered));
        try (var peer = new ScriptedPeer(script);
                var socket = new Socket(ScriptedPeer.loopback(), peer.port())) {
            var wire = new Wire(socket, hosts.watchdog, Hosts.LONG.dataBlock());
            Optional<AttemptResult> result =
                    new ClientAuth(Hosts.LONG.command())
                            .login(wire, extensions, host, credentials, tls);
            peer.verify();
            return result;
        }
    }

    private Credentials credentials(boolean mayGoInPlainText) {
        return new Credentials("tim", Credentials.Kind.PASSWORD, secret, mayGoInPlainText);
    }

    private static SmtpReply reply(Optional<AttemptResult> result) {
        return switch (result.orElseThrow()) {
            case Refused(var _, var _, SmtpReply reply) -> reply;
            case NotTried(SmtpReply reply) -> reply;
            case AttemptResult other -> throw new AssertionError(other.toString());
        };
    }
}
