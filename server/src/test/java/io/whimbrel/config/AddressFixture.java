package io.whimbrel.config;

import io.whimbrel.mail.Network;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/// Addresses and networks from their text, which must be good.
final class AddressFixture {
    private AddressFixture() {}

    static InetSocketAddress address(String address, int port) {
        return new InetSocketAddress(ip(address), port);
    }

    static InetAddress ip(String address) {
        return Network.parseAddress(address).orElseThrow();
    }

    static Network network(String text) {
        return Network.parse(text).orElseThrow();
    }
}
