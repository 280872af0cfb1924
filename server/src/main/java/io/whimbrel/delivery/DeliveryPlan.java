package io.whimbrel.delivery;

import io.whimbrel.dns.Resolver;
import io.whimbrel.egress.Sources;

import java.util.List;

/// Everything that a reload can change about delivery. Immutable.
///
/// @param routes in order; the first that matches a domain wins
/// @param sources that mail leaves from
/// @param ownNode whom mail is not to be sent to
public record DeliveryPlan(
        DeliverySettings settings,
        List<RouteSettings> routes,
        Sources sources,
        Resolver resolver,
        OwnNode ownNode) {

    public DeliveryPlan {
        routes = List.copyOf(routes);
    }
}
