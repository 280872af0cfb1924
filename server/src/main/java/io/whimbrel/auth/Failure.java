package io.whimbrel.auth;

import java.util.Locale;

/// Why an exchange did not end in a login.
enum Failure {
    /// No such user, or another password.
    CREDENTIALS,
    /// A token that is not to be trusted, has expired, or is somebody else's.
    TOKEN,
    /// The wrong TLS connection: somebody may stand in between.
    BINDING,
    /// After many failures.
    LOCKED,
    /// Messages that are none.
    MALFORMED,
    /// By the client.
    CANCELLED,
    /// Too many passwords to check at once.
    BUSY,
    /// The users file or the keys of tokens cannot be used.
    UNAVAILABLE,
    /// No such mechanism here.
    MECHANISM,
    /// Without TLS.
    PLAINTEXT;

    /// For metrics and the log.
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
