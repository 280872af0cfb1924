package io.whimbrel.egress;

import java.time.Instant;
import java.util.Optional;

/// How it stands with the question where mail goes, as operators see it. Immutable.
///
/// @param askedSince since when an answer is awaited; empty where none is
/// @param last why there was none, where there was none the last time
public record LookupView(Optional<Instant> askedSince, Optional<Setback> last) {

    /// Nobody asks, and nothing is wrong.
    public static final LookupView NONE = new LookupView(Optional.empty(), Optional.empty());
}
