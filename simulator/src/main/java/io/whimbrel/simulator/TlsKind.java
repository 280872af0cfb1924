package io.whimbrel.simulator;

/// What STARTTLS is like at a provider.
public enum TlsKind {
    /// Not announced.
    NONE,
    /// A certificate for all hosts of the provider, issued by [SimulatedInternet#trustAnchor].
    GOOD,
    /// The same, but its last day is long past.
    EXPIRED,
    /// A certificate of the same issuer, for `wrong.name.test`.
    WRONG_NAME,
    /// Announced and answered with 220, but the handshake fails.
    BROKEN
}
