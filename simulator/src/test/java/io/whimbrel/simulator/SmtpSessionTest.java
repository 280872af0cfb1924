package io.whimbrel.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;

class SmtpSessionTest {
    private static final String TO_BOB =
            "MAIL FROM:<alice@client.test>\r\nRCPT TO:<bob@plain.test>\r\n";

    private SimulatedInternet internet;

    @BeforeEach
    void start() throws IOException {
        internet =
                SimulatedInternet.start(
                        SimulatorOptions.of(
                                        Catalogue.of(
                                                single("plain"),
                                                single("ancient").withExtensions(Set.of()),
                                                single("seven-bit")
                                                        .withExtensions(Set.of(Extension.SIZE)),
                                                single("dsn")
                                                        .withExtensions(Set.of(Extension.DSN))))
                                .withKeptMessages(3));
    }

    private static ProviderSpec single(String name) {
        return ProviderSpec.single(name, name + ".test", Personality.ACCEPTS);
    }

    @AfterEach
    void stop() throws IOException {
        internet.close();
    }

    private ProviderCounters counters(String provider) {
        return internet.provider(provider).counters();
    }

    @Test
    void ehlo_announcesExtensions() throws IOException {
        try (var client = new TestClient(internet, "plain")) {
            client.expect("220 mx.plain.test ESMTP");
            assertThat(client.send("EHLO client.test\r\n").reply().lines())
                    .containsExactly(
                            "250-mx.plain.test at your service, [127.0.0.1]",
                            "250-PIPELINING",
                            "250-SIZE 52428800",
                            "250-8BITMIME",
                            "250-SMTPUTF8",
                            "250-ENHANCEDSTATUSCODES",
                            "250 CHUNKING");
        }
    }

    @Test
    void pipelinedTransactions_areAnsweredInOrder() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send(TO_BOB + "RCPT TO:<carol@other.test>\r\nDATA\r\n");
            client.expect("250 2.1.0");
            client.expect("250 2.1.5");
            client.expect("550 5.7.1 <carol@other.test>: Relay access denied");
            client.expect("354");
            client.send("Hi\r\n.\r\n" + TO_BOB + "RSET\r\nQUIT\r\n");
            client.expect("250 2.0.0");
            client.expect("250 2.1.0");
            client.expect("250 2.1.5");
            client.expect("250 2.0.0");
            client.expect("221 2.0.0");
            client.expectClosed();
        }
        assertThat(counters("plain").acceptedRecipients()).isEqualTo(1);
        assertThat(counters("plain").rejected())
                .containsExactly(Map.entry("550 5.7.1 <{recipient}>: Relay access denied", 1L));
        assertThat(counters("plain").protocolErrors()).isZero();
    }

    @Test
    void data_undoesDotStuffingAndKeepsEveryOctet() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send(TO_BOB + "DATA\r\n");
            client.expect("250");
            client.expect("250");
            client.expect("354");
            client.send("..one\r\n...\r\n\u00e9\r\n\r\n.\r\n").expect("250");
        }
        assertThat(internet.keptMessages()).hasSize(1);
        KeptMessage message = internet.keptMessages().getFirst();
        assertThat(message.bytes())
                .isEqualTo(".one\r\n..\r\n\u00e9\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(message.reversePath()).isEqualTo("alice@client.test");
        assertThat(message.recipients()).containsExactly("bob@plain.test");
        assertThat(message.host()).isEqualTo("mx.plain.test");
        assertThat(message.client()).isEqualTo("127.0.0.1 client.test");
        assertThat(counters("plain").bytes()).isEqualTo(message.bytes().length);
    }

    @Test
    void data_endsAtCrlfDotCrlfOnly() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send(TO_BOB + "DATA\r\n");
            client.expect("250");
            client.expect("250");
            client.expect("354");
            String smuggled = "a\n.\nb\n.\r\nc\r\n.\nQUIT\r\n.\rd\r.\r";
            client.send(smuggled + "\n.\r\n").expect("250 2.0.0 OK");
        }
        assertThat(internet.keptMessages().getFirst().text())
                .isEqualTo("a\n.\nb\n.\r\nc\r\n\nQUIT\r\n\rd\r.\r\n");
    }

    @Test
    void data_emptyMessage_isAccepted() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send(TO_BOB + "DATA\r\n");
            client.expect("250");
            client.expect("250");
            client.expect("354");
            client.send(".\r\n").expect("250");
        }
        assertThat(internet.keptMessages().getFirst().bytes()).isEmpty();
    }

    @Test
    void bdat_joinsChunks() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send(TO_BOB + "BDAT 6\r\n.\r\na\r\nBDAT 3 LAST\r\n.\r\n");
            client.expect("250 2.1.0");
            client.expect("250 2.1.5");
            client.expect("250 2.0.0");
            client.expect("250 2.0.0 OK");
        }
        assertThat(internet.keptMessages().getFirst().text()).isEqualTo(".\r\na\r\n.\r\n");
    }

    @Test
    void bdat_withoutRecipient_skipsTheChunk() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
            client.expect("503");
            client.expect("250");
        }
    }

    @Test
    void keptMessages_forgetTheOldest() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            for (int i = 0; i < 5; i++) {
                assertThat(client.deliver("user" + i + "@plain.test")).startsWith("250");
            }
        }
        assertThat(internet.keptMessages())
                .extracting(message -> message.recipients().getFirst())
                .containsExactly("user2@plain.test", "user3@plain.test", "user4@plain.test");
        assertThat(internet.keptMessages())
                .extracting(KeptMessage::text)
                .containsOnly("Subject: x\r\n\r\nHello\r\n");
    }

    @Test
    void command_endedByBareLf_isRefused() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send("NOOP\n").expect("500 5.5.2");
            client.send("NO\rOP\r\n").expect("500 5.5.2");
            client.send("NOOP\r\n").expect("250");
        }
        assertThat(counters("plain").protocolErrors()).isEqualTo(2);
    }

    @Test
    void command_tooLong_isRefusedAndSkipped() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send("NOOP " + "x".repeat(100_000) + "\r\n").expect("500 5.5.2 Line too long");
            client.send("NOOP\r\n").expect("250");
        }
    }

    @Test
    void twentyErrors_closeTheConnection() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            for (int i = 0; i < 20; i++) {
                client.send("FOO\r\n").expect("500");
            }
            client.expect("421 4.7.0");
            client.expectClosed();
        }
    }

    @Test
    void size_aboveTheLimit_isRefusedAtMail() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send("MAIL FROM:<> SIZE=52428801\r\n").expect("552 5.3.4");
            client.send("MAIL FROM:<> SIZE=52428800 BODY=8BITMIME\r\n").expect("250");
        }
    }

    @Test
    void parameter_ofExtensionNotAnnounced_isRefused() throws IOException {
        try (var client = TestClient.ready(internet, "seven-bit")) {
            client.send("MAIL FROM:<> BODY=8BITMIME\r\n").expect("555 5.5.4");
            client.send("MAIL FROM:<> RET=HDRS\r\n").expect("555 5.5.4");
            client.send("MAIL FROM:<> SIZE=10\r\n").expect("250");
            client.send("RCPT TO:<a@seven-bit.test> NOTIFY=NEVER\r\n").expect("555 5.5.4");
        }
    }

    @Test
    void dsnParameters_areKept() throws IOException {
        try (var client = TestClient.ready(internet, "dsn")) {
            client.send("MAIL FROM:<> RET=HDRS ENVID=q1\r\n").expect("250");
            client.send("RCPT TO:<a@dsn.test> NOTIFY=FAILURE\r\n").expect("250");
            client.send("DATA\r\n").expect("354");
            client.send("x\r\n.\r\n").expect("250");
        }
        assertThat(internet.keptMessages().getFirst().parameters())
                .containsExactly("RET=HDRS", "ENVID=q1", "NOTIFY=FAILURE");
    }

    @Test
    void pipelining_withoutAnnouncement_closesTheConnection() throws IOException {
        try (var client = TestClient.ready(internet, "seven-bit")) {
            client.send("MAIL FROM:<>\r\nRCPT TO:<a@seven-bit.test>\r\n").expect("503 5.5.0");
            client.expectClosed();
        }
    }

    @Test
    void serverOfRfc821_knowsOnlyHelo() throws IOException {
        try (var client = new TestClient(internet, "ancient")) {
            client.expect("220");
            client.send("EHLO client.test\r\n").expect("502");
            client.send("HELO client.test\r\n").expect("250 mx.ancient.test");
            assertThat(client.deliver("a@ancient.test")).startsWith("250");
        }
    }

    @Test
    void mail_beforeGreeting_isBadSequence() throws IOException {
        try (var client = new TestClient(internet, "plain")) {
            client.expect("220");
            client.send("MAIL FROM:<>\r\n").expect("503");
            client.send("DATA\r\n").expect("503");
        }
        assertThat(counters("plain").protocolErrors()).isEqualTo(2);
    }

    @Test
    void restOfPipelinedGroup_afterRefusedMail_isNoProtocolError() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send("MAIL FROM:<> SIZE=99999999\r\nRCPT TO:<a@plain.test>\r\nDATA\r\n");
            client.expect("552");
            client.expect("503");
            client.expect("503");
        }
        assertThat(counters("plain").protocolErrors()).isZero();
    }

    @Test
    void recipients_postmasterAndAddressLiteral_areTaken() throws IOException {
        String address = internet.provider("plain").addresses().getFirst().getHostAddress();
        try (var client = TestClient.ready(internet, "plain")) {
            client.send("MAIL FROM:<>\r\n").expect("250");
            client.send("RCPT TO:<Postmaster>\r\n").expect("250");
            client.send("RCPT TO:<a@[" + address + "]>\r\n").expect("250");
            client.send("RCPT TO:<a@[127.0.0.1]>\r\n").expect("550");
            client.send("RCPT TO:<\"a b>@\"@PLAIN.test>\r\n").expect("250");
        }
    }

    @Test
    void recipients_beyondTheLimit_reply452() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send("MAIL FROM:<>\r\n").expect("250");
            for (int i = 0; i < 1_000; i++) {
                client.send("RCPT TO:<u" + i + "@plain.test>\r\n").expect("250");
            }
            client.send("RCPT TO:<last@plain.test>\r\n").expect("452 4.5.3");
            client.send("DATA\r\n").expect("354");
            client.send(".\r\n").expect("250");
        }
        assertThat(counters("plain").acceptedRecipients()).isEqualTo(1_000);
        assertThat(counters("plain").messages()).isEqualTo(1);
    }
}
