package io.whimbrel.bench;

/// What a session of [Sessions] is like.
enum SessionMode {
    PLAIN,

    /// STARTTLS and a full handshake, TLS 1.3.
    TLS,

    /// STARTTLS, and the session before is resumed, TLS 1.3.
    RESUMED,

    /// As [#TLS], with AUTH PLAIN in it.
    AUTH
}
