package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.smtp.SmugglingTest;
import io.whimbrel.tls.ServerTlsSettings;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The CVE-2023-51764 family over sockets: in plain text, TLS and LMTP, by DATA and BDAT, in one
/// packet and cut at each place of the ending. No second message, and no answer to what was
/// smuggled.
class SmugglingSessionTest {
    private static final String SMUGGLED = SmugglingTest.SMUGGLED + "QUIT\r\n";

    @TempDir private static Path folder;
    private static final Map<Way, TestReception> RECEPTIONS = new EnumMap<>(Way.class);

    /// How the client speaks.
    private enum Way {
        PLAIN,
        STARTTLS,
        IMPLICIT,
        LMTP
    }

    @BeforeAll
    static void start() {
        var files = new TestFiles(folder);
        for (Way way : Way.values()) {
            TestListens listens = new TestListens().relayFrom(TestReception.EVERYBODY);
            switch (way) {
                case PLAIN -> {}
                case LMTP -> listens.lmtp();
                case STARTTLS, IMPLICIT ->
                        listens.tls(
                                TlsMode.valueOf(way.name()),
                                ServerTlsSettings.of(files.certificate("mx")));
            }
            RECEPTIONS.put(way, TestReception.start(listens.settings()));
        }
    }

    @AfterAll
    static void stop() {
        RECEPTIONS.values().forEach(TestReception::close);
    }

    @TestFactory
    Stream<DynamicTest> smuggledMessage_isNeverTaken() {
        return Stream.of(Way.values())
                .flatMap(way ->
                        SmugglingTest.ENDINGS.stream()
                                .map(ending ->
                                        DynamicTest.dynamicTest(
                                                way.name().toLowerCase(Locale.ROOT)
                                                        + " "
                                                        + shown(ending),
                                                () -> smuggle(way, ending))));
    }

    private static TestReception receptionOf(Way way) {
        return Optional.ofNullable(RECEPTIONS.get(way)).orElseThrow();
    }

    private static String shown(String ending) {
        return ending.replace("\r", "\\r").replace("\n", "\\n").replace("\0", "\\0");
    }

    private static void smuggle(Way way, String ending) throws IOException {
        String head = "Subject: x\r\n\r\nfirst";
        for (int cut = 0; cut <= ending.length() + 1; cut++) {
            byData(way, head + ending + SMUGGLED, cut == 0 ? 0 : head.length() + cut);
        }
        byPipelinedData(way, head + ending + SMUGGLED);
        byChunks(way, head + ending + SMUGGLED, head.length());
        byChunks(way, head + ending + SMUGGLED, head.length() + ending.length() - 1);
        inCommands(way, ending);
    }

    private static void byData(Way way, String message, int cut) throws IOException {
        try (SmtpTalk talk = open(way)) {
            talk.openData("a@example.org");
            byte[] bytes = message.getBytes(StandardCharsets.ISO_8859_1);
            talk.send(message.substring(0, cut));
            talk.send(new String(bytes, cut, bytes.length - cut, StandardCharsets.ISO_8859_1));
            assertRefused(way, talk);
        }
    }

    private static void byPipelinedData(Way way, String message) throws IOException {
        try (SmtpTalk talk = open(way)) {
            talk.send(
                    "MAIL FROM:<sender@example.com>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n"
                            + message);
            talk.expect("250");
            talk.expect("250");
            talk.expect("354");
            assertRefused(way, talk);
        }
    }

    private static void byChunks(Way way, String message, int cut) throws IOException {
        try (SmtpTalk talk = open(way)) {
            talk.send(
                    "MAIL FROM:<sender@example.com>\r\nRCPT TO:<a@example.org>\r\nBDAT "
                            + cut
                            + "\r\n"
                            + message.substring(0, cut)
                            + "BDAT "
                            + (message.length() - cut)
                            + " LAST\r\n"
                            + message.substring(cut)
                            + SMUGGLED);
            talk.expect("250");
            talk.expect("250");
            String first = talk.readReply().getFirst();
            if (first.startsWith("250")) {
                assertRefused(way, talk);
            } else {
                assertThat(first).startsWith("5");
                assertThat(talk.readRest()).isEmpty();
                assertThat(receptionOf(way).mail.stored()).isEmpty();
            }
        }
    }

    /// Outside of messages they end the session too.
    private static void inCommands(Way way, String ending) throws IOException {
        try (SmtpTalk talk = open(way)) {
            talk.send("NOOP" + ending + SMUGGLED);
            String rest = talk.readRest();
            assertThat(rest).doesNotContain("354").doesNotContain("queued").contains("50");
            assertThat(receptionOf(way).mail.stored()).isEmpty();
        }
    }

    private static void assertRefused(Way way, SmtpTalk talk) throws IOException {
        talk.expect("5");
        // One answer only: what is behind it was neither taken nor answered.
        assertThat(talk.readRest()).isEmpty();
        TestReception reception = receptionOf(way);
        assertThat(reception.mail.stored()).isEmpty();
        assertThat(reception.metrics.bugs.get()).isZero();
    }

    private static SmtpTalk open(Way way) throws IOException {
        SmtpTalk talk = receptionOf(way).connect();
        if (way == Way.IMPLICIT) {
            talk.beginTls();
        }
        talk.expect("220");
        talk.command((way == Way.LMTP ? "LHLO" : "EHLO") + " client.example", "250");
        if (way == Way.STARTTLS) {
            talk.startTls();
        }
        return talk;
    }
}
