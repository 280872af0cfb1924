package io.whimbrel.policy;

import io.whimbrel.mail.Network;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/// Who is at the door. Immutable.
///
/// @param address of the client: the one that a trusted proxy names, where there is one
/// @param isTrusted whether it may relay, by its network or because it authenticated
public record DoorClient(InetAddress address, boolean isTrusted) {
    private static final int HOST_BITS_IPV4 = 32;
    private static final int HOST_BITS_IPV6 = 64;
    private static final int NETWORK_BITS_IPV4 = 24;
    private static final int NETWORK_BITS_IPV6 = 48;

    /// What one host may have: an IPv4 address, or an IPv6 network of 64 bits.
    static Network host(InetAddress address) {
        return block(address, HOST_BITS_IPV4, HOST_BITS_IPV6);
    }

    /// What one operator may have: 24 bits of IPv4, 48 of IPv6.
    static Network network(InetAddress address) {
        return block(address, NETWORK_BITS_IPV4, NETWORK_BITS_IPV6);
    }

    private static Network block(InetAddress address, int bitsIpv4, int bitsIpv6) {
        int bits = address instanceof Inet4Address ? bitsIpv4 : bitsIpv6;
        byte[] bytes = address.getAddress();
        for (int i = bits / 8; i < bytes.length; i++) {
            bytes[i] = 0;
        }
        try {
            return new Network(InetAddress.getByAddress(bytes), bits);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address has 4 or 16 bytes", e);
        }
    }
}
