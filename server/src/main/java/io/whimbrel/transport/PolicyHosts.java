package io.whimbrel.transport;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PrivateAddresses;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;

/// Where the web servers of MTA-STS policies are. A private address is no answer: anybody can let a
/// name lead into our own network. Thread-safe.
final class PolicyHosts implements StsFetch.Places {
    private final Resolver resolver;
    private final PrivateAddresses privateAddresses;
    private final int port;

    PolicyHosts(Resolver resolver, List<Network> allowPrivate, int port) {
        this.resolver = resolver;
        this.privateAddresses = new PrivateAddresses(allowPrivate);
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
                    found.addresses().stream()
                            .filter(address -> !privateAddresses.isRefused(address))
                            .findFirst();
            case AddressAnswer.NoAddress _,
                    AddressAnswer.NoSuchDomain _,
                    AddressAnswer.TemporaryFailure _ ->
                    Optional.empty();
        };
    }
}
