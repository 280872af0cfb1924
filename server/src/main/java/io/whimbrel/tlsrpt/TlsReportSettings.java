package io.whimbrel.tlsrpt;

import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.transport.TlsReport;

import java.time.Duration;
import java.util.Optional;

/// `[tls-report]`: whether and as whom reports on TLS are sent. Immutable.
///
/// @param from their author; empty where none are sent
/// @param sender what they say of us
/// @param reversePath where bounces of them go
/// @param stream tenant, class and pool of their mail
/// @param bytesMax a report that is larger, compressed, is not sent
/// @param sessionsLeast domains with fewer sessions on a day get no report of it
/// @param delayMost reports leave at any time from midnight in UTC until then
public record TlsReportSettings(
        Optional<ForwardPath> from,
        TlsReport.Sender sender,
        ReversePath reversePath,
        MailStream stream,
        long bytesMax,
        long sessionsLeast,
        Duration delayMost) {

    public static final long BYTES_MAX_DEFAULT = 10L << 20;
    public static final Duration DELAY_MOST_DEFAULT = Duration.ofHours(4);

    /// Nothing is sent. What operators are shown says that it is of `node`.
    public static TlsReportSettings none(String node) {
        return new TlsReportSettings(
                Optional.empty(),
                new TlsReport.Sender(node, "postmaster@" + node, node),
                ReversePath.NULL,
                MailStream.NONE,
                BYTES_MAX_DEFAULT,
                1,
                DELAY_MOST_DEFAULT);
    }

    /// As an author of reports is written in a file. Empty where `text` is no address in US-ASCII.
    public static Optional<ForwardPath> mailbox(String text) {
        return ReportTarget.mailbox(text);
    }
}
