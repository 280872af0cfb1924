package io.whimbrel;

import io.whimbrel.config.Config;
import io.whimbrel.delivery.DeliveryPlan;
import io.whimbrel.delivery.DeliverySettings;
import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TlsaRecord;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.DomainName;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.routing.OwnNode;
import io.whimbrel.routing.ProviderLookup;
import io.whimbrel.routing.RouteTable;
import io.whimbrel.routing.RoutingPlan;
import io.whimbrel.schedule.Micros;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.LimiterFile;
import io.whimbrel.transport.DaneAnswer;
import io.whimbrel.transport.DaneRecords;
import io.whimbrel.transport.DaneTarget;
import io.whimbrel.transport.DaneTrust;
import io.whimbrel.transport.OutboundTls;
import io.whimbrel.transport.TlsState;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What decides how mail leaves, as the configuration has it: sources and pools, limits, routes.
/// The parts that a reload replaces are made here, and those that outlive it are kept here.
/// Confined to the thread that starts or reloads the node, but for what it gives out.
final class Outgoing implements AutoCloseable {
    private final InstantSource clock;
    private final Metrics metrics;
    private final FileLimit fileLimit;
    private final Limiter limiter;
    private final LimiterFile limiterFile;
    private final TlsState tlsState;
    private Pools pools;
    private Resolver resolver;
    private OutboundTls tls;

    /// @throws IOException where a file that the configuration names cannot be used
    Outgoing(Config config, FileLimit fileLimit, InstantSource clock, Metrics metrics)
            throws IOException {
        this.clock = clock;
        this.metrics = metrics;
        this.fileLimit = fileLimit;
        limiter = new Limiter(List.of());
        limiterFile = new LimiterFile(config.node().dataFolder(), limiter, clock, metrics);
        pools = pools(config);
        resolver = new Resolver(config.dns(), clock, metrics.dns);
        tlsState = new TlsState(config.node().dataFolder(), clock, metrics);
        tls = tls(config, resolver);
    }

    Limiter limiter() {
        return limiter;
    }

    Resolver resolver() {
        return resolver;
    }

    Sources sources() {
        return pools.sources();
    }

    /// Each second or so.
    void tick(Instant now) {
        limiter.sweep(Micros.of(now));
    }

    /// What a reload changes and may fail to open. Immutable.
    record Fresh(Resolver resolver, OutboundTls tls) {}

    /// Opens what `fresh` names; nothing is in force yet.
    ///
    /// @throws IOException where a file cannot be used; names file and remedy
    Fresh open(Config before, Config fresh) throws IOException {
        // The resolver stays where it can: what it remembers spares thousands of questions.
        Resolver answers =
                fresh.dns().equals(before.dns())
                        ? resolver
                        : new Resolver(fresh.dns(), clock, metrics.dns);
        return new Fresh(answers, tls(fresh, answers));
    }

    void reload(Config config, Fresh fresh) {
        pools = pools(config);
        resolver = fresh.resolver();
        tls = fresh.tls();
    }

    private OutboundTls tls(Config config, Resolver answers) throws IOException {
        return tlsState.open(
                config.tlsOut(),
                answers,
                config.delivery().allowPrivate(),
                (domain, host, port) -> dane(answers, domain, host, port));
    }

    private static DaneAnswer dane(Resolver resolver, DomainName domain, String host, int port) {
        var target = new DaneTarget(host, port, Set.of(domain.value()), true);
        return switch (DaneRecords.find(resolver, target)) {
            case DaneRecords.NotUsed _ -> new DaneAnswer.None();
            case DaneRecords.Failed(String text) -> new DaneAnswer.Failed(text);
            case DaneRecords.Unusable unusable ->
                    new DaneAnswer.Unusable(texts(unusable.records()));
            case DaneRecords.Usable usable ->
                    new DaneAnswer.Usable(
                            (chain, now) -> DaneTrust.verify(chain, usable, now),
                            texts(usable.records()));
        };
    }

    private static List<String> texts(List<TlsaRecord> records) {
        return records.stream().map(TlsaRecord::toString).toList();
    }

    DeliveryPlan plan(Config config) {
        var names = new HashSet<>(sources().ehloNames());
        names.add(config.node().name());
        var listening =
                config.listens().stream().flatMap(listen -> listen.tcpAddress().stream()).toList();
        var routing =
                new RoutingPlan(
                        new RouteTable(config.routes()),
                        config.hosts(),
                        resolver,
                        new OwnNode(names, listening),
                        ProviderLookup.NONE);
        DeliverySettings settings = config.delivery().withAtMost(fileLimit.deliveries());
        return new DeliveryPlan(settings, pools, routing, tls);
    }

    /// Which pool and route mail takes.
    Destinations destinations(Config config) {
        var table = new RouteTable(config.routes());
        String pool = config.egress().defaultPool();
        return new Destinations(
                asked -> asked.isEmpty() ? pool : asked, table::routeOf, table.looksAtRecipients());
    }

    private Pools pools(Config config) {
        var sources = new Sources(config.egress().sources(), clock);
        return new Pools(config.egress().pools(), sources, clock, metrics.egress);
    }

    @Override
    public void close() {
        limiterFile.close();
        tlsState.close();
    }
}
