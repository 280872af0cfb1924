package io.whimbrel.reception;

import io.whimbrel.mail.IpText;

import java.net.InetAddress;

/// Who is at the other end of a connection, and on which terms. Immutable.
///
/// @param address of the peer
/// @param terms of the listener when the connection came
/// @param mayRelay whether mail to any domain is taken from here
record Client(InetAddress address, ListenTerms terms, boolean mayRelay) {

    static Client of(InetAddress address, ListenTerms terms) {
        return new Client(address, terms, terms.relayPolicy().mayRelay(address));
    }

    /// The address as a literal, `[192.0.2.7]` or `[IPv6:2001:db8::7]` (RFC 5321 §4.1.3).
    String literal() {
        return IpText.literal(address);
    }
}
