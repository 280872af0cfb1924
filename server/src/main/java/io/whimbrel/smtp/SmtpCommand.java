package io.whimbrel.smtp;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A parsed command line (RFC 5321 §4.1). Parsing is done once, by [CommandParser]; later code
/// matches on the type. Immutable.
public sealed interface SmtpCommand {

    /// @param clientName domain, address literal, or what else clients call themselves; not empty,
    ///   at most 255 characters, no control characters
    record Ehlo(String clientName) implements SmtpCommand {}

    /// @param clientName as in [Ehlo]
    record Helo(String clientName) implements SmtpCommand {}

    /// LMTP's greeting (RFC 2033 §4.1).
    ///
    /// @param clientName as in [Ehlo]
    record Lhlo(String clientName) implements SmtpCommand {}

    /// TLS is to begin (RFC 3207).
    record StartTls() implements SmtpCommand {}

    /// The client wants to say who it is (RFC 4954 §4).
    ///
    /// @param mechanism in upper case
    /// @param initialResponse in base64, or `=`; empty where none was sent. A secret, often
    record Auth(String mechanism, Optional<String> initialResponse) implements SmtpCommand {
        @Override
        public String toString() {
            return "Auth[" + mechanism + "]";
        }
    }

    /// What a trusted proxy says of its client (XCLIENT of Postfix). Names in upper case, each
    /// once; values decoded, `[UNAVAILABLE]` and `[TEMPUNAVAIL]` as they came.
    record Xclient(Map<String, String> attributes) implements SmtpCommand {
        public Xclient {
            attributes = Map.copyOf(attributes);
        }
    }

    /// @param reversePath may be the null path
    /// @param parameters in the order given
    record Mail(SmtpPath reversePath, List<EsmtpParameter> parameters) implements SmtpCommand {}

    /// @param forwardPath not the null path
    /// @param parameters in the order given
    record Rcpt(SmtpPath forwardPath, List<EsmtpParameter> parameters) implements SmtpCommand {}

    record Data() implements SmtpCommand {}

    /// A chunk of `size` octets follows the line at once (RFC 3030 §2).
    record Bdat(long size, boolean isLast) implements SmtpCommand {}

    record Rset() implements SmtpCommand {}

    record Noop() implements SmtpCommand {}

    /// @param name whom the client asks for; not empty
    record Vrfy(String name) implements SmtpCommand {}

    record Help() implements SmtpCommand {}

    record Quit() implements SmtpCommand {}

    /// A line that is no command of ours; `reply` says why. The session goes on.
    record Refused(SmtpReply reply) implements SmtpCommand {}

    /// A line after which nothing can be told from a command; `reply` is the last one of the
    /// session. So what a peer smuggles behind such a line is never obeyed.
    record Broken(SmtpReply reply) implements SmtpCommand {}
}
