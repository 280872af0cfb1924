package io.whimbrel.delivery;

import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;

import java.net.InetAddress;
import java.util.Optional;

/// The source that a connection is to leave by. Immutable, but for what is known of the sources.
record Outlet(SourceAddress source, Sources sources) {

    /// The source, where it can reach `target`.
    Optional<SourceAddress> next(InetAddress target) {
        return sources.reaches(source, target) ? Optional.of(source) : Optional.empty();
    }

    /// Why the source cannot be used.
    Optional<String> trouble() {
        return sources.trouble(source);
    }
}
