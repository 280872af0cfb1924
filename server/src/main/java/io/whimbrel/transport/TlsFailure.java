package io.whimbrel.transport;

import io.whimbrel.tls.CertificateFault;

import java.util.Locale;

/// What was wrong with the TLS of a session, in the words of reports (RFC 8460 §4.3).
public enum TlsFailure {
    STARTTLS_NOT_SUPPORTED,
    CERTIFICATE_HOST_MISMATCH,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_NOT_TRUSTED,
    VALIDATION_FAILURE,
    TLSA_INVALID,
    DNSSEC_INVALID,
    DANE_REQUIRED,
    STS_POLICY_FETCH_ERROR,
    STS_POLICY_INVALID,
    STS_WEBPKI_INVALID;

    /// `starttls-not-supported`
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static TlsFailure of(CertificateFault.Kind kind) {
        return switch (kind) {
            case HOST_MISMATCH -> CERTIFICATE_HOST_MISMATCH;
            case EXPIRED -> CERTIFICATE_EXPIRED;
            case NOT_TRUSTED -> CERTIFICATE_NOT_TRUSTED;
            case INVALID -> VALIDATION_FAILURE;
        };
    }
}
