package io.whimbrel.mail;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// IPv4 addresses inside IPv6 ones, which routers take out and connect to: `64:ff9b::/96` of NAT64
/// (RFC 6052 §2.1), `2002::/16` of 6to4 (RFC 3056 §2), `::/96` (RFC 4291 §2.5.5.1). Who asks
/// whether an address is private must look at these too. Stateless.
public final class EmbeddedIpv4 {
    private static final int BYTES = 4;
    private static final int LAST = 12;

    private static final List<Place> PLACES =
            List.of(
                    new Place(network("64:ff9b::/96"), LAST),
                    new Place(network("2002::/16"), 2),
                    new Place(network("::/96"), LAST));

    private EmbeddedIpv4() {}

    /// @param at first octet of the IPv4 address
    private record Place(Network network, int at) {}

    /// The one in `address`; empty where it has none, or is IPv4 itself.
    public static Optional<InetAddress> in(InetAddress address) {
        if (!(address instanceof Inet6Address)) {
            return Optional.empty();
        }
        for (Place place : PLACES) {
            if (place.network().contains(address)) {
                byte[] all = address.getAddress();
                return Optional.of(ipv4(Arrays.copyOfRange(all, place.at(), place.at() + BYTES)));
            }
        }
        return Optional.empty();
    }

    private static InetAddress ipv4(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four bytes are an address", e);
        }
    }

    private static Network network(String text) {
        return Network.parse(text).orElseThrow();
    }
}
