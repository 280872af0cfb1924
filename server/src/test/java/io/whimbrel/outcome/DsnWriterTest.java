package io.whimbrel.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DeliverBy;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.Treatment;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.SpoolBatch.Report;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;

final class DsnWriterTest {
    private static final Instant NOW = Mail.RECEIVED.plusSeconds(7);
    private static final String MESSAGE =
            "Received: from app by mx1\r\nSubject: Hello\r\n\r\nThe body.\r\n";
    private static final AttemptFacts UNKNOWN_USER =
            new AttemptFacts(
                    "s1",
                    "mx.example.net",
                    "mx.example.net [192.0.2.1]",
                    550,
                    "5.1.1",
                    "<anna@example.net>: Recipient address rejected: User unknown",
                    "");
    private static final AttemptFacts NO_ANSWER =
            new AttemptFacts("s1", "x", "mx.example.net [192.0.2.1]", 0, "4.4.1", "timed out", "");

    private static final String FAILURE =
            """
            From: Mail Delivery System <MAILER-DAEMON@mx1.example.com>
            To: <news@shop.example>
            Subject: Undelivered mail: your message came back
            Date: Mon, 23 Nov 2026 12:00:07 +0000
            Message-ID: <000000000004K7.1.0.dsn@mx1.example.com>
            Auto-Submitted: auto-replied
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status;
             boundary="=_000000000004K7.1.0"

            --=_000000000004K7.1.0
            Content-Type: text/plain; charset=us-ascii
            Content-Transfer-Encoding: 7bit

            This is the mail system at mx1.example.com.
            It accepted your message on Mon, 23 Nov 2026 12:00:00 +0000 as
            000000000004K7.

            Your message could not be delivered to the recipients below, and this will
            not be tried again:

              <anna@example.net>
                There is no such mailbox. Check the address for typing errors.
                mx.example.net [192.0.2.1] said: 550 5.1.1 <anna@example.net>: Recipient
                address rejected: User unknown

            The headers of your message are attached.

            --=_000000000004K7.1.0
            Content-Type: message/delivery-status

            Reporting-MTA: dns; mx1.example.com
            Original-Envelope-Id: QQ+1
            Arrival-Date: Mon, 23 Nov 2026 12:00:00 +0000

            Original-Recipient: rfc822; Anna@example.net
            Final-Recipient: rfc822; anna@example.net
            Action: failed
            Status: 5.1.1
            Remote-MTA: dns; mx.example.net
            Diagnostic-Code: smtp; 550 5.1.1 <anna@example.net>: Recipient address
             rejected: User unknown
            Last-Attempt-Date: Mon, 23 Nov 2026 12:00:07 +0000

            --=_000000000004K7.1.0
            Content-Type: text/rfc822-headers
            Content-Transfer-Encoding: 7bit

            Received: from app by mx1
            Subject: Hello

            --=_000000000004K7.1.0--
            """;

    @Test
    void failure_isWrittenLikeThis() {
        var parameters =
                new MailParameters(BodyType.SEVEN_BIT, false, DsnReturn.UNSPECIFIED, "QQ+2B1");
        Recipient anna = Mail.recipient("anna@example.net", Notify.DEFAULT);
        Envelope envelope =
                Mail.envelope(
                        "news@shop.example",
                        DsnPolicy.FULL,
                        parameters,
                        new Recipient(anna.path(), anna.notice(), "rfc822;Anna+40example.net"));
        String report = write(envelope, MESSAGE, failed(0, UNKNOWN_USER));

        String id = Mail.message(envelope).id().toString();
        assertThat(report).isEqualTo(FAILURE.replace("000000000004K7", id).replace("\n", "\r\n"));
    }

    @Test
    void envelope_isThatOfAReport() {
        Report report = reports(Mail.envelopeOf(1), MESSAGE, failed(0, UNKNOWN_USER)).getFirst();

        assertThat(report.envelope().reversePath().isNull()).isTrue();
        assertThat(report.envelope().recipients())
                .containsExactly(Mail.recipient("news@shop.example", Notify.NEVER));
        assertThat(report.envelope().stream().tenant()).isEqualTo("shop");
        assertThat(report.envelope().stream().campaign()).isEmpty();
        assertThat(report.envelope().receivedAt()).isEqualTo(NOW);
        assertThat(report.envelope().parameters().bodyType()).isEqualTo(BodyType.SEVEN_BIT);
        assertThat(report.cause()).isEqualTo(Mail.message(Mail.envelopeOf(1)).id());
    }

    @Test
    void expiry_atTheTimeThatWasAskedFor_saysSo() {
        Treatment treatment =
                Treatment.NONE
                        .withMtPriority(4)
                        .withDeliverBy(
                                new DeliverBy(NOW.minusSeconds(1), DeliverBy.Mode.RETURN, false));
        Envelope envelope = Mail.envelopeOf(1).withTreatment(treatment);
        var notice = new Notice(0, Notice.Kind.EXPIRED, NO_ANSWER);

        String report = write(envelope, MESSAGE, notice);

        assertThat(report).contains("Status: 5.4.7\r\n", "Deliver-By-Date: ", "as was asked");
        assertThat(
                        reports(envelope, MESSAGE, notice)
                                .getFirst()
                                .envelope()
                                .treatment()
                                .mtPriority())
                .isEqualTo(4);
    }

    @Test
    void delay_beyondTheTimeThatWasAskedFor_is447() {
        var by = new DeliverBy(NOW.minusSeconds(1), DeliverBy.Mode.NOTIFY, false);
        Envelope envelope = Mail.envelopeOf(1).withTreatment(Treatment.NONE.withDeliverBy(by));
        String report = write(envelope, MESSAGE, new Notice(0, Notice.Kind.DELAYED, NO_ANSWER));

        assertThat(report).contains("Action: delayed\r\n", "Status: 4.4.7\r\n");
    }

    @Test
    void trace_isARelayedReport_withWhatTheSenderAsked() {
        Envelope envelope =
                Mail.envelopeOf(1)
                        .withTreatment(
                                Treatment.NONE.withNotBefore(
                                        Instant.parse("2026-11-23T12:00:00Z")));
        String report = write(envelope, MESSAGE, new Notice(0, Notice.Kind.TRACED, UNKNOWN_USER));

        assertThat(report)
                .contains(
                        "Action: relayed\r\n",
                        "Future-Release-Request: until;2026-11-23T12:00:00Z\r\n",
                        "because you asked to have it traced");
    }

    @Test
    void delay_saysUntilWhen() {
        var notice = new Notice(0, Notice.Kind.DELAYED, NO_ANSWER);
        String report = write(Mail.envelopeOf(1), MESSAGE, notice);

        assertThat(report)
                .contains("Subject: Delayed mail")
                .contains("Action: delayed\r\nStatus: 4.4.1\r\n")
                .contains("Diagnostic-Code: X-Whimbrel; timed out\r\n")
                .contains("Will-Retry-Until: Sat, 28 Nov 2026 12:00:00 +0000\r\n")
                .contains("The mail server there does not answer.");
    }

    @Test
    void delay_afterA554_hasATransientStatus() {
        String peer = "mx.example.net [192.0.2.1]";
        var facts = new AttemptFacts("s1", "x", peer, 554, "5.0.0", "Not today", "");

        assertThat(write(Mail.envelopeOf(1), MESSAGE, new Notice(0, Notice.Kind.DELAYED, facts)))
                .contains("Action: delayed\r\nStatus: 4.0.0\r\n")
                .contains("Diagnostic-Code: smtp; 554 Not today\r\n");
    }

    @Test
    void severalRecipients_areInOneReport_failuresFirst() {
        var relayed = new AttemptFacts("", "", "mx.example.net", 250, "2.0.0", "Ok", "");
        String report =
                write(
                        Mail.envelopeOf(3),
                        MESSAGE,
                        new Notice(0, Notice.Kind.RELAYED, relayed),
                        failed(1, UNKNOWN_USER),
                        new Notice(2, Notice.Kind.EXPIRED, NO_ANSWER));
        List<String> fields = parts(report).get(1).lines().toList();

        assertThat(fields.stream().filter(line -> line.startsWith("Action: ")))
                .containsExactly("Action: failed", "Action: failed", "Action: relayed");
        assertThat(fields.stream().filter(line -> line.startsWith("Final-Recipient: ")))
                .containsExactly(
                        "Final-Recipient: rfc822; user1@example.net",
                        "Final-Recipient: rfc822; user2@example.net",
                        "Final-Recipient: rfc822; user0@example.net");
        assertThat(report).contains("within 5 days,\r\nand this will not");
    }

    @Test
    void retFull_returnsTheMessageOnFailureOnly() {
        Envelope envelope = returning(DsnReturn.FULL);
        var delayed = new Notice(0, Notice.Kind.DELAYED, NO_ANSWER);

        assertThat(parts(write(envelope, MESSAGE, failed(0, UNKNOWN_USER))).get(2))
                .startsWith("Content-Type: message/rfc822\r\n")
                .endsWith("\r\n\r\n" + MESSAGE);
        assertThat(write(envelope, MESSAGE, delayed)).doesNotContain("The body.");
        assertThat(write(returning(DsnReturn.HEADERS), MESSAGE, failed(0, UNKNOWN_USER)))
                .doesNotContain("The body.")
                .contains("Subject: Hello");
    }

    @Test
    void retFull_ofALargeMessage_returnsHeaders() {
        String large = MESSAGE + "0123456789\r\n".repeat(5000);
        String report = write(returning(DsnReturn.FULL), large, failed(0, UNKNOWN_USER));

        assertThat(report).contains("text/rfc822-headers").doesNotContain("The body.");
    }

    @Test
    void retFull_ofEightBit_isDeclared() {
        String message = "Subject: x\r\n\r\nGr\u00fc\u00dfe\r\n";
        Report report =
                reports(returning(DsnReturn.FULL), message, failed(0, UNKNOWN_USER)).getFirst();
        String text = new String(report.body(), UTF_8);

        assertThat(report.envelope().parameters().bodyType()).isEqualTo(BodyType.EIGHT_BIT_MIME);
        assertThat(text.substring(0, text.indexOf("\r\n\r\n")))
                .contains("Content-Transfer-Encoding: 8bit");
        assertThat(parts(text).get(2)).contains("8bit\r\n\r\nSubject: x").contains("Gr\u00fc");
    }

    @Test
    void headersThatAreEightBit_areEncoded() {
        String message = "Subject: Gr\u00fc\u00dfe =\r\nX-Blank: a \r\n\r\nbody\r\n";
        Report report = reports(Mail.envelopeOf(1), message, failed(0, UNKNOWN_USER)).getFirst();
        String text = new String(report.body(), ISO_8859_1);

        assertThat(report.envelope().parameters().bodyType()).isEqualTo(BodyType.SEVEN_BIT);
        assertThat(DsnText.isAscii(text)).isTrue();
        assertThat(parts(text).get(2))
                .contains("quoted-printable")
                .contains("Subject: Gr=C3=BC=C3=9Fe =3D\r\nX-Blank: a=20\r\n");
    }

    @Test
    void internationalAddresses_followRfc6533() {
        var parameters =
                new MailParameters(BodyType.EIGHT_BIT_MIME, true, DsnReturn.UNSPECIFIED, "");
        Envelope envelope =
                Mail.envelope(
                        "\u00fcber@shop.example",
                        DsnPolicy.FULL,
                        parameters,
                        Mail.recipient("j\u00f6rg+x@example.net", Notify.DEFAULT));
        String message = "Subject: Gr\u00fc\u00dfe\r\n\r\n";
        Report report = reports(envelope, message, failed(0, UNKNOWN_USER)).getFirst();
        String text = new String(report.body(), UTF_8);

        assertThat(report.envelope().parameters().smtpUtf8()).isTrue();
        assertThat(text)
                .contains("To: <\u00fcber@shop.example>")
                .contains("Final-Recipient: utf-8; j\\x{F6}rg\\x{2B}x@example.net\r\n")
                .contains("  <j\u00f6rg+x@example.net>")
                .contains("message/global-headers");
        assertThat(DsnText.isAscii(parts(text).get(1))).isTrue();
    }

    @Test
    void unreadableMessage_isReportedWithoutIt() {
        var content =
                ReturnedContent.read(
                        () -> {
                            throw new IOException("damaged");
                        },
                        Mail.envelopeOf(1),
                        100,
                        true);
        var writer = new DsnWriter(Mail.SETTINGS, id(), Mail.envelopeOf(1), 1, NOW);
        String report =
                new String(
                        writer.write(List.of(failed(0, UNKNOWN_USER)), content).getFirst().body(),
                        UTF_8);

        assertThat(parts(report)).hasSize(2);
        assertThat(report).contains("could not be read back");
    }

    @Test
    void boundaryInTheMessage_isAvoided() {
        String boundary = "=_" + id() + ".1.0";
        String message = "Subject: x\r\n\r\n--" + boundary + "--\r\n" + boundary + ".0\r\n";
        String report = write(returning(DsnReturn.FULL), message, failed(0, UNKNOWN_USER));

        assertThat(parts(report)).hasSize(3);
        assertThat(parts(report).get(2)).endsWith(message);
    }

    /// Whatever peers and senders write, a report stays one message of three parts with harmless,
    /// short lines, and every recipient has its fields.
    @Test
    void hostileText_cannotBreakTheReport() {
        for (long seed = 0; seed < 2000; seed++) {
            var random = new Random(seed);
            String place = "seed " + seed;
            int count = 1 + random.nextInt(4);
            var recipients = new ArrayList<Recipient>();
            var notices = new ArrayList<Notice>();
            for (int i = 0; i < count; i++) {
                Recipient plain = Mail.recipient(hostile(random, 300) + "@a.example", Notify.NEVER);
                recipients.add(new Recipient(plain.path(), plain.notice(), hostile(random, 900)));
                var facts =
                        new AttemptFacts(
                                "",
                                "",
                                hostile(random, 400),
                                random.nextInt(600),
                                hostile(random, 20),
                                hostile(random, 1024),
                                "");
                var kinds = List.of(Notice.Kind.values());
                notices.add(new Notice(i, kinds.get(random.nextInt(kinds.size())), facts));
            }
            var parameters =
                    new MailParameters(
                            BodyType.SEVEN_BIT,
                            random.nextBoolean(),
                            DsnReturn.FULL,
                            hostile(random, 300));
            Envelope envelope =
                    Mail.envelope(
                            "a" + hostile(random, 60) + "@shop.example",
                            DsnPolicy.FULL,
                            parameters,
                            recipients.toArray(Recipient[]::new));
            String report = write(envelope, MESSAGE, notices.toArray(Notice[]::new));

            List<String> parts = parts(report);
            assertThat(parts).as(place).hasSize(3);
            assertThat(report.replace("\r\n", "")).as(place).doesNotContain("\r", "\n", "\0");
            assertThat(report.lines().mapToInt(line -> line.getBytes(UTF_8).length).max().orElse(0))
                    .as(place)
                    .isLessThan(999);
            assertThat(DsnText.isAscii(parts.get(1))).as(place).isTrue();
            assertThat(groups(parts.get(1))).as(place).hasSize(count + 1);
        }
    }

    @Test
    void thousandRecipients_makeSeveralReportsOfBoundedSize() {
        var notices = new Notice[1000];
        var facts = new AttemptFacts("", "", "mx.example.net", 550, "5.1.1", "x ".repeat(500), "");
        for (int i = 0; i < notices.length; i++) {
            notices[i] = failed(i, facts);
        }
        List<Report> reports = reports(Mail.envelopeOf(1000), MESSAGE, notices);

        assertThat(reports).hasSizeGreaterThan(1);
        assertThat(reports).allMatch(report -> report.body().length < 256 * 1024);
        assertThat(
                        reports.stream()
                                .map(report -> new String(report.body(), UTF_8))
                                .mapToLong(text -> groups(parts(text).get(1)).size() - 1)
                                .sum())
                .isEqualTo(1000);
    }

    private static String hostile(Random random, int most) {
        var words =
                List.of(
                        "a",
                        "word",
                        " ",
                        "\r\n",
                        "\n\n",
                        "\r",
                        "\0",
                        "\t",
                        "--=_",
                        "=_",
                        "\u00e9",
                        "\u202e",
                        "\ud83d",
                        "\ud83d\ude00",
                        "<",
                        ">",
                        "\"",
                        "+40",
                        "+0D+0A",
                        ";",
                        ":",
                        "\u2028",
                        "\u0085",
                        "\u007f",
                        "x".repeat(90),
                        ".\r\n",
                        "5.1.1");
        var text = new StringBuilder();
        int length = random.nextInt(most);
        while (text.length() < length) {
            text.append(words.get(random.nextInt(words.size())));
        }
        return text.toString();
    }

    /// Splits a report as a reader of MIME does (RFC 2046 §5.1.1): lines of dashes and boundary.
    private static List<String> parts(String report) {
        int headEnd = report.indexOf("\r\n\r\n");
        String head = report.substring(0, headEnd);
        String boundary = head.replaceAll("(?s).*boundary=\"([^\"]+)\".*", "$1");
        String body = report.substring(headEnd + 2);
        int end = body.indexOf("\r\n--" + boundary + "--\r\n");
        assertThat(end).isPositive();
        String[] parts =
                body.substring(0, end).split("\r\n--" + Pattern.quote(boundary) + "\r\n", -1);
        assertThat(parts[0]).isEmpty();
        return List.of(parts).subList(1, parts.length);
    }

    /// The groups of fields of a delivery-status part: one about the message, one per recipient.
    private static List<String> groups(String part) {
        String fields = part.substring(part.indexOf("\r\n\r\n") + 4);
        return List.of(fields.strip().split("\r\n\r\n", -1));
    }

    private static Notice failed(int number, AttemptFacts facts) {
        return new Notice(number, Notice.Kind.REFUSED, facts);
    }

    private static Envelope returning(DsnReturn dsnReturn) {
        return Mail.envelope(
                "news@shop.example",
                DsnPolicy.FULL,
                new MailParameters(BodyType.SEVEN_BIT, false, dsnReturn, ""),
                Mail.recipient("anna@example.net", Notify.DEFAULT));
    }

    private static QueueId id() {
        return Mail.message(Mail.envelopeOf(1)).id();
    }

    private static String write(Envelope envelope, String message, Notice... notices) {
        return new String(reports(envelope, message, notices).getFirst().body(), UTF_8);
    }

    private static List<Report> reports(Envelope envelope, String message, Notice... notices) {
        byte[] bytes = message.getBytes(UTF_8);
        var parts = new ArrayList<byte[]>();
        for (int from = 0; from < bytes.length; from += 10) {
            parts.add(Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + 10)));
        }
        boolean isFailure = List.of(notices).stream().anyMatch(n -> n.kind().isFailure());
        ReturnedContent content =
                ReturnedContent.read(
                        () -> parts.isEmpty() ? new byte[0] : parts.removeFirst(),
                        envelope,
                        bytes.length,
                        isFailure);
        return new DsnWriter(Mail.SETTINGS, id(), envelope, 1, NOW)
                .write(List.of(notices), content);
    }
}
