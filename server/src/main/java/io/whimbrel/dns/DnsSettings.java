package io.whimbrel.dns;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/// `[dns]`: whom to ask. Immutable.
///
/// @param servers resolvers, asked in turn; empty means those of the system
/// @param timeout for one question to one server; default 5s
public record DnsSettings(List<InetSocketAddress> servers, Duration timeout) {

    public static final DnsSettings DEFAULT = new DnsSettings(List.of(), Duration.ofSeconds(5));

    public DnsSettings {
        servers = List.copyOf(servers);
    }
}
