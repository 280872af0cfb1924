package io.whimbrel.routing;

import io.whimbrel.mail.DomainName;

import java.net.URI;
import java.nio.file.Path;

/// Where a route sends mail. Immutable.
public sealed interface RouteTarget {

    /// `"mx"`: as the DNS says.
    record Mx() implements RouteTarget {}

    /// `"mx:example.net"`: to the MX hosts of that domain.
    record MxOf(DomainName domain) implements RouteTarget {}

    /// `"smtp://host:port"`; host is a name or an address (IPv6 in brackets), port defaults to 25.
    record Smtp(String host, int port) implements RouteTarget {}

    /// `"smtps://host:port"`: TLS from the first octet (RFC 8314 §3.3); port defaults to 465.
    record Smtps(String host, int port) implements RouteTarget {}

    /// `"lmtp://host:port"` (RFC 2033); port has no default.
    record Lmtp(String host, int port) implements RouteTarget {}

    /// `"lmtp:unix:/path"`: LMTP over a UNIX socket.
    record LmtpSocket(Path path) implements RouteTarget {}

    /// `"http://..."` or `"https://..."`: the message is posted there.
    record Http(URI uri) implements RouteTarget {}

    /// `"discard"`: taken, and thrown away.
    record Discard() implements RouteTarget {}

    /// `"refuse"`: returned to its sender.
    record Refuse() implements RouteTarget {}

    /// As it is written in a route.
    default String text() {
        return switch (this) {
            case Mx() -> "mx";
            case MxOf(DomainName domain) -> "mx:" + domain;
            case Smtp(String host, int port) -> "smtp://" + written(host) + ":" + port;
            case Smtps(String host, int port) -> "smtps://" + written(host) + ":" + port;
            case Lmtp(String host, int port) -> "lmtp://" + written(host) + ":" + port;
            case LmtpSocket(Path path) -> "lmtp:unix:" + path;
            case Http(URI uri) -> uri.toString();
            case Discard() -> "discard";
            case Refuse() -> "refuse";
        };
    }

    private static String written(String host) {
        return host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
    }
}
