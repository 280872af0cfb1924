package io.whimbrel.routing;

import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.Network;

import java.util.List;

/// What says where mail goes. Immutable.
///
/// @param routes asked before the DNS
/// @param hosts what holds for MX hosts
/// @param ownNode whom mail is not to be sent to
/// @param providers whose hosts are whose
public record RoutingPlan(
        RouteTable routes,
        HostSettings hosts,
        Resolver resolver,
        OwnNode ownNode,
        ProviderLookup providers) {

    /// By routes and MX, without providers.
    ///
    /// @param port of MX hosts
    public RoutingPlan(
            List<RouteSettings> routes,
            int port,
            List<Network> allowPrivate,
            Resolver resolver,
            OwnNode ownNode) {
        this(
                new RouteTable(routes),
                new HostSettings(port, allowPrivate),
                resolver,
                ownNode,
                ProviderLookup.NONE);
    }

    /// Whether a site is the same next hop under both. Addresses are asked for each time, so what
    /// decides only about them is not compared.
    boolean leadsLike(RoutingPlan other) {
        return routes.equals(other.routes)
                && hosts.leadsLike(other.hosts)
                && ownNode.equals(other.ownNode)
                && providers.equals(other.providers)
                && resolver.servers().equals(other.resolver.servers());
    }
}
