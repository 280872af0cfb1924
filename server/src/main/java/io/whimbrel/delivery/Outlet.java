package io.whimbrel.delivery;

import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;

import java.net.InetAddress;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// The source that a connection is to leave by. Immutable, but for what is known of the sources.
///
/// @param mayDialAgain asked before each connection behind the first; waits a moment where limits
///   have no room at once
record Outlet(SourceAddress source, Sources sources, BooleanSupplier mayDialAgain) {

    /// Without limits.
    Outlet(SourceAddress source, Sources sources) {
        this(source, sources, () -> true);
    }

    /// The source, where it can reach `target`.
    Optional<SourceAddress> next(InetAddress target) {
        return sources.reaches(source, target) ? Optional.of(source) : Optional.empty();
    }

    /// Why the source cannot be used.
    Optional<String> trouble() {
        return sources.trouble(source);
    }
}
