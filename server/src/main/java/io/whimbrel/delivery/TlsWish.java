package io.whimbrel.delivery;

import io.whimbrel.routing.HostAddress;
import io.whimbrel.transport.DomainTls;
import io.whimbrel.transport.HostPlace;
import io.whimbrel.transport.OutboundTls;
import io.whimbrel.transport.TlsPolicy;

/// What TLS a session is wanted with. Immutable.
///
/// @param tls of the configuration that holds now
/// @param domain of the message that it is wanted for
/// @param isImplicit TLS begins with the first octet (`smtps://`)
/// @param areNamesSure the hosts' names are from signed MX records, or the operator's own
record TlsWish(OutboundTls tls, DomainTls domain, boolean isImplicit, boolean areNamesSure) {

    HostPlace place(HostAddress host) {
        return new HostPlace(host.name(), host.port(), areNamesSure);
    }

    /// May block while the DNS is asked.
    TlsPolicy policy(HostAddress host) {
        return tls.forHost(domain, place(host));
    }
}
