package io.whimbrel.wire;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;

/// The header of the PROXY protocol, version 2, that we begin a connection to a proxy with: from
/// which address it shall connect, and where to. Pure.
public final class ProxyPreamble {
    private static final byte[] SIGNATURE = {
        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a
    };
    private static final byte VERSION_2_PROXY = 0x21;
    private static final byte TCP_OVER_IPV4 = 0x11;
    private static final byte TCP_OVER_IPV6 = 0x21;
    private static final int HEAD = 16;
    private static final int PORTS = 4;

    private ProxyPreamble() {}

    /// Empty where the addresses are not of one family: the protocol has no words for that.
    ///
    /// @param source port 0, so that the proxy chooses one; empty leaves the address to it as well
    public static Optional<byte[]> of(Optional<InetAddress> source, InetSocketAddress destination) {
        byte[] to = destination.getAddress().getAddress();
        byte[] from = source.map(InetAddress::getAddress).orElseGet(() -> new byte[to.length]);
        if (from.length != to.length) {
            return Optional.empty();
        }
        boolean isIpv6 = destination.getAddress() instanceof Inet6Address;
        int length = 2 * to.length + PORTS;
        return Optional.of(
                ByteBuffer.allocate(HEAD + length)
                        .put(SIGNATURE)
                        .put(VERSION_2_PROXY)
                        .put(isIpv6 ? TCP_OVER_IPV6 : TCP_OVER_IPV4)
                        .putShort((short) length)
                        .put(from)
                        .put(to)
                        .putShort((short) 0)
                        .putShort((short) destination.getPort())
                        .array());
    }
}
