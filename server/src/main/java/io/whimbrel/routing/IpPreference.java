package io.whimbrel.routing;

/// Which of a host's addresses are tried, and in which order.
public enum IpPreference {
    /// IPv6 and IPv4 by turns, IPv6 first.
    BY_TURNS,
    /// All of IPv4, then IPv6.
    IPV4_FIRST,
    /// All of IPv6, then IPv4.
    IPV6_FIRST,
    /// No IPv6.
    IPV4_ONLY,
    /// No IPv4.
    IPV6_ONLY;

    boolean wantsIpv4() {
        return this != IPV6_ONLY;
    }

    boolean wantsIpv6() {
        return this != IPV4_ONLY;
    }
}
