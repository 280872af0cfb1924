package io.whimbrel.transport;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PrivateAddresses;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Where web servers are that strangers name, for policies and reports. A private address is no
/// answer: anybody can let a name lead into our own network. IPv4 and IPv6 by turns,
/// [#ADDRESSES_MAX] at most. Thread-safe.
public final class WebHosts {
    static final int ADDRESSES_MAX = 4;

    /// One family must not use up the time of the other.
    private static final Duration LOOKUP_MOST = Duration.ofSeconds(3);

    private final Resolver resolver;
    private final PrivateAddresses privateAddresses;

    /// @param allowPrivate networks that are right although private
    public WebHosts(Resolver resolver, List<Network> allowPrivate) {
        this.resolver = resolver;
        this.privateAddresses = new PrivateAddresses(allowPrivate);
    }

    /// At least one, in the order in which they are to be tried.
    ///
    /// @param host a name or an address, IPv6 without brackets
    /// @throws UnknownHostException where nobody knows, or it is not to be connected to
    public List<InetSocketAddress> of(String host, int port) throws UnknownHostException {
        Optional<InetAddress> literal = Network.parseAddress(host);
        if (literal.isPresent()) {
            if (privateAddresses.isRefused(literal.get())) {
                throw new UnknownHostException("a private address");
            }
            return List.of(new InetSocketAddress(literal.get(), port));
        }
        resolver.beginIpv4(host);
        resolver.beginIpv6(host);
        List<InetAddress> ipv4 = allowed(resolver.ipv4(host, LOOKUP_MOST));
        List<InetAddress> ipv6 = allowed(resolver.ipv6(host, LOOKUP_MOST));
        List<InetSocketAddress> order = new ArrayList<>();
        for (int i = 0; i < Math.max(ipv4.size(), ipv6.size()); i++) {
            for (List<InetAddress> family : List.of(ipv4, ipv6)) {
                if (i < family.size() && order.size() < ADDRESSES_MAX) {
                    order.add(new InetSocketAddress(family.get(i), port));
                }
            }
        }
        if (order.isEmpty()) {
            throw new UnknownHostException("no address");
        }
        return order;
    }

    private List<InetAddress> allowed(AddressAnswer answer) {
        return switch (answer) {
            case AddressAnswer.Addresses found ->
                    found.addresses().stream()
                            .filter(address -> !privateAddresses.isRefused(address))
                            .toList();
            case AddressAnswer.NoAddress _,
                    AddressAnswer.NoSuchDomain _,
                    AddressAnswer.TemporaryFailure _ ->
                    List.of();
        };
    }
}
