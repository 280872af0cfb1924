package io.whimbrel.pickup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.pickup.HeaderFixes.Author;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// What a file or the input of sendmail(1) becomes.
class HeaderFixesTest {
    private static final String COMPLETE =
            "From: a@x.example\r\nDate: d\r\nMessage-ID: <m@x.example>\r\n";
    private static final SendmailSettings NAMES =
            new SendmailSettings(
                    "example.com",
                    "host.example.com",
                    List.of(
                            new LocalAlias("root", List.of("ops@example.net", "b@example.net")),
                            new LocalAlias("root", List.of("never@example.net"))));
    private static final String GOOD =
            """
            x-sender: s@b.example
            x-receiver: r@b.example
            x-end-of-envelope: yes
            From: Ann <ann@b.example>
            To: root, (x) b@b.example
            Subject: s

            body
            """;
    private static final String[] PIECES = {
        "x-sender: ",
        "x-receiver: ",
        "X-Other: y",
        "To: ",
        "Bcc: ",
        "From: ",
        "a@b.example",
        "root",
        "\n",
        "\r\n",
        "\n\n",
        " ",
        "<",
        ">",
        "\u0000",
        "\r",
        ":",
        "From x",
        "x-envid: +2B",
        "x-dsn-notify: NEVER",
        "x-end-of-envelope: yes",
        "Resent-To: ",
        "\u00c3\u00a4",
        ".\n"
    };

    @Test
    void envelopeInFront_isTakenAndRemoved() throws IOException {
        String file =
                """
                x-sender: s@shop.example
                X-Job: 7
                x-receiver: a@x.example
                X-Receiver: <root>
                x-envid: a+2Bb
                x-dsn-ret: hdrs
                x-dsn-notify: failure,delay
                x-body: 8BITMIME
                Subject: x
                x-receiver: content@x.example
                To: c@x.example

                body
                """;

        FixedMail mail = ofFile(file);

        assertThat(mail.envelope().sender()).contains("s@shop.example");
        assertThat(mail.envelope().receivers())
                .containsExactly("a@x.example", "ops@example.net", "b@example.net");
        assertThat(mail.envelope().parameters().envelopeId()).isEqualTo("a+2Bb");
        assertThat(mail.envelope().notice().parameter()).isEqualTo("FAILURE,DELAY");
        assertThat(text(mail))
                .isEqualTo(
                        """
                        From: s@shop.example
                        Date: Fri, 27 Nov 2026 10:00:00 +0000
                        Message-ID: <token@host.example.com>
                        X-Job: 7
                        Subject: x
                        x-receiver: content@x.example
                        To: c@x.example

                        body
                        """
                                .replace("\n", "\r\n"));
    }

    @Test
    void endOfEnvelope_keepsTheMessagesOwnFieldsOut() throws IOException {
        FixedMail mail =
                ofFile(
                        "x-sender: <>\nx-receiver: a@x.example\nx-end-of-envelope: yes\n"
                                + "x-receiver: evil@x.example\n"
                                + COMPLETE
                                + "\n");
        assertThat(mail.envelope().sender()).contains("");
        assertThat(mail.envelope().receivers()).containsExactly("a@x.example");
        assertThat(text(mail)).startsWith("x-receiver: evil@x.example\r\nFrom: a@x.example");
    }

    @Test
    void withoutEnvelope_theHeaderNamesIt_andBccGoes() throws IOException {
        FixedMail mail =
                ofFile(
                        """
                        From: Ann <ann@x.example>
                        To: b@x.example,
                         root (Boss)
                        cc: b@x.example
                        BCC: Secret <c@x.example>
                        Return-Path: <x@x.example>
                        Date: d
                        Message-Id: <m>

                        """);
        assertThat(mail.envelope().sender()).contains("ann@x.example");
        assertThat(mail.envelope().receivers())
                .containsExactly("b@x.example", "ops@example.net", "b@example.net", "c@x.example");
        assertThat(text(mail))
                .isEqualTo(
                        "From: Ann <ann@x.example>\r\nTo: b@x.example,\r\n root@example.com (Boss)"
                                + "\r\ncc: b@x.example\r\nDate: d\r\nMessage-Id: <m>\r\n\r\n");
    }

    @Test
    void resentFields_takePrecedence() throws IOException {
        FixedMail mail =
                ofFile(
                        "Resent-From: r@x.example\n"
                                + "Resent-To: n@x.example\n"
                                + "Resent-Bcc: o@x.example\n"
                                + COMPLETE
                                + "To: old@x.example\n\n");
        assertThat(mail.envelope().sender()).contains("r@x.example");
        assertThat(mail.envelope().receivers()).containsExactly("n@x.example", "o@x.example");
        assertThat(text(mail)).doesNotContain("Resent-Bcc").contains("To: old@x.example");
    }

    @Test
    void textWithoutHeader_isABody() throws IOException {
        FixedMail mail = bySendmail("disk full on /dev/sda1\nline 2", "", "root");
        assertThat(mail.envelope().sender()).contains("ann@host.example.com");
        assertThat(text(mail))
                .endsWith("@host.example.com>\r\n\r\ndisk full on /dev/sda1\r\nline 2\r\n")
                .startsWith("From: ann@host.example.com\r\n");
    }

    @Test
    void headerWithoutEmptyLineBehind_losesNothing() throws IOException {
        FixedMail mail = bySendmail("Subject: x\nnot a field\n\nmore\n", "", "a@x.example");
        assertThat(text(mail)).endsWith("Subject: x\r\n\r\nnot a field\r\n\r\nmore\r\n");
    }

    @Test
    void mailboxLine_isDropped() throws IOException {
        FixedMail mail =
                bySendmail(
                        "From ann Fri Nov 27 10:00:00 2026\n" + COMPLETE + "\nb\n",
                        "",
                        "a@x.example");
        assertThat(text(mail)).isEqualTo(COMPLETE + "\r\nb\r\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "CronDaemon            | CronDaemon <ann@host.example.com>",
                "Ann Other             | Ann Other <ann@host.example.com>",
                "Other, A. \"X\"       | \"Other, A. \\\"X\\\"\" <ann@host.example.com>",
                "J\u00f6rg             | =?UTF-8?B?SsO2cmc=?= <ann@host.example.com>"
            })
    void fullName_isQuoted(String name, String expected) throws IOException {
        assertThat(text(bySendmail("hi\n", name, "a@x.example")))
                .startsWith("From: " + expected + "\r\n");
    }

    @Test
    void fullName_cannotBecomeAField() throws IOException {
        assertThat(text(bySendmail("hi\n", "a\nBcc: evil@x.example", "a@x.example")))
                .startsWith("From: \"a Bcc: evil@x.example\" <ann@host.example.com>\r\n");
    }

    @Test
    void longNamesBeyondAscii_areCutIntoEncodedWords() {
        String phrase = HeaderFixes.phrase("\ud83d\ude00".repeat(40));
        assertThat(phrase.split("\r\n ")).allMatch(word -> word.length() <= 75);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Subject: no recipients\n\n",
                "To: Ann Other\n\n",
                "To: a@x.example>\n\n",
                "To: a@-bad-.example\n\n",
                "To: a@x.example\nSubject: a\rBcc: evil@x.example\n\n",
                "To: a@x.example\n\nnul \u0000\n",
                "x-receiver: a@x.example\nx-envid: \u00e4\nFrom: a@x.example\n\n",
                "x-receiver: a@x.example\nx-dsn-notify: sometimes\nFrom: a@x.example\n\n",
                "x-receiver: a@x.example\n\nno sender\n"
            })
    void whatCanNeverBeMail_isBad(String file) {
        assertThatThrownBy(() -> text(ofFile(file))).isInstanceOf(BadMessageException.class);
    }

    @Test
    void headers_areBounded() {
        String field = "X-Long: " + "x".repeat(1 << 20) + "\n\n";
        assertThatThrownBy(() -> ofFile(field)).isInstanceOf(BadMessageException.class);
        String many = "X-Many: x\n".repeat(120_000) + "\n";
        assertThatThrownBy(() -> ofFile(many)).isInstanceOf(BadMessageException.class);
    }

    @Test
    void aBodyOfOneLongLine_needsNoHeader() throws IOException {
        String line = "x".repeat(3 << 20);
        assertThat(text(bySendmail(line, "", "a@x.example"))).endsWith("\r\n\r\n" + line + "\r\n");
    }

    @ParameterizedTest
    @CsvSource({
        "'a\n.\nb\n', true, 'a|'",
        "'a\r\n.\r\nb', true, 'a|'",
        "'a\n.', true, 'a|'",
        "'.\n', true, ''",
        "'a\n..\n.x\n', true, 'a|..|.x|'",
        "'a\n.\nb', false, 'a|.|b|'",
        "'a\r\r\nb\r\n\r\n', false, 'a|b||'",
        "'', true, ''"
    })
    void lineEnds_areCrlf(String given, boolean endsAtDot, String expected) throws IOException {
        var in = new CrlfInput(new Trickle(given), endsAtDot, 1_000);
        String read = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        assertThat(read).isEqualTo(expected.replace("|", "\r\n"));
    }

    @Test
    void sizes_areBounded() {
        var in = new CrlfInput(new Trickle("a\n".repeat(400)), false, 1_199);
        assertThatThrownBy(in::readAllBytes).isInstanceOf(BadMessageException.class);
    }

    @Test
    void randomFiles_haveAnAnswer_andWhatIsFixedStays() throws IOException {
        long seed = 20261127;
        var random = new Random(seed);
        int taken = 0;
        for (int round = 0; round < 5_000; round++) {
            var file = new StringBuilder(GOOD);
            for (int i = random.nextInt(5); i > 0; i--) {
                String piece = PIECES[random.nextInt(PIECES.length)];
                file.insert(random.nextInt(file.length()), piece);
            }
            taken += check(file.toString(), "seed " + seed) ? 1 : 0;
        }
        assertThat(taken).isBetween(2_000, 18_000);
    }

    @FuzzTest(maxDuration = "30s")
    void anyFile_hasAnAnswer_andWhatIsFixedStays(byte[] bytes) throws IOException {
        check(new String(bytes, StandardCharsets.ISO_8859_1), "fuzz");
    }

    /// What `whimbrel sendmail` writes, the server reads as it was meant.
    private static boolean check(String file, String where) throws IOException {
        FixedMail mail;
        String message;
        try {
            mail = ofFile(file);
            message = text(mail);
        } catch (BadMessageException _) {
            return false;
        }
        String written =
                text(
                        new FixedMail(mail.envelope(), mail.header(), body(message))
                                .withEnvelopeInFront());
        FixedMail again = ofFile(written);
        assertThat(again.envelope()).as("%s: %s", where, file).isEqualTo(mail.envelope());
        assertThat(text(again)).as("%s: %s", where, file).isEqualTo(message);
        return true;
    }

    private static ByteArrayInputStream body(String message) {
        int end = message.indexOf("\r\n\r\n") + 4;
        return new ByteArrayInputStream(
                message.substring(end).getBytes(StandardCharsets.ISO_8859_1));
    }

    private static HeaderFixes fixes(Author author) {
        return new HeaderFixes(NAMES, author, Instant.parse("2026-11-27T10:00:00Z"), "token");
    }

    private static FixedMail ofFile(String file) throws IOException {
        return fixes(Author.UNKNOWN).ofFile(raw(file));
    }

    private static FixedMail bySendmail(String text, String fullName, String recipient)
            throws IOException {
        var envelope =
                new EnvelopeFields(
                        Optional.empty(),
                        List.of(recipient),
                        EnvelopeFields.NONE.parameters(),
                        EnvelopeFields.NONE.notice());
        return fixes(new Author("ann", fullName)).of(raw(text), envelope, false);
    }

    private static RawMail raw(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return RawMail.read(new CrlfInput(new ByteArrayInputStream(bytes), false, 10 << 20));
    }

    private static String text(FixedMail mail) throws IOException {
        var out = new ByteArrayOutputStream();
        mail.writeTo(out::write);
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    /// One byte at a time, as from a terminal.
    private static final class Trickle extends ByteArrayInputStream {
        Trickle(String text) {
            super(text.getBytes(StandardCharsets.ISO_8859_1));
        }

        @Override
        public int read(byte[] bytes, int from, int length) {
            return super.read(bytes, from, Math.min(1, length));
        }
    }
}
