package io.whimbrel.dns;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/// `[dns]`: whom to ask, how much of it at once, and what to believe. Immutable.
///
/// @param servers resolvers, asked in this order; empty means those of the system
/// @param timeout for one question to one server; default 5s
/// @param cacheBytesMax about what the answers that are kept take of the memory
/// @param questionsMax lookups at once
/// @param serveStale how long after its time an answer is given while servers fail
/// @param trustedResolvers addresses whose word on DNSSEC is believed, beside loopback
public record DnsSettings(
        List<InetSocketAddress> servers,
        Duration timeout,
        long cacheBytesMax,
        int questionsMax,
        Duration serveStale,
        Dnssec dnssec,
        List<InetAddress> trustedResolvers) {

    public static final DnsSettings DEFAULT = new DnsSettings(List.of(), Duration.ofSeconds(5));

    /// Who validates signatures of the DNS.
    public enum Dnssec {
        /// Nobody: no answer is secure.
        OFF,

        /// The resolver, which sets the AD bit of what it has validated (RFC 4035 §3.2.3).
        AD
    }

    public DnsSettings {
        servers = List.copyOf(servers);
        trustedResolvers = List.copyOf(trustedResolvers);
    }

    /// With these, and the rest as it is by default.
    public DnsSettings(List<InetSocketAddress> servers, Duration timeout) {
        this(servers, timeout, 64L << 20, 500, Duration.ofDays(1), Dnssec.OFF, List.of());
    }

    /// Whether nobody else can answer in the name of the resolver at `address`: it is on this
    /// machine, or the operator says so.
    public boolean isTrusted(InetAddress address) {
        return address.isLoopbackAddress() || trustedResolvers.contains(address);
    }
}
