package io.whimbrel.transport;

import io.whimbrel.smtp.SmtpReply;

/// What a session, or a host, lacks for a message. Immutable.
///
/// @param failure for reports
/// @param text for people, one line
/// @param kind what it means for the message
public record TlsShortfall(TlsFailure failure, String text, Kind kind) {

    /// What it means.
    public enum Kind {
        /// No TLS at all; 4.7.10.
        PLAIN,
        /// Not the TLS that is wanted, or not with whom; 4.7.5.
        NOT_PROVEN,
        /// Nobody will pass it on as its sender wants; 5.7.30.
        NO_REQUIRETLS
    }

    static TlsShortfall plain(String text) {
        return new TlsShortfall(TlsFailure.STARTTLS_NOT_SUPPORTED, text, Kind.PLAIN);
    }

    static TlsShortfall notProven(TlsFailure failure, String text) {
        return new TlsShortfall(failure, text, Kind.NOT_PROVEN);
    }

    static TlsShortfall noRequireTls(String text) {
        return new TlsShortfall(TlsFailure.VALIDATION_FAILURE, text, Kind.NO_REQUIRETLS);
    }

    /// What is answered in the host's place.
    ///
    /// @param host described
    public SmtpReply reply(String host, TlsPolicy policy) {
        String said = host + ": " + text + "; wanted by " + policy.saidBy();
        return switch (kind) {
            case PLAIN -> SmtpReply.of(451, 4, 7, 10, said);
            case NOT_PROVEN -> SmtpReply.of(451, 4, 7, 5, said);
            case NO_REQUIRETLS -> SmtpReply.of(550, 5, 7, 30, said);
        };
    }
}
