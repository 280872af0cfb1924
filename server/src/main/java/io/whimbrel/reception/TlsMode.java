package io.whimbrel.reception;

/// When a listener speaks TLS.
public enum TlsMode {
    /// Never.
    NONE,
    /// When the client asks for it by STARTTLS (RFC 3207).
    STARTTLS,
    /// By STARTTLS, and no mail without it: 530.
    REQUIRED,
    /// From the first octet on, before the greeting (RFC 8314).
    IMPLICIT
}
