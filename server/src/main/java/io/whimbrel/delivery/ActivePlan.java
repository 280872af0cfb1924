package io.whimbrel.delivery;

import io.whimbrel.egress.Pools;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.routing.Directions;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.token.CampaignBook;
import io.whimbrel.transport.DomainTls;

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

    CampaignBook campaigns() {
        return plan.campaigns();
    }

    /// What TLS a message wants, whichever host takes it. May block for a few seconds.
    ///
    /// @param isByMx whether the domain's own hosts are to take it
    DomainTls tls(QueueEntry entry, String provider, boolean isByMx) {
        TlsRequirement asked = entry.message().envelope().parameters().tls();
        return plan.tls().forDomain(entry.domain(), provider, asked, isByMx);
    }

    /// What mail for a domain wants that asks for nothing itself. May block as well.
    DomainTls tls(DomainName domain, String provider, boolean isByMx) {
        return plan.tls().forDomain(domain, provider, TlsRequirement.UNSPECIFIED, isByMx);
    }
}
