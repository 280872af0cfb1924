package io.whimbrel;

import io.whimbrel.config.Config;
import io.whimbrel.delivery.DeliveryPlan;
import io.whimbrel.delivery.DeliverySettings;
import io.whimbrel.dns.Resolver;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.PoolSettings;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.routing.OwnNode;
import io.whimbrel.routing.ProviderLookup;
import io.whimbrel.routing.RouteTable;
import io.whimbrel.routing.RoutingPlan;
import io.whimbrel.schedule.Micros;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.LimiterFile;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/// What decides how mail leaves, as the configuration has it: sources and pools, limits, routes.
/// The parts that a reload replaces are made here, and those that outlive it are kept here.
/// Confined to the thread that starts or reloads the node, but for what it gives out.
final class Outgoing implements AutoCloseable {
    private final InstantSource clock;
    private final Metrics metrics;
    private final FileLimit fileLimit;
    private final Limiter limiter;
    private final LimiterFile limiterFile;
    private Pools pools;
    private Resolver resolver;

    Outgoing(Config config, FileLimit fileLimit, InstantSource clock, Metrics metrics) {
        this.clock = clock;
        this.metrics = metrics;
        this.fileLimit = fileLimit;
        limiter = new Limiter(List.of());
        limiterFile = new LimiterFile(config.node().dataFolder(), limiter, clock, metrics);
        pools = pools(config);
        resolver = new Resolver(config.dns(), clock, metrics.dns);
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

    /// The resolver stays where it can: what it remembers spares thousands of questions.
    Resolver resolver(Config before, Config fresh) {
        return fresh.dns().equals(before.dns()) ? resolver : new Resolver(fresh.dns(), clock, metrics.dns);
    }

    void reload(Config fresh, Resolver answers) {
        pools = pools(fresh);
        resolver = answers;
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
        return new DeliveryPlan(settings, pools, routing);
    }

    Destinations destinations(Config config) {
        return Destinations.ofPool(PoolSettings.DEFAULT);
    }

    private Pools pools(Config config) {
        var all = new ArrayList<PoolSettings>();
        all.add(
                new PoolSettings(
                        PoolSettings.DEFAULT,
                        config.sources().stream()
                                .map(SourceAddress::name)
                                .map(PoolSettings.Member::of)
                                .toList(),
                        PoolSettings.Sticky.NONE));
        // Mail may ask for a source by its name as well.
        for (SourceAddress source : config.sources()) {
            if (all.stream().noneMatch(pool -> pool.name().equals(source.name()))) {
                all.add(
                        new PoolSettings(
                                source.name(),
                                List.of(PoolSettings.Member.of(source.name())),
                                PoolSettings.Sticky.NONE));
            }
        }
        return new Pools(all, new Sources(config.sources(), clock), clock, metrics.egress);
    }

    @Override
    public void close() {
        limiterFile.close();
    }
}
