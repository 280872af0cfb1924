package io.whimbrel.delivery;

import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.shaping.Blocked;

import java.net.InetAddress;
import java.util.Optional;
import java.util.function.Supplier;

/// The source that a connection is to leave by. Immutable, but for what is known of the sources.
///
/// @param another asked before each connection behind the first: what stands against it
record Outlet(SourceAddress source, Sources sources, Supplier<Optional<Blocked>> another) {

    /// Without limits.
    Outlet(SourceAddress source, Sources sources) {
        this(source, sources, Optional::empty);
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
