package io.whimbrel.egress;

import java.time.Duration;
import java.util.Optional;

/// How delivery is doing on one egress path, as operators see it. Immutable.
///
/// @param connections open or being opened
/// @param established of these, open
/// @param restLeft for how long nothing is tried, since its hosts could not be reached; zero where
///   it does not rest
/// @param last why no connection could be had when one was last tried; empty where one could
public record PathView(
        int connections, int established, Duration restLeft, Optional<Setback> last) {

    /// Nothing is going on there.
    public static final PathView IDLE = new PathView(0, 0, Duration.ZERO, Optional.empty());
}
