package io.whimbrel.routing;

import io.whimbrel.mail.IpText;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.file.Path;

/// One address of a host that may take mail. Immutable.
///
/// @param name of the host; `""` where a route or an address literal gives only the address
/// @param address to connect to
/// @param port to connect to; 0 for a UNIX socket
public record HostAddress(String name, InetAddress address, int port) {
    private static final int SMTP_PORT = 25;

    /// A UNIX socket on this machine.
    public static HostAddress ofSocket(Path path) {
        return new HostAddress("unix:" + path, InetAddress.ofLiteral("127.0.0.1"), 0);
    }

    /// As operators see it: `mx.example.net [192.0.2.1]`, the port where it is not 25.
    public String described() {
        if (port == 0) {
            return name;
        }
        String bracketed = "[" + IpText.of(address) + "]";
        String place = port == SMTP_PORT ? bracketed : bracketed + ":" + port;
        return name.isEmpty() ? place : name + " " + place;
    }

    /// What TLS is told of the peer's name.
    public String tlsName() {
        return name.isEmpty() ? address.getHostAddress() : name;
    }

    public boolean isIpv6() {
        return address instanceof Inet6Address;
    }
}
