package io.whimbrel.transport;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.EmbeddedIpv4;
import io.whimbrel.mail.Network;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;

/// Where the web servers of MTA-STS policies are. A private address is no answer: anybody can let a
/// name lead into our own network. Thread-safe.
final class PolicyHosts implements StsFetch.Places {
    private static final List<Network> SHARED =
            List.of("100.64.0.0/10", "fc00::/7").stream()
                    .flatMap(text -> Network.parse(text).stream())
                    .toList();

    private final Resolver resolver;
    private final List<Network> allowPrivate;
    private final int port;

    PolicyHosts(Resolver resolver, List<Network> allowPrivate, int port) {
        this.resolver = resolver;
        this.allowPrivate = List.copyOf(allowPrivate);
        this.port = port;
    }

    @Override
    public InetSocketAddress of(String host) throws UnknownHostException {
        Optional<InetAddress> address =
                first(resolver.ipv4(host)).or(() -> first(resolver.ipv6(host)));
        return new InetSocketAddress(
                address.orElseThrow(() -> new UnknownHostException("no address")), port);
    }

    private Optional<InetAddress> first(AddressAnswer answer) {
        return switch (answer) {
            case AddressAnswer.Addresses found ->
                    found.addresses().stream().filter(this::isAllowed).findFirst();
            case AddressAnswer.NoAddress _,
                    AddressAnswer.NoSuchDomain _,
                    AddressAnswer.TemporaryFailure _ ->
                    Optional.empty();
        };
    }

    private boolean isAllowed(InetAddress address) {
        if (allowPrivate.stream().anyMatch(network -> network.contains(address))) {
            return true;
        }
        boolean isPrivate =
                address.isLoopbackAddress()
                        || address.isSiteLocalAddress()
                        || address.isLinkLocalAddress()
                        || address.isAnyLocalAddress()
                        || address.isMulticastAddress()
                        || SHARED.stream().anyMatch(network -> network.contains(address));
        return !isPrivate && EmbeddedIpv4.in(address).map(this::isAllowed).orElse(true);
    }
}
