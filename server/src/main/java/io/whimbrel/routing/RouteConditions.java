package io.whimbrel.routing;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Wildcards;

import java.util.List;
import java.util.Optional;

/// Which mail a route is for: what holds for all that is given here. Immutable.
///
/// @param domains of recipients, any of these; none means every domain
/// @param tenant whose mail
/// @param campaign of which campaigns
/// @param recipient to which addresses
public record RouteConditions(
        List<DomainPattern> domains,
        Optional<String> tenant,
        Optional<Wildcards> campaign,
        Optional<Wildcards> recipient) {

    public RouteConditions {
        domains = List.copyOf(domains);
    }

    /// Of a route that only the domain decides about.
    public static RouteConditions ofDomains(List<DomainPattern> domains) {
        return new RouteConditions(domains, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /// Whether the domain alone says if it matches.
    public boolean isDomainOnly() {
        return !looksAtStreams() && recipient.isEmpty();
    }

    boolean looksAtStreams() {
        return tenant.isPresent() || campaign.isPresent();
    }

    boolean matches(DomainName domain) {
        for (DomainPattern pattern : domains) {
            if (pattern.matches(domain)) {
                return true;
            }
        }
        return domains.isEmpty();
    }

    boolean matches(MailStream stream, DomainName domain, String address) {
        return (tenant.isEmpty() || tenant.get().equals(stream.tenant()))
                && (campaign.isEmpty() || campaign.get().matches(stream.campaign()))
                && (recipient.isEmpty() || recipient.get().matches(address))
                && matches(domain);
    }
}
