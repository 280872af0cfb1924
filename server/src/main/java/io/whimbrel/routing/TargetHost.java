package io.whimbrel.routing;

/// A host that takes the mail of a next hop. Immutable.
///
/// @param preference lower is tried first
/// @param name lower case, or a plain address
/// @param port to connect to
/// @param isWritten the operator wrote the name, so that it may be known on this machine alone
public record TargetHost(int preference, String name, int port, boolean isWritten) {

    /// As the DNS names it.
    public TargetHost(int preference, String name, int port) {
        this(preference, name, port, false);
    }
}
