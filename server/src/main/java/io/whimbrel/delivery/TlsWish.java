package io.whimbrel.delivery;

import io.whimbrel.routing.HostAddress;
import io.whimbrel.transport.DomainTls;
import io.whimbrel.transport.HostPlace;
import io.whimbrel.transport.HostPlace.NamedBy;
import io.whimbrel.transport.OutboundTls;
import io.whimbrel.transport.TlsLevel;
import io.whimbrel.transport.TlsPolicy;

import java.util.Optional;

/// What TLS a session is wanted with. Immutable.
///
/// @param tls of the configuration that holds now
/// @param domain of the message that it is wanted for
/// @param isImplicit TLS begins with the first octet (`smtps://`)
/// @param namedBy who names the hosts
/// @param level what the route asks for
/// @param isForLogin whether we log in there, by a secret that may not be told in plain text
record TlsWish(
        OutboundTls tls,
        DomainTls domain,
        boolean isImplicit,
        NamedBy namedBy,
        Optional<TlsLevel> level,
        boolean isForLogin) {

    /// Nobody logs in.
    TlsWish(
            OutboundTls tls,
            DomainTls domain,
            boolean isImplicit,
            NamedBy namedBy,
            Optional<TlsLevel> level) {
        this(tls, domain, isImplicit, namedBy, level, false);
    }

    TlsWish forLogin() {
        return new TlsWish(tls, domain, isImplicit, namedBy, level, true);
    }

    HostPlace place(HostAddress host) {
        boolean isWritten = host.name().isEmpty();
        boolean learnsSecret = isForLogin && !HostPlace.isNear(host.address(), isWritten);
        return new HostPlace(host.name(), host.port(), namedBy, level, learnsSecret);
    }

    /// May block while the DNS is asked.
    TlsPolicy policy(HostAddress host) {
        return tls.forHost(domain, place(host));
    }
}
