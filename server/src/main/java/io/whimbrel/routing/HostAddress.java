package io.whimbrel.routing;

import io.whimbrel.mail.IpText;

import java.net.Inet6Address;
import java.net.InetAddress;

/// One address of a host that may take mail. Immutable.
///
/// @param name of the host; `""` where a route or an address literal gives only the address
/// @param address to connect to
/// @param port to connect to
public record HostAddress(String name, InetAddress address, int port) {
    private static final int SMTP_PORT = 25;

    /// As operators see it: `mx.example.net [192.0.2.1]`, the port where it is not 25.
    public String described() {
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
