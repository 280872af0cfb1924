package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.TestNameServer;
import io.whimbrel.verification.VerificationSettings;
import io.whimbrel.verification.VerificationSettings.Check;
import io.whimbrel.verification.VerificationSettings.OnFail;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.Set;

/// Mail of others to domains of ours is verified; mail of our own clients is not.
class VerificationSessionTest {
    private static final int ROOM = 1 << 20;

    private final ArrivingBodies arriving = new ArrivingBodies(ROOM);
    private TestNameServer dns;
    private TestReception reception;

    @BeforeEach
    void start() {
        dns =
                new TestNameServer()
                        .with("good.example. 300 IN TXT \"v=spf1 ip4:192.0.2.7 -all\"")
                        .with("bad.example. 300 IN TXT \"v=spf1 -all\"")
                        .with("_dmarc.strict.example. 300 IN TXT \"v=DMARC1; p=reject\"");
        var settings = new VerificationSettings(Set.of(Check.DMARC), OnFail.REJECT, OnFail.REJECT);
        TestListens listens =
                new TestListens()
                        .proxied()
                        .inbound("ours.example")
                        .relayFrom(TestReception.networks("198.51.100.0/24"))
                        .verified(settings);
        reception = TestReception.start(listens.settings(), dns.settings(), arriving);
    }

    @AfterEach
    void stop() {
        reception.close();
        dns.close();
    }

    private SmtpTalk from(String client) throws IOException {
        SmtpTalk talk = reception.connect();
        talk.send("PROXY TCP4 " + client + " 203.0.113.1 50000 25\r\n");
        talk.expect("220");
        talk.command("EHLO client.example", "250");
        return talk;
    }

    private static void send(SmtpTalk talk, String sender, String message, String reply)
            throws IOException {
        talk.command("MAIL FROM:<" + sender + ">", "250");
        talk.command("RCPT TO:<a@ours.example>", "250");
        talk.command("DATA", "354");
        talk.send(message + "\r\n.\r\n");
        talk.expect(reply);
    }

    private void assertNothingIsHeld(SmtpTalk talk) throws IOException {
        talk.command("NOOP", "250");
        assertThat(arriving.level().used()).isZero();
        assertThat(reception.mail.open()).isZero();
        assertThat(reception.metrics.bugs.get()).isZero();
    }

    @Test
    void verdict_standsAtTheTop_andForgedOnesAreGone() throws IOException {
        try (var talk = from("192.0.2.7")) {
            String others = "Authentication-Results: other.example; spf=fail\r\n";
            String forged =
                    """
                    Authentication-Results: mx.example.com; dmarc=pass
                    authentication-results:
                     (x) MX.example.com;
                     spf=pass
                    """
                            .replace("\n", "\r\n");
            String rest = "From: a@good.example\r\nSubject: x\r\n\r\nAuthentication-Results: b\r\n";
            send(talk, "a@good.example", forged + others + rest, "250");
            String text = reception.onlyMessage().text();
            assertThat(text)
                    .startsWith(
                            "Authentication-Results: mx.example.com;\r\n\tspf=pass smtp.mailfrom=")
                    .contains("dmarc=none")
                    .containsOnlyOnce("mx.example.com;")
                    .endsWith(others + rest + "\r\n");
            assertThat(text.indexOf("\r\nReceived: from client.example ([192.0.2.7])"))
                    .isPositive()
                    .isLessThan(text.indexOf(others));
            assertNothingIsHeld(talk);
        }
    }

    @Test
    void spfFailure_refuses_andTheSessionGoesOn() throws IOException {
        try (var talk = from("192.0.2.7")) {
            send(talk, "a@bad.example", "From: a@bad.example\r\n\r\nx", "550 5.7.23");
            assertNothingIsHeld(talk);
            send(talk, "a@good.example", "From: a@good.example\r\n\r\nx", "250");
            assertThat(reception.mail.stored()).hasSize(1);
        }
    }

    @Test
    void dmarcFailure_refuses() throws IOException {
        try (var talk = from("192.0.2.7")) {
            send(talk, "a@good.example", "From: ceo@strict.example\r\n\r\nx", "550 5.7.26");
            assertNothingIsHeld(talk);
            assertThat(reception.mail.stored()).isEmpty();
        }
    }

    @Test
    void failureOfTheDns_refusesForNow() throws IOException {
        dns.mood(TestNameServer.Mood.SERVFAIL);
        try (var talk = from("192.0.2.7")) {
            send(talk, "a@good.example", "From: a@good.example\r\n\r\nx", "451 4.7.24");
            assertNothingIsHeld(talk);
        }
    }

    @Test
    void messageBeyondTheMemory_refusesForNow_andLeaksNothing() throws IOException {
        try (var talk = from("192.0.2.7")) {
            String line = "x".repeat(98) + "\r\n";
            String big = "From: a@good.example\r\n\r\n" + line.repeat(2 * ROOM / 100);
            send(talk, "a@good.example", big, "452 4.3.1");
            assertNothingIsHeld(talk);
            assertThat(arriving.level().felt()).isEqualTo(1);
            send(
                    talk,
                    "a@good.example",
                    "From: a@good.example\r\n\r\n" + line.repeat(5_000),
                    "250");
            assertNothingIsHeld(talk);
            assertThat(reception.onlyMessage().text())
                    .endsWith("\r\n" + line.repeat(5_000) + "\r\n");
        }
    }

    @Test
    void messageBeyondTheMemory_leavesRoomForOthers_whileItStillComes() throws IOException {
        try (var big = from("192.0.2.7");
                var other = from("192.0.2.7")) {
            big.command("MAIL FROM:<a@good.example>", "250");
            big.command("RCPT TO:<a@ours.example>", "250");
            String part = ("x".repeat(98) + "\r\n").repeat(ROOM / 50);
            big.send("BDAT " + part.length() + "\r\n" + part);
            big.expect("250");
            send(other, "a@good.example", "From: a@good.example\r\n\r\nx", "250");
            big.command("BDAT 0 LAST", "452 4.3.1");
            assertNothingIsHeld(big);
        }
    }

    @Test
    void disconnect_inAHeldMessage_leaksNothing() throws IOException {
        try (var talk = from("192.0.2.7")) {
            talk.openData("a@ours.example");
            talk.send("From: a@good.example\r\n\r\n" + "x\r\n".repeat(50_000));
            talk.shutdownOutput();
            assertThat(talk.readRest()).isEmpty();
        }
        try (var talk = from("192.0.2.7")) {
            assertNothingIsHeld(talk);
        }
    }

    @Test
    void mailOfOurClients_isNotVerified_norHeld() throws IOException {
        try (var talk = from("198.51.100.7")) {
            String message =
                    "Authentication-Results: mx.example.com; x=y\r\nFrom: a@bad.example\r\n";
            send(talk, "a@bad.example", message + "\r\nx", "250");
            assertThat(reception.onlyMessage().text()).startsWith("Received: ");
            assertThat(reception.onlyMessage().sent()).isEqualTo(message + "\r\nx\r\n");
            assertThat(dns.questions()).isZero();
        }
    }
}
