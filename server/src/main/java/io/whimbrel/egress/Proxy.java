package io.whimbrel.egress;

import io.whimbrel.mail.IpText;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;

/// A program on the way from a source to the world, which connects for us. Immutable; never shows a
/// password.
///
/// @param kind how it is told where to connect to
/// @param address of the proxy; no name, which somebody would have to look up
/// @param login what it wants to know of us; only SOCKS5 asks
/// @param sourceAddress what connections have behind the proxy, where the source's own address is
///   one of this machine
public record Proxy(
        Kind kind,
        InetSocketAddress address,
        Optional<Login> login,
        Optional<InetAddress> sourceAddress) {

    /// How a proxy is told where to connect to.
    public enum Kind {
        /// RFC 1928. The proxy itself chooses the address that it connects from.
        SOCKS5,
        /// A header of the PROXY protocol, version 2, as HAProxy takes it.
        HAPROXY
    }

    /// User and password (RFC 1929). Immutable.
    ///
    /// @param user 1 to 255 bytes of UTF-8
    public record Login(String user, Password password) {}

    /// Where a password is. Immutable.
    public sealed interface Password {

        /// @param secret at most 255 bytes of UTF-8
        record Written(String secret) implements Password {
            @Override
            public String toString() {
                return "(not shown)";
            }
        }

        /// The first line of a file, read for each connection.
        record InFile(Path file) implements Password {}
    }

    /// The same with another place for the password.
    public Proxy withPassword(Path file) {
        Optional<Login> from = login.map(it -> new Login(it.user(), new Password.InFile(file)));
        return new Proxy(kind, address, from, sourceAddress);
    }

    /// The same, where the source's address is one of this machine.
    public Proxy withSourceAddress(InetAddress behind) {
        return new Proxy(kind, address, login, Optional.of(behind));
    }

    /// As operators see it: `proxy 127.0.0.1:1080 (SOCKS 5)`.
    public String described() {
        String host = IpText.of(address.getAddress());
        String place = (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
        return "proxy "
                + place
                + switch (kind) {
                    case SOCKS5 -> " (SOCKS 5)";
                    case HAPROXY -> " (PROXY protocol)";
                };
    }
}
