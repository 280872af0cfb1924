package io.whimbrel.spool;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/// What an attempt met, as the log keeps it and events tell it. Immutable. A field that does not
/// apply is `""`, or 0.
///
/// @param source name of the source address
/// @param site name of the site
/// @param peer host name and address of the remote host, `mx.example.net [192.0.2.1]`
/// @param code basic reply code; 0 where no reply came
/// @param enhanced enhanced status, the peer's or the one we chose (RFC 3463)
/// @param text reply text, or what went wrong; at most 1,024 characters, the spool cuts longer ones
/// @param tls protocol and cipher suite of the connection; `""` for plain text
/// @param mailAt when MAIL was written, in whole milliseconds; empty where it was not, and in what
///   version 2 of the log tells
public record AttemptFacts(
        String source,
        String site,
        String peer,
        int code,
        String enhanced,
        String text,
        String tls,
        Optional<Instant> mailAt) {

    /// Where there was no attempt: operator actions.
    public static final AttemptFacts NONE = new AttemptFacts("", "", "", 0, "", "", "");

    public AttemptFacts {
        mailAt = mailAt.map(at -> at.truncatedTo(ChronoUnit.MILLIS));
    }

    /// MAIL was not written.
    public AttemptFacts(
            String source,
            String site,
            String peer,
            int code,
            String enhanced,
            String text,
            String tls) {
        this(source, site, peer, code, enhanced, text, tls, Optional.empty());
    }
}
