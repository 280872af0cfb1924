package io.whimbrel.tlsrpt;

import io.whimbrel.mail.ForwardPath;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;

/// A report as a message (RFC 8460 §5.3): US-ASCII, in lines of 76 characters but for long names.
/// The same report to the same address is the same bytes, but for its date. Stateless.
final class ReportMessage {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, d MMM uuuu HH:mm:ss '+0000'", Locale.US)
                    .withZone(ZoneOffset.UTC);
    private static final Base64.Encoder LINES =
            Base64.getMimeEncoder(76, "\r\n".getBytes(StandardCharsets.US_ASCII));

    private ReportMessage() {}

    /// @param from its author; reports are signed for his domain
    static byte[] of(PackedReport report, ForwardPath from, ForwardPath to, Instant now) {
        String submitter = from.domain().value();
        String token = HexFormat.of().toHexDigits((report.id() + to.address()).hashCode());
        // Base64 has no underscore.
        String boundary = "_tlsrpt_" + token;
        String text =
                header(report, from, to, "tlsrpt." + token + "." + report.id(), DATE.format(now))
                        + "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n"
                        + " boundary=\""
                        + boundary
                        + "\"\r\n\r\n"
                        + "--"
                        + boundary
                        + "\r\n"
                        + "Content-Type: text/plain; charset=us-ascii\r\n"
                        + "Content-Transfer-Encoding: 7bit\r\n\r\n"
                        + words(report, submitter)
                        + "--"
                        + boundary
                        + "\r\n"
                        + "Content-Type: "
                        + PackedReport.TYPE
                        + "\r\n"
                        + "Content-Transfer-Encoding: base64\r\n"
                        + "Content-Disposition: attachment;\r\n"
                        + " filename=\""
                        + report.fileName()
                        + "\"\r\n\r\n"
                        + LINES.encodeToString(report.bytes())
                        + "\r\n"
                        + "--"
                        + boundary
                        + "--\r\n";
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String header(
            PackedReport report, ForwardPath from, ForwardPath to, String id, String date) {
        String submitter = from.domain().value();
        return "From: <"
                + from.address()
                + ">\r\n"
                + "To: <"
                + to.address()
                + ">\r\n"
                + "Date: "
                + date
                + "\r\n"
                + "Subject: Report Domain: "
                + report.domain()
                + "\r\n"
                + " Submitter: "
                + submitter
                + "\r\n"
                + " Report-ID: <"
                + report.id()
                + ">\r\n"
                + "Message-ID: <"
                + id
                + ">\r\n"
                + "TLS-Report-Domain: "
                + report.domain()
                + "\r\n"
                + "TLS-Report-Submitter: "
                + submitter
                + "\r\n"
                // A report about TLS that fails must not be kept back by it (RFC 8460 §3).
                + "TLS-Required: No\r\n"
                + "Auto-Submitted: auto-generated\r\n"
                + "MIME-Version: 1.0\r\n";
    }

    private static String words(PackedReport report, String submitter) {
        return "This is a report on the TLS of SMTP sessions with the hosts of\r\n"
                + report.domain()
                + ",\r\n"
                + "on "
                + report.day()
                + " (UTC), as RFC 8460 has it.\r\n"
                + "It comes from "
                + submitter
                + ",\r\n"
                + "and to you because the TXT record of\r\n"
                + "_smtp._tls."
                + report.domain()
                + "\r\n"
                + "names your address. The report itself is attached.\r\n";
    }
}
