package io.whimbrel.admin;

import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.Pools;
import io.whimbrel.mail.DomainName;
import io.whimbrel.provider.Providers;
import io.whimbrel.routing.RoutingPlan;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.transport.HostPlace;
import io.whimbrel.transport.TlsPolicy;

import java.util.function.UnaryOperator;

/// How mail leaves by the configuration in force: what explanations look at. Immutable, apart from
/// what its parts count.
///
/// @param poolOf the pool that a tenant's mail leaves by, by the tenant's name; `""` for the node's
///   own
/// @param siteConnectionsMax at once to one site by one pool, over all its sources
public record EgressSight(
        RoutingPlan routing,
        Destinations destinations,
        UnaryOperator<String> poolOf,
        Pools pools,
        Providers providers,
        Limiter limiter,
        TlsWishes tls,
        int siteConnectionsMax) {

    /// What TLS mail without wishes of its own needs.
    @FunctionalInterface
    public interface TlsWishes {
        /// May block for a few seconds.
        TlsPolicy of(DomainName domain, String provider, HostPlace host);
    }
}
