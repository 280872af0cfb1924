package io.whimbrel.egress;

import java.time.Instant;
import java.util.Optional;

/// How it stands with mail of one destination, as operators see it. Immutable.
///
/// @param askedSince since when an answer is awaited; empty where none is
/// @param last why there was none, where there was none the last time
/// @param deferral why mail was deferred last; empty where none was
public record DestinationView(
        Optional<Instant> askedSince, Optional<Setback> last, Optional<Setback> deferral) {

    /// Nobody asks, and nothing is wrong.
    public static final DestinationView NONE =
            new DestinationView(Optional.empty(), Optional.empty(), Optional.empty());
}
