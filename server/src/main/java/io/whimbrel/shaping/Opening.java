package io.whimbrel.shaping;

/// Whether a connection may be opened now. Immutable.
public sealed interface Opening permits Opening.Opened, Blocked {

    /// It may; the lease is to be released when the connection has ended, or did not come about.
    record Opened(Lease lease) implements Opening {}
}
