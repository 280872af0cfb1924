package io.whimbrel.dns;

import java.time.Duration;
import java.util.List;

/// What the DNS says about the names of an address, which whoever holds the address may claim as
/// they like (RFC 1035 §3.5). Immutable.
public sealed interface PointerAnswer {

    /// These.
    ///
    /// @param names at least one, lower case, no trailing dot, in the order of the answer
    record Names(List<String> names, Duration timeToLive) implements PointerAnswer {}

    /// The address has no name.
    record NoName(Duration timeToLive) implements PointerAnswer {}

    /// Nobody could say; `text` says why.
    record TemporaryFailure(String text) implements PointerAnswer {}
}
