package io.whimbrel.routing;

import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;

/// What became of the question where a domain's mail goes. Immutable.
public sealed interface Resolution {

    /// There.
    ///
    /// @param timeToLive how long that holds
    record Found(NextHop nextHop, Duration timeToLive) implements Resolution {}

    /// Nowhere, for now (4yz) or for good (5yz).
    record NotFound(SmtpReply reply) implements Resolution {}
}
