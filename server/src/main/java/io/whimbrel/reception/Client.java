package io.whimbrel.reception;

import io.whimbrel.auth.Identity;
import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.tls.TlsFacts;

import java.net.InetAddress;
import java.util.Optional;

/// Who is at the other end of a connection, and on which terms. Immutable; a session has another
/// one after STARTTLS, AUTH and XCLIENT.
///
/// @param address of the client, as its proxy has it where there is one
/// @param terms of the listener when the connection came
/// @param isListed whether `relay-from` has the address
/// @param isTrustedProxy whether the peer may send XCLIENT
/// @param tls how the connection is protected; empty where it is not
/// @param identity whose it is, where it has authenticated
/// @param proxiedName what the client called itself, as its proxy has it
record Client(
        InetAddress address,
        ListenTerms terms,
        boolean isListed,
        boolean isTrustedProxy,
        Optional<TlsFacts> tls,
        Optional<Identity> identity,
        Optional<String> proxiedName) {

    /// @param peer the other end of the connection
    /// @param address of the client; another one where a proxy stands between
    static Client of(InetAddress peer, InetAddress address, ListenTerms terms) {
        return new Client(
                address,
                terms,
                terms.relayPolicy().mayRelay(address),
                Network.anyContains(terms.settings().entrance().proxies().xclientFrom(), peer),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    static Client of(InetAddress address, ListenTerms terms) {
        return of(address, address, terms);
    }

    Client with(TlsFacts facts) {
        return new Client(
                address,
                terms,
                isListed,
                isTrustedProxy,
                Optional.of(facts),
                identity,
                proxiedName);
    }

    Client with(Identity known) {
        return new Client(
                address, terms, isListed, isTrustedProxy, tls, Optional.of(known), proxiedName);
    }

    /// The client behind this one, which is a proxy. TLS is the proxy's.
    Client introduced(InetAddress behind, Optional<String> name) {
        return new Client(
                behind,
                terms,
                terms.relayPolicy().mayRelay(behind),
                isTrustedProxy,
                tls,
                Optional.empty(),
                name);
    }

    /// Whether mail to any domain is taken from here.
    boolean mayRelay() {
        return isListed || identity.isPresent();
    }

    /// Whether no mail is taken before AUTH.
    boolean mustAuthenticate() {
        return terms.security().requiresAuth() && identity.isEmpty();
    }

    /// The address as a literal, `[192.0.2.7]` or `[IPv6:2001:db8::7]` (RFC 5321 §4.1.3).
    String literal() {
        return IpText.literal(address);
    }
}
