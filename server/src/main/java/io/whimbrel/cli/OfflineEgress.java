package io.whimbrel.cli;

import io.whimbrel.admin.EgressSight;
import io.whimbrel.config.Config;
import io.whimbrel.dns.Resolver;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.provider.ProviderFolders;
import io.whimbrel.provider.Providers;
import io.whimbrel.routing.OwnNode;
import io.whimbrel.routing.ProviderPlaces;
import io.whimbrel.routing.RouteTable;
import io.whimbrel.routing.RoutingPlan;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.time.SteadyClock;
import io.whimbrel.transport.DaneAnswer;
import io.whimbrel.transport.StsAnswer;
import io.whimbrel.transport.TlsPolicies;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// How mail would leave by a configuration file, without a running node: nothing is in use, and
/// neither TLSA records nor MTA-STS policies are asked for. Stateless.
final class OfflineEgress {
    private OfflineEgress() {}

    /// @throws IOException where a provider file is wrong
    static EgressSight of(Config config) throws IOException {
        var clock = new SteadyClock();
        var metrics = new Metrics();
        Providers providers = providers(config);
        var limits = new ArrayList<LimitSettings>(config.shaping().limits());
        limits.addAll(providers.limits());
        var resolver = new Resolver(config.dns(), clock, metrics.dns);
        var table = new RouteTable(config.routes());
        var routing =
                new RoutingPlan(
                        table,
                        config.hosts(),
                        resolver,
                        new OwnNode(Set.of(config.node().name()), List.of()),
                        new ProviderPlaces(providers, resolver));
        var tls =
                new TlsPolicies(
                        config.tlsOut(),
                        providers.tls(),
                        _ -> new StsAnswer.None(),
                        (_, _, _) -> new DaneAnswer.None());
        return new EgressSight(
                routing,
                table.destinations(config.egress().defaultPool()),
                tenant -> poolOf(config, tenant),
                new Pools(config.egress().pools(), sources(config, clock), clock, metrics.egress),
                providers,
                new Limiter(limits),
                (domain, provider, host) ->
                        tls.forHost(
                                tls.forDomain(
                                        domain,
                                        provider,
                                        TlsRequirement.UNSPECIFIED,
                                        host.isOfDomain()),
                                host),
                config.delivery().connectionsPerPathMax());
    }

    private static String poolOf(Config config, String tenant) {
        return config.reception().tenants().stream()
                .filter(it -> it.name().equals(tenant))
                .flatMap(it -> it.pool().stream())
                .findFirst()
                .orElse("");
    }

    private static Sources sources(Config config, SteadyClock clock) {
        String profile = config.shaping().profile();
        List<SourceAddress> sources =
                config.egress().sources().stream()
                        .map(source -> source.profile().isEmpty() ? source.warm(profile) : source)
                        .toList();
        return new Sources(sources, clock);
    }

    private static Providers providers(Config config) throws IOException {
        return switch (ProviderFolders.load(config.shaping())) {
            case ProviderFolders.Loaded.Good(Providers good) -> good;
            case ProviderFolders.Loaded.Bad(var errors) ->
                    throw new IOException(errors.getFirst().toString());
        };
    }
}
