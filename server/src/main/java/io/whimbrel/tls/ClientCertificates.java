package io.whimbrel.tls;

/// Whether clients are asked for a certificate.
public enum ClientCertificates {
    /// Not asked.
    NONE,
    /// Asked; one that is missing or not trusted is no obstacle, but gives no identity.
    OPTIONAL,
    /// Without one that the authorities of `clientCa` have issued the handshake fails.
    REQUIRED
}
