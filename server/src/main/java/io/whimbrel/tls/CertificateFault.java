package io.whimbrel.tls;

/// Why the certificate of a server proves nothing. Immutable.
///
/// @param kind for counters and reports
/// @param text for people, one line
public record CertificateFault(Kind kind, String text) {

    /// In the words of RFC 8460 §4.3.2.
    public enum Kind {
        HOST_MISMATCH,
        EXPIRED,
        NOT_TRUSTED,
        INVALID
    }
}
