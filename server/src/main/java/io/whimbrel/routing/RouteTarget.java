package io.whimbrel.routing;

/// Where a route sends mail. Immutable.
public sealed interface RouteTarget {

    /// `"mx"`: as the DNS says.
    record Mx() implements RouteTarget {}

    /// `"smtp://host:port"`; host is a name or an address (IPv6 in brackets), port defaults to 25.
    record Smtp(String host, int port) implements RouteTarget {}

    /// `"lmtp://host:port"` (RFC 2033); port has no default.
    record Lmtp(String host, int port) implements RouteTarget {}
}
