package io.whimbrel.routing;

import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.Network;

import java.util.List;

/// What says where mail goes. Immutable.
///
/// @param routes in order; the first that matches a domain wins
/// @param port of MX hosts
/// @param allowPrivate networks that MX hosts may lie in although private or loopback
/// @param ownNode whom mail is not to be sent to
public record RoutingPlan(
        List<RouteSettings> routes,
        int port,
        List<Network> allowPrivate,
        Resolver resolver,
        OwnNode ownNode) {

    public RoutingPlan {
        routes = List.copyOf(routes);
        allowPrivate = List.copyOf(allowPrivate);
    }

    /// Whether a site is the same next hop under both. Addresses are asked for each time, so what
    /// decides only about them is not compared.
    boolean leadsLike(RoutingPlan other) {
        return routes.equals(other.routes)
                && port == other.port
                && ownNode.equals(other.ownNode)
                && resolver.servers().equals(other.resolver.servers());
    }
}
