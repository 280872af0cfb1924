package io.whimbrel.routing;

import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;

/// Where the mail of a domain goes now, seen from a site that it has been sent to. Immutable.
public sealed interface Heading {

    /// There still.
    record Same(NextHop nextHop) implements Heading {}

    /// To another site.
    ///
    /// @param timeToLive how long that holds
    record Other(NextHop nextHop, Duration timeToLive) implements Heading {}

    /// Nowhere, for now (4yz) or for good (5yz).
    record Nowhere(SmtpReply reply) implements Heading {}
}
