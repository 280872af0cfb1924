package io.whimbrel.mail;

/// What a failed DSN returns of the message: parameter RET of MAIL (RFC 3461 §4.3).
public enum DsnReturn {
    UNSPECIFIED,
    FULL,
    HEADERS
}
