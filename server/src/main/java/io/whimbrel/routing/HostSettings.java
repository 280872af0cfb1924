package io.whimbrel.routing;

import io.whimbrel.mail.Network;
import io.whimbrel.mail.Wildcards;

import java.util.List;
import java.util.Optional;

/// What holds for the hosts of every domain. Immutable.
///
/// @param port of MX hosts
/// @param allowPrivate networks that MX hosts may lie in although private or loopback
/// @param ip which addresses are tried, where the provider has no wish of its own
/// @param skipHosts names of MX hosts that are never tried
/// @param fallback where mail goes while none of a domain's own hosts can be connected to; by SMTP
public record HostSettings(
        int port,
        List<Network> allowPrivate,
        IpPreference ip,
        List<Wildcards> skipHosts,
        Optional<RouteTarget> fallback) {

    public HostSettings {
        allowPrivate = List.copyOf(allowPrivate);
        skipHosts = List.copyOf(skipHosts);
    }

    /// With nothing else said.
    public HostSettings(int port, List<Network> allowPrivate) {
        this(port, allowPrivate, IpPreference.BY_TURNS, List.of(), Optional.empty());
    }

    /// Whether a site is the same next hop under both.
    boolean leadsLike(HostSettings other) {
        return port == other.port
                && skipHosts.equals(other.skipHosts)
                && fallback.equals(other.fallback);
    }
}
