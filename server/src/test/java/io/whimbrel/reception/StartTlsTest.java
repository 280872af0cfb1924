package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.auth.UsersFile;
import io.whimbrel.tls.ServerTlsSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// What a dialogue cannot say of STARTTLS (RFC 3207) and AUTH (RFC 4954): packets, files, limits.
class StartTlsTest {
    private static final String INJECTED =
            """
            EHLO evil.example
            MAIL FROM:<evil@example.com>
            RCPT TO:<a@example.org>
            DATA
            x
            .
            """
                    .replace("\n", "\r\n");

    @TempDir private Path folder;

    private TestFiles files() {
        return new TestFiles(folder);
    }

    private TestReception start(TlsMode mode, AuthSettings.Mode auth) {
        return TestReception.start(
                new TestListens()
                        .tls(mode, ServerTlsSettings.of(files().certificate("mx")))
                        .auth(TestReception.auth(auth, files().users()))
                        .relayFrom(
                                auth == AuthSettings.Mode.REQUIRED
                                        ? TestReception.NOBODY
                                        : TestReception.EVERYBODY)
                        .settings());
    }

    /// CVE-2011-0411: a man in the middle puts commands behind STARTTLS, and they must not count as
    /// said under TLS.
    @ParameterizedTest
    @ValueSource(strings = {"NOOP\r\n", "NOO", "RSET\r\nMAIL FROM:<evil@example.com>\r\n", "\n"})
    void plainTextBehindStartTls_inTheSamePacket_isDiscarded(String injected) throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.OPTIONAL);
                var talk = reception.greeted()) {
            talk.send("STARTTLS\r\n" + injected);
            talk.expect("220");
            talk.beginTls();
            talk.command("MAIL FROM:<sender@example.com>", "503 5.5.1 Send EHLO");
            talk.command("EHLO client.example", "250");
            talk.command("RCPT TO:<a@example.org>", "503 5.5.1 Send MAIL first");
            talk.command("NOOP", "250");
            assertThat(reception.mail.stored()).isEmpty();
        }
    }

    @Test
    void wholeMessageBehindStartTls_isDiscarded() throws IOException {
        try (var reception = start(TlsMode.REQUIRED, AuthSettings.Mode.OPTIONAL);
                var talk = reception.greeted()) {
            talk.send("STARTTLS\r\n" + INJECTED);
            talk.expect("220");
            talk.beginTls();
            talk.command("NOOP", "250 2.0.0");
            assertThat(reception.mail.stored()).isEmpty();
        }
    }

    /// In a later packet it is no TLS record, and the connection ends without an answer.
    @Test
    void plainTextBehindStartTls_inALaterPacket_endsTheConnection() throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.OPTIONAL);
                var talk = reception.greeted()) {
            talk.command("STARTTLS", "220");
            talk.send(INJECTED);
            String said = talk.readRest();
            assertThat(said).doesNotContain("250", "354", "503");
            assertThat(reception.mail.stored()).isEmpty();
            assertThat(reception.metrics.tlsFailures.get()).isEqualTo(1);
            assertThat(reception.metrics.bugs.get()).isZero();
        }
    }

    @Test
    void plainTextOnAnImplicitListener_isNeverAnswered() throws IOException {
        try (var reception = start(TlsMode.IMPLICIT, AuthSettings.Mode.OPTIONAL);
                var talk = reception.connect()) {
            talk.send(INJECTED);
            assertThat(talk.readRest()).doesNotContain("220", "250");
            assertThat(reception.mail.stored()).isEmpty();
            assertThat(reception.metrics.bugs.get()).isZero();
        }
    }

    /// RFC 3207 §4.2: the name said before TLS is not the one in the trace.
    @Test
    void ehloBeforeTls_isForgotten() throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.OPTIONAL);
                var talk = reception.connect()) {
            talk.expect("220");
            talk.command("EHLO evil.example", "250");
            talk.startTls();
            talk.openData("a@example.org");
            talk.command("x\r\n.", "250");
            assertThat(reception.onlyMessage().text())
                    .startsWith("Received: from client.example ([127.0.0.1])\r\n")
                    .contains("with ESMTPS id");
            assertThat(reception.metrics.tlsSessions.get()).isEqualTo(1);
        }
    }

    @Test
    void wrongPassword_replies535_andTheSessionGoesOn() throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.REQUIRED);
                var talk = reception.greeted()) {
            talk.startTls();
            talk.command("AUTH PLAIN " + TestFiles.plain("shop", "wrong"), "535 5.7.8");
            talk.command("MAIL FROM:<sender@example.com>", "530 5.7.0");
            talk.command("AUTH PLAIN " + TestFiles.plain("shop"), "235 2.7.0");
            talk.command("MAIL FROM:<sender@example.com>", "250");
        }
    }

    /// RFC 4954 §4: 12,288 octets.
    @Test
    void lineOfTheExchange_beyondTheLimit_replies500_andTheExchangeIsOver() throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.OPTIONAL);
                var talk = reception.greeted()) {
            talk.startTls();
            talk.command("AUTH PLAIN", "334");
            talk.command("A".repeat(12_289), "500 5.5.6");
            talk.command("NOOP", "250");
            talk.command("AUTH PLAIN", "334");
            talk.command("A".repeat(12_288), "501 5.5.2");
            talk.command("AUTH PLAIN " + "A".repeat(5_000), "501 5.5.2");
            talk.command("AUTH PLAIN " + "A".repeat(13_000), "500 5.5.6");
            talk.command("AUTH PLAIN", "334");
            talk.command("A".repeat(40_000), "500 5.5.6");
            talk.command("NOOP", "250");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"AGE\n", "AG\rE\r\n", "AG\0E\r\n"})
    void brokenLineOfTheExchange_endsTheSession(String line) throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.OPTIONAL);
                var talk = reception.greeted()) {
            talk.startTls();
            talk.command("AUTH PLAIN", "334");
            talk.send(line + "NOOP\r\n");
            talk.expect("500 5.5.2");
            talk.expectClosed();
        }
    }

    /// The response may not be taken for a command, nor a pipelined command for a response.
    @Test
    void exchange_takesTheNextLine_whateverItSays() throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.OPTIONAL);
                var talk = reception.greeted()) {
            talk.startTls();
            talk.send("AUTH PLAIN\r\nMAIL FROM:<sender@example.com>\r\nNOOP\r\n");
            talk.expect("334");
            talk.expect("501 5.5.2");
            talk.expect("250 2.0.0");
            talk.command("RCPT TO:<a@example.org>", "503 5.5.1 Send MAIL first");
        }
    }

    @Test
    void disconnect_inTheExchange_leavesNothing() throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.OPTIONAL)) {
            try (var talk = reception.greeted()) {
                talk.startTls();
                talk.command("AUTH LOGIN", "334");
            }
            assertThat(reception.metrics.bugs.get()).isZero();
        }
    }

    @Test
    void userRemovedBetweenMessages_sendsNothingMore() throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.REQUIRED);
                var talk = reception.greeted()) {
            talk.startTls();
            talk.command("AUTH PLAIN " + TestFiles.plain("shop"), "235");
            talk.openData("a@example.org");
            talk.command("x\r\n.", "250");
            talk.command("MAIL FROM:<sender@example.com>", "250");
            new UsersFile(files().users()).remove("shop");
            talk.command("RSET", "250");
            talk.command("MAIL FROM:<sender@example.com>", "421 4.7.0 This login holds no longer");
            talk.expectClosed();
            assertThat(reception.mail.stored()).hasSize(1);
        }
    }

    /// A record holds more than the session has room for while it waits for a command.
    @ParameterizedTest
    @ValueSource(ints = {5, 13, 40, 200, 400})
    void pipelinedTransaction_inOneRecord_losesNothing(int recipients) throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.OPTIONAL);
                var talk = reception.greeted()) {
            talk.startTls();
            var packet = new StringBuilder("MAIL FROM:<sender@example.com>\r\n");
            for (int i = 0; i < recipients; i++) {
                packet.append("RCPT TO:<recipient-number-").append(i).append("@example.org>\r\n");
            }
            talk.send(packet + "BDAT 3 LAST\r\nx\r\nNOOP\r\n");
            for (int i = 0; i < recipients + 3; i++) {
                talk.expect("250");
            }
            assertThat(reception.onlyMessage().envelope().recipients()).hasSize(recipients);
        }
    }

    @Test
    void secrets_areInNoAnswer() throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.OPTIONAL);
                var talk = reception.greeted()) {
            talk.startTls();
            String secret = TestFiles.base64("s3cr3t");
            talk.sendLine("AUTH PLAIN " + secret);
            assertThat(talk.readReply().toString()).doesNotContain(secret, "s3cr3t");
            talk.sendLine("AUTH PLAIN " + secret + " more");
            assertThat(talk.readReply().toString()).startsWith("[5").doesNotContain(secret);
        }
    }

    @Test
    void bytes_underTls_arriveAsTheyAre() throws IOException {
        try (var reception = start(TlsMode.STARTTLS, AuthSettings.Mode.OPTIONAL);
                var talk = reception.greeted()) {
            talk.startTls();
            var text = new StringBuilder();
            for (int i = 0; i < 20_000; i++) {
                text.append("line ").append(i).append(" \u00e4\r\n");
            }
            byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
            talk.command("MAIL FROM:<sender@example.com>", "250");
            talk.command("RCPT TO:<a@example.org>", "250");
            talk.send("BDAT " + body.length + " LAST\r\n");
            talk.send(body);
            talk.expect("250");
            String sent = reception.onlyMessage().sent();
            assertThat(sent.getBytes(StandardCharsets.ISO_8859_1)).isEqualTo(body);
        }
    }
}
