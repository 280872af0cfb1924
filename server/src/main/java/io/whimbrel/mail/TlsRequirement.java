package io.whimbrel.mail;

/// What the sender of a message wants of TLS on its way (RFC 8689).
public enum TlsRequirement {
    /// Nothing was said: what the domain publishes and the operator wrote holds.
    UNSPECIFIED,
    /// REQUIRETLS: only to hosts that are known for sure, offer it too, and speak TLS.
    REQUIRED,
    /// `TLS-Required: No`: rather delivered without TLS than not at all.
    OPTIONAL
}
