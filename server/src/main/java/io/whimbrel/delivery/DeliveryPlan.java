package io.whimbrel.delivery;

import io.whimbrel.egress.Pools;
import io.whimbrel.routing.RoutingPlan;
import io.whimbrel.token.CampaignBook;
import io.whimbrel.transport.OutboundTls;

/// Everything that a reload can change about delivery. Immutable.
///
/// @param pools of sources that mail leaves from
/// @param routing where it goes
/// @param tls how safely
/// @param campaigns what is added to it
public record DeliveryPlan(
        DeliverySettings settings,
        Pools pools,
        RoutingPlan routing,
        OutboundTls tls,
        CampaignBook campaigns) {}
