package io.whimbrel.mail;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/// A block of addresses in CIDR notation (RFC 4632, RFC 4291 §2.3). Immutable.
///
/// @param base an address of the block
/// @param prefixBits 0..32 for IPv4, 0..128 for IPv6
public record Network(InetAddress base, int prefixBits) {

    public Network {
        if (prefixBits < 0 || prefixBits > base.getAddress().length * 8) {
            throw new IllegalArgumentException("prefix length out of range: " + prefixBits);
        }
    }

    /// Reads `192.0.2.0/24`, `2001:db8::/32` or a single address. No name is ever looked up. Empty
    /// where `text` is no network, or has bits set behind its prefix.
    public static Optional<Network> parse(String text) {
        int slash = text.indexOf('/');
        Optional<InetAddress> address = parseAddress(slash < 0 ? text : text.substring(0, slash));
        if (address.isEmpty()) {
            return Optional.empty();
        }
        int bits = address.get().getAddress().length * 8;
        if (slash >= 0) {
            String length = text.substring(slash + 1);
            if (!length.matches("[0-9]{1,3}") || Integer.parseInt(length) > bits) {
                return Optional.empty();
            }
            bits = Integer.parseInt(length);
        }
        var network = new Network(address.get(), bits);
        return network.hasHostBits() ? Optional.empty() : Optional.of(network);
    }

    /// Reads an IPv4 or IPv6 address without brackets; never a name. Empty where it is none.
    public static Optional<InetAddress> parseAddress(String text) {
        try {
            return Optional.of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    public boolean contains(InetAddress address) {
        byte[] mine = base.getAddress();
        byte[] other = address.getAddress();
        if (mine.length != other.length) {
            return false;
        }
        int whole = prefixBits / 8;
        for (int i = 0; i < whole; i++) {
            if (mine[i] != other[i]) {
                return false;
            }
        }
        int rest = prefixBits % 8;
        return rest == 0 || ((mine[whole] ^ other[whole]) & 0xff) >>> (8 - rest) == 0;
    }

    @Override
    public String toString() {
        return IpText.of(base) + "/" + prefixBits;
    }

    private boolean hasHostBits() {
        byte[] bytes = base.getAddress();
        for (int bit = prefixBits; bit < bytes.length * 8; bit++) {
            if ((bytes[bit / 8] & (0x80 >>> (bit % 8))) != 0) {
                return true;
            }
        }
        return false;
    }

    /// Whether one of `networks` has the address.
    public static boolean anyContains(List<Network> networks, InetAddress address) {
        for (Network network : networks) {
            if (network.contains(address)) {
                return true;
            }
        }
        return false;
    }
}
