package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.Treatment;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// Runs each `server/src/test/dialogues/*.smtp` against a real socket.
///
/// | line | meaning |
/// |---|---|
/// | `@ stranger`, `@ size 1000`, `@ recipients 2`, `@ errors 3` | terms of the listener |
/// | `@ lmtp`, `@ proxy`, `@ submission` and so on | more of them, as [DialogueTerms] has them |
/// | `C: text` | send the line with CRLF |
/// | `B: text` | send bytes; `\r`, `\n`, `\0`, `\\` and `\xNN` are one each, no CRLF is added |
/// | `S: 250 text` | the next reply begins with this; `S: closed` is the end of the stream |
/// | `+: text` | a line of that reply begins with this behind its code |
/// | `-: text` | no line of that reply does |
/// | `N: 2` | so many messages have been taken |
/// | `M: text` | the last message taken, without our Received field, is this, written as in `B:` |
/// | `E: campaign x` | so it is in the envelope of the last message |
/// | `H: text` | our Received field of the last message has this in it |
/// | `T: starttls` | shake hands, behind the answer to STARTTLS or (`implicit`) at the start |
/// | `R:` | leave, and connect again |
/// | `D: 60` | so many seconds go by |
///
/// In `C:` lines `{plain NAME}` is what a user of [TestFiles] sends by AUTH PLAIN, and `{64 TEXT}`
/// the text in base64.
class DialogueTest {
    private static final Path ROOT = Path.of(System.getProperty("whimbrel.root", ".."));

    @TestFactory
    Stream<DynamicTest> dialogue() throws IOException {
        List<Path> files;
        try (var list = Files.list(ROOT.resolve("server/src/test/dialogues"))) {
            files = list.filter(file -> file.toString().endsWith(".smtp")).sorted().toList();
        }
        assertThat(files).hasSizeGreaterThan(20);
        return files.stream()
                .map(file ->
                        DynamicTest.dynamicTest(file.getFileName().toString(), () -> run(file)));
    }

    private static void run(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        try (var reception = start(lines)) {
            SmtpTalk talk = reception.connect();
            try {
                for (int i = 0; i < lines.size(); i++) {
                    try {
                        talk = perform(lines.get(i), reception, talk);
                    } catch (AssertionError | IOException e) {
                        throw new AssertionError(file.getFileName() + ":" + (i + 1) + ": " + e, e);
                    }
                }
            } finally {
                talk.close();
            }
            assertThat(reception.metrics.bugs.get()).isZero();
        }
    }

    /// @return the connection to go on with
    private static SmtpTalk perform(String line, TestReception reception, SmtpTalk talk)
            throws IOException {
        switch (line.length() > 1 ? line.substring(0, 2) : "") {
            case "T:" -> talk.beginTls();
            case "D:" ->
                    reception.clock.advance(Duration.ofSeconds(Long.parseLong(line.substring(3))));
            case "R:" -> {
                talk.close();
                return reception.connect();
            }
            default -> say(line, reception, talk);
        }
        return talk;
    }

    private static TestReception start(List<String> lines) {
        var terms = new DialogueTerms();
        for (String line : lines) {
            if (line.startsWith("@ ")) {
                terms.add(line.substring(2).split(" "));
            }
        }
        return TestReception.start(terms.settings());
    }

    private static void say(String line, TestReception reception, SmtpTalk talk)
            throws IOException {
        if (line.isBlank() || line.startsWith("#") || line.startsWith("@")) {
            return;
        }
        String text = line.length() > 3 ? line.substring(3) : "";
        switch (line.substring(0, 2)) {
            case "C:" -> talk.sendLine(filledIn(text));
            case "B:" -> talk.send(unescape(text));
            case "S:" -> expect(talk, text);
            case "+:" ->
                    assertThat(talk.lastReply().stream().map(reply -> reply.substring(4)))
                            .anyMatch(reply -> reply.startsWith(text));
            case "-:" ->
                    assertThat(talk.lastReply().stream().map(reply -> reply.substring(4)))
                            .noneMatch(reply -> reply.startsWith(text));
            case "N:" -> assertThat(reception.mail.stored()).hasSize(Integer.parseInt(text));
            case "M:" -> {
                MemoryMail.Stored last = reception.mail.stored().getLast();
                String expected = new String(unescape(text), StandardCharsets.ISO_8859_1);
                assertThat(last.sent()).isEqualTo(expected.replace("@ID@", last.id().toString()));
            }
            case "H:" -> {
                MemoryMail.Stored last = reception.mail.stored().getLast();
                int length = last.text().length() - last.sent().length();
                assertThat(new String(last.bytes(), 0, length, StandardCharsets.UTF_8))
                        .contains(text);
            }
            case "E:" -> assertEnvelope(reception.mail.stored().getLast().envelope(), text);
            default -> throw new AssertionError("what is this: " + line);
        }
    }

    private static void assertEnvelope(Envelope envelope, String text) {
        String[] words = text.split(" ", 2);
        Recipient recipient = envelope.recipients().getFirst();
        String value =
                switch (words[0]) {
                    case "campaign" -> envelope.stream().campaign();
                    case "tenant" -> envelope.stream().tenant();
                    case "priority" -> lower(envelope.stream().priority());
                    case "envid" -> envelope.parameters().envelopeId();
                    case "ret" -> lower(envelope.parameters().dsnReturn());
                    case "body" -> lower(envelope.parameters().bodyType());
                    case "utf8" -> String.valueOf(envelope.parameters().smtpUtf8());
                    case "notice" -> recipient.notice().parameter();
                    case "orcpt" -> recipient.originalRecipient();
                    case "recipients" -> String.valueOf(envelope.recipients().size());
                    default -> treatment(envelope.treatment(), words[0]);
                };
        assertThat(value).isEqualTo(words.length > 1 ? words[1] : "");
    }

    private static String treatment(Treatment treatment, String name) {
        return switch (name) {
            case "not-before" -> treatment.notBefore().map(Instant::toString).orElse("");
            case "expires" -> treatment.expiresAt().map(Instant::toString).orElse("");
            case "by" ->
                    treatment
                            .deliverBy()
                            .map(by ->
                                    by.deadline()
                                            + " "
                                            + lower(by.mode())
                                            + (by.isTraced() ? " traced" : ""))
                            .orElse("");
            case "mt-priority" -> String.valueOf(treatment.mtPriority());
            case "pool" -> treatment.pool();
            case "user" -> treatment.user();
            case "meta" -> treatment.metadata().toString();
            default -> throw new AssertionError("what is this: " + name);
        };
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static String filledIn(String text) {
        int open = text.indexOf('{');
        int close = text.indexOf('}', open + 1);
        if (open < 0 || close < 0) {
            return text;
        }
        String[] words = text.substring(open + 1, close).split(" ", 2);
        String value =
                switch (words[0]) {
                    case "plain" -> TestFiles.plain(words[1]);
                    case "64" -> TestFiles.base64(words[1]);
                    default -> throw new AssertionError("what is this: " + text);
                };
        return text.substring(0, open) + value + text.substring(close + 1);
    }

    private static void expect(SmtpTalk talk, String text) throws IOException {
        if (text.equals("closed")) {
            talk.expectClosed();
        } else {
            talk.expect(text);
        }
    }

    private static byte[] unescape(String text) {
        byte[] from = text.getBytes(StandardCharsets.UTF_8);
        byte[] to = new byte[from.length];
        int length = 0;
        for (int i = 0; i < from.length; i++) {
            byte b = from[i];
            if (b == '\\') {
                i++;
                b =
                        switch (from[i]) {
                            case 'r' -> '\r';
                            case 'n' -> '\n';
                            case '0' -> 0;
                            case '\\' -> '\\';
                            case 'x' -> (byte) Integer.parseInt(text.substring(i + 1, i + 3), 16);
                            default -> throw new AssertionError("bad escape in " + text);
                        };
                i += from[i] == 'x' ? 2 : 0;
            }
            to[length++] = b;
        }
        return Arrays.copyOf(to, length);
    }
}
