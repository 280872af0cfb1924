package io.whimbrel.delivery;

import io.whimbrel.egress.Sources;
import io.whimbrel.routing.RoutingPlan;
import io.whimbrel.transport.OutboundTls;

/// Everything that a reload can change about delivery. Immutable.
///
/// @param sources that mail leaves from
/// @param routing where it goes
/// @param tls how safely
public record DeliveryPlan(
        DeliverySettings settings, Sources sources, RoutingPlan routing, OutboundTls tls) {}
