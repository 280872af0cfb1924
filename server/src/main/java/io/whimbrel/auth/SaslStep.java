package io.whimbrel.auth;

import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/// What follows in an AUTH exchange (RFC 4954 §4). Immutable.
public sealed interface SaslStep {

    /// `334 ` and this text go to the client; its next line comes to [SaslExchange#next].
    ///
    /// @param base64 may be empty, and then the reply is `334 ` with the space
    record Challenge(String base64) implements SaslStep {}

    /// The client is who it says. The exchange is over.
    ///
    /// @param reply 235 2.7.0
    /// @param standing whether what was proved still holds: false once the user was changed or
    ///   removed, cannot be looked up, or the token has expired. Cheap enough for each MAIL
    record Granted(Identity identity, SmtpReply reply, BooleanSupplier standing)
            implements SaslStep {}

    /// The exchange is over; the client may begin another.
    ///
    /// @param delay how long to wait before the reply is sent; zero where the client has not failed
    record Refused(SmtpReply reply, Duration delay) implements SaslStep {}
}
