package io.whimbrel.dns;

import java.net.Inet6Address;
import java.net.InetAddress;

/// An address as names in the DNS have it: its parts from the last to the first. Pure.
public final class ReversedAddress {
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private ReversedAddress() {}

    /// `1.2.0.192` or 32 nibbles, `1.0.0. ... .8.b.d.0.1.0.0.2`, as lists of blocked addresses are
    /// asked (RFC 5782 §2.1, §2.4).
    public static String of(InetAddress address) {
        byte[] bytes = address.getAddress();
        boolean isNibbles = address instanceof Inet6Address;
        var text = new StringBuilder(64);
        for (int i = bytes.length - 1; i >= 0; i--) {
            int octet = bytes[i] & 0xff;
            if (isNibbles) {
                text.append(HEX[octet & 15]).append('.').append(HEX[octet >>> 4]);
            } else {
                text.append(octet);
            }
            if (i > 0) {
                text.append('.');
            }
        }
        return text.toString();
    }

    /// The name where the address's own names are: below `in-addr.arpa` or `ip6.arpa` (RFC 1035
    /// §3.5, RFC 3596 §2.5).
    static String arpa(InetAddress address) {
        return of(address) + (address instanceof Inet6Address ? ".ip6.arpa" : ".in-addr.arpa");
    }
}
