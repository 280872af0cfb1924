package io.whimbrel.delivery;

import io.whimbrel.egress.Pools;
import io.whimbrel.routing.Directions;

import java.security.SecureRandom;

/// The plan that is in force, and the directions that follow from it. Immutable, apart from what
/// directions remember. A reload makes a new one, and sessions opened under the old one end with
/// the message in hand.
record ActivePlan(DeliveryPlan plan, Directions directions) {

    static ActivePlan of(DeliveryPlan plan) {
        return new ActivePlan(plan, new Directions(plan.routing(), new SecureRandom()));
    }

    ActivePlan renewed(DeliveryPlan newPlan) {
        return new ActivePlan(newPlan, directions.renewed(newPlan.routing()));
    }

    DeliverySettings settings() {
        return plan.settings();
    }

    Pools pools() {
        return plan.pools();
    }
}
