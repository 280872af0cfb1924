package io.whimbrel.routing;

/// A host that takes the mail of a next hop. Immutable.
///
/// @param preference lower is tried first
/// @param name lower case, or a plain address
/// @param port to connect to
public record TargetHost(int preference, String name, int port) {}
