package io.whimbrel.tlsrpt;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.ForwardPath;

import jakarta.mail.BodyPart;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.ContentType;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Properties;
import java.util.Random;
import java.util.zip.GZIPInputStream;

/// The message, as another program (Angus Mail) reads it.
final class ReportMessageTest {
    private static final ForwardPath FROM = mailbox("tlsrpt@mta.test");
    private static final ForwardPath TO = mailbox("\"r.e\"@example.net");
    private static final Instant NOW = Instant.parse("2026-11-28T02:03:04Z");

    private static ForwardPath mailbox(String text) {
        return ReportTarget.mailbox(text).orElseThrow();
    }

    private static PackedReport report(String json) {
        return new PackedReport(
                new DomainName("example.net"),
                LocalDate.parse("2026-11-27"),
                "org.test",
                "2026-11-27_example.net@mx1.mta.test",
                "mx1.mta.test",
                PackedReport.compressed(json));
    }

    private static MimeMessage read(byte[] message) throws MessagingException {
        return new MimeMessage(
                Session.getInstance(new Properties()), new ByteArrayInputStream(message));
    }

    @Test
    void message_isReadByAnotherProgram() throws IOException, MessagingException {
        String json = "{\"organization-name\":\"\u00c4\"}" + " ".repeat(10_000);
        MimeMessage message = read(ReportMessage.of(report(json), FROM, TO, NOW));

        assertThat(message.getFrom()[0]).hasToString("tlsrpt@mta.test");
        assertThat(message.getAllRecipients()).hasSize(1);
        assertThat(message.getSentDate()).isEqualTo(NOW);
        assertThat(message.getSubject())
                .isEqualTo(
                        "Report Domain: example.net Submitter: mta.test Report-ID:"
                                + " <2026-11-27_example.net@mx1.mta.test>");
        assertThat(message.getHeader("TLS-Report-Domain")).containsExactly("example.net");
        assertThat(message.getHeader("TLS-Report-Submitter")).containsExactly("mta.test");
        assertThat(message.getHeader("TLS-Required")).containsExactly("No");
        assertThat(message.getHeader("Auto-Submitted")).containsExactly("auto-generated");
        var type = new ContentType(message.getContentType());
        assertThat(type.match("multipart/report")).isTrue();
        assertThat(type.getParameter("report-type")).isEqualTo("tlsrpt");

        var parts = (MimeMultipart) message.getContent();
        assertThat(parts.getCount()).isEqualTo(2);
        assertThat(parts.getBodyPart(0).isMimeType("text/plain")).isTrue();
        assertThat((String) parts.getBodyPart(0).getContent()).contains("_smtp._tls.example.net");
        BodyPart attached = parts.getBodyPart(1);
        assertThat(attached.isMimeType("application/tlsrpt+gzip")).isTrue();
        assertThat(attached.getFileName())
                .matches("org\\.test!example\\.net!1795737600!1795823999![0-9a-f]{8}\\.json\\.gz");
        try (var unpacked = new GZIPInputStream(attached.getInputStream())) {
            assertThat(new String(unpacked.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo(json);
        }
    }

    @Test
    void lines_areAsciiAndShort_andEndWithCrlf() {
        var noise = new StringBuilder();
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            noise.append((char) ('!' + random.nextInt(90)));
        }
        byte[] bytes = ReportMessage.of(report(noise.toString()), FROM, TO, NOW);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);

        assertThat(text.replace("\r\n", "")).doesNotContain("\r", "\n").matches("[ -~]+");
        assertThat(text.split("\r\n")).allMatch(line -> line.length() <= 998);
        assertThat(text).endsWith("--\r\n");
    }

    @Test
    void sameReport_isTheSameBytes_andEachAddressHasAMessageOfItsOwn() {
        byte[] bytes = ReportMessage.of(report("{}"), FROM, TO, NOW);

        assertThat(ReportMessage.of(report("{}"), FROM, TO, NOW)).isEqualTo(bytes);
        assertThat(id(ReportMessage.of(report("{}"), FROM, mailbox("x@example.net"), NOW)))
                .isNotEqualTo(id(bytes));
    }

    private static String id(byte[] message) {
        String text = new String(message, StandardCharsets.US_ASCII);
        int from = text.indexOf("Message-ID:");
        return text.substring(from, text.indexOf("\r\n", from));
    }
}
