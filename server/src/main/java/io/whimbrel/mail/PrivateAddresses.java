package io.whimbrel.mail;

import java.net.InetAddress;
import java.util.List;

/// Addresses that no host of the public internet has. A record that points to one would make this
/// node talk to its own neighbours; so would an IPv6 address that leads to such an IPv4 one
/// ([EmbeddedIpv4]). Immutable.
public final class PrivateAddresses {
    /// Nobody can mean these.
    private static final List<Network> MEANINGLESS =
            networks(
                    "0.0.0.0/8",
                    "127.0.0.0/8",
                    "224.0.0.0/4",
                    "240.0.0.0/4",
                    "::/128",
                    "::1/128",
                    "ff00::/8");

    /// Somebody's own network: RFC 1918, RFC 3927, RFC 4193, RFC 4291 §2.5.6.
    private static final List<Network> OWN =
            networks(
                    "10.0.0.0/8",
                    "172.16.0.0/12",
                    "192.168.0.0/16",
                    "169.254.0.0/16",
                    "fc00::/7",
                    "fe80::/10",
                    "fec0::/10");

    /// What a carrier's customers share: RFC 6598.
    private static final List<Network> SHARED = networks("100.64.0.0/10");

    private final List<Network> allowed;

    /// @param allowed networks that are right although private
    public PrivateAddresses(List<Network> allowed) {
        this.allowed = List.copyOf(allowed);
    }

    public boolean isRefused(InetAddress address) {
        // Who connects to it connects to himself, whoever listens there.
        if (address.isAnyLocalAddress()) {
            return true;
        }
        if (isIn(allowed, address)) {
            return false;
        }
        return isIn(MEANINGLESS, address)
                || isIn(OWN, address)
                || isIn(SHARED, address)
                || EmbeddedIpv4.in(address).map(this::isRefused).orElse(false);
    }

    /// Whether no setting of a sane network would make it right.
    public static boolean isMeaningless(InetAddress address) {
        return isIn(MEANINGLESS, address)
                || EmbeddedIpv4.in(address).map(it -> isIn(MEANINGLESS, it)).orElse(false);
    }

    /// Whether it is of somebody's own network, which strangers do not share.
    public static boolean isOwn(InetAddress address) {
        return isIn(OWN, address);
    }

    private static boolean isIn(List<Network> networks, InetAddress address) {
        for (Network network : networks) {
            if (network.contains(address)) {
                return true;
            }
        }
        return false;
    }

    private static List<Network> networks(String... texts) {
        return List.of(texts).stream().map(text -> Network.parse(text).orElseThrow()).toList();
    }
}
