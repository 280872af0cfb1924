package io.whimbrel.routing;

import io.whimbrel.mail.DomainPattern;

import java.util.List;
import java.util.Optional;

/// One `[[route]]`. Immutable; the first whose conditions hold wins.
///
/// @param name what operators call it; `""` gives it one made of its conditions and targets,
///   `route-1f0c7a52b9e4`: whatever else is in the file, its mail stays its own
/// @param conditions which mail it is for
/// @param targets where that goes, tried in this order; at least one, and several only where all
///   are hosts spoken to alike
/// @param terms how it goes there
public record RouteSettings(
        String name, RouteConditions conditions, List<RouteTarget> targets, Terms terms) {
    private static final int NAME_DIGEST_BYTES = 6;

    /// How mail goes by a route. Immutable.
    ///
    /// @param pool that it leaves by; `""` for that of its stream
    /// @param tls name of the policy for connections; `""` where the route names none
    /// @param credentials to log in with
    /// @param fallback where it goes while none of the targets can be connected to
    /// @param text said where mail is discarded or refused; `""` for ours
    public record Terms(
            String pool,
            String tls,
            Optional<Credentials> credentials,
            Optional<RouteTarget> fallback,
            String text) {

        public static final Terms NONE = new Terms("", "", Optional.empty(), Optional.empty(), "");
    }

    public RouteSettings {
        targets = List.copyOf(targets);
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("a route leads somewhere");
        }
    }

    /// A route by domain.
    public RouteSettings(DomainPattern domains, RouteTarget target) {
        this("", RouteConditions.ofDomains(List.of(domains)), List.of(target), Terms.NONE);
    }

    /// What it is called where the operator calls it nothing.
    String ownName() {
        return "route-" + SiteName.digest(conditions + " " + targets, NAME_DIGEST_BYTES);
    }

    RouteSettings named(String other) {
        return new RouteSettings(other, conditions, targets, terms);
    }
}
