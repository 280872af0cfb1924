package io.whimbrel;

import io.whimbrel.admin.EgressSight;
import io.whimbrel.config.Config;
import io.whimbrel.delivery.DeliveryPlan;
import io.whimbrel.delivery.DeliverySettings;
import io.whimbrel.dns.Resolver;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.provider.ProviderFile;
import io.whimbrel.provider.ProviderFolders;
import io.whimbrel.provider.Providers;
import io.whimbrel.provider.ShapingSettings;
import io.whimbrel.reaction.ActionKind;
import io.whimbrel.reaction.ActionNotice;
import io.whimbrel.reaction.Reactions;
import io.whimbrel.reaction.RestraintsFile;
import io.whimbrel.routing.OwnNode;
import io.whimbrel.routing.ProviderPlaces;
import io.whimbrel.routing.RouteTable;
import io.whimbrel.routing.RoutingPlan;
import io.whimbrel.schedule.Micros;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.LimiterFile;
import io.whimbrel.signing.Signing;
import io.whimbrel.time.SteadyClock;
import io.whimbrel.token.CampaignBook;
import io.whimbrel.token.TokenKeyFile;
import io.whimbrel.token.TokenKeys;
import io.whimbrel.transport.DaneSource;
import io.whimbrel.transport.OutboundTls;
import io.whimbrel.transport.TlsState;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;

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
    private final Reactions reactions;
    private final RestraintsFile restraintsFile;
    private final SigningKeys keys;
    private volatile TokenKeys tokenKeys;
    private final Signing signing;
    private volatile Providers providers;
    private volatile Pools pools;
    private volatile Resolver resolver;
    private volatile OutboundTls tls;

    /// @throws IOException where a file that the configuration names cannot be used
    ///
    /// @param notices told of each action that begins, changes or ends
    Outgoing(
            Config config,
            FileLimit fileLimit,
            Consumer<ActionNotice> notices,
            SteadyClock clock,
            Metrics metrics)
            throws IOException {
        this.clock = clock;
        this.metrics = metrics;
        this.fileLimit = fileLimit;
        providers = providers(config);
        limiter = new Limiter(limits(config, providers));
        metrics.shaping.watch(() -> limiter.counts().reading());
        Path folder = config.node().dataFolder();
        limiterFile = new LimiterFile(folder, limiter, clock, clock.lead(), metrics);
        var hooks = new Reactions.Hooks(limiter::restrain, limiter::lift, notices);
        reactions = new Reactions(() -> providers.rulebook(), hooks, metrics);
        restraintsFile = new RestraintsFile(folder, reactions, clock, clock.lead(), metrics);
        pools = pools(config);
        resolver = new Resolver(config.dns(), clock, metrics.dns);
        tlsState = new TlsState(folder, clock, metrics);
        tls = tls(config, resolver, providers);
        tokenKeys = tokenKeys(config);
        keys = new SigningKeys(config, clock);
        signing = keys.open(config.signing(), metrics.signing);
    }

    private static TokenKeys tokenKeys(Config config) throws IOException {
        return TokenKeyFile.ofNode(config.node().dataFolder()).open();
    }

    Signing signing() {
        return signing;
    }

    Reactions reactions() {
        return reactions;
    }

    Providers providers() {
        return providers;
    }

    Pools pools() {
        return pools;
    }

    TlsState tlsState() {
        return tlsState;
    }

    Limiter limiter() {
        return limiter;
    }

    /// How mail leaves now, for explanations.
    EgressSight sight(Config config) {
        DeliveryPlan now = plan(config);
        OutboundTls wishes = now.tls();
        return new EgressSight(
                now.routing(),
                destinations(config),
                tenant -> poolOf(config, tenant),
                now.pools(),
                providers,
                limiter,
                (domain, provider, host) ->
                        wishes.forHost(
                                wishes.forDomain(
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

    /// Why sources and pools cannot be used, a line each.
    List<String> warnings() {
        var warnings = new ArrayList<String>();
        for (SourceAddress source : sources().all()) {
            sources().trouble(source).ifPresent(warnings::add);
        }
        for (String pool : new TreeSet<>(pools.names())) {
            boolean isOfOne = sources().named(pool).isPresent();
            pools.trouble(pool)
                    .filter(_ -> !isOfOne)
                    .ifPresent(_ ->
                            warnings.add(
                                    "pool "
                                            + pool
                                            + ": none of its sources can be used; its mail waits"));
        }
        warnings.addAll(signing.warnings());
        return warnings;
    }

    /// What is suspended or slowed down, in a line; `""` where nothing is.
    String restraints(Instant now) {
        var counts = new EnumMap<ActionKind, Integer>(ActionKind.class);
        reactions.actions(now).forEach(view -> counts.merge(view.kind(), 1, Integer::sum));
        if (counts.isEmpty()) {
            return "";
        }
        var text = new StringJoiner(", ", "", " in force; `whimbrel shaping actions`");
        counts.forEach((kind, count) -> text.add(count + " " + kind.key()));
        return text.toString();
    }

    /// The names that the configuration knows; empty where any may be right.
    Optional<Set<String>> names(Config config, Dimension dimension) {
        return switch (dimension) {
            case SOURCE ->
                    Optional.of(
                            sources().all().stream()
                                    .map(SourceAddress::name)
                                    .collect(Collectors.toSet()));
            case POOL -> Optional.of(pools.names());
            case PROVIDER ->
                    Optional.of(
                            providers.files().stream()
                                    .map(ProviderFile::name)
                                    .collect(Collectors.toSet()));
            case TENANT ->
                    config.reception().tenants().isEmpty()
                            ? Optional.empty()
                            : Optional.of(
                                    config.reception().tenants().stream()
                                            .map(TenantSettings::name)
                                            .collect(Collectors.toSet()));
            case PROFILE -> Optional.of(Set.copyOf(ShapingSettings.PROFILES));
            case SITE, DOMAIN, CAMPAIGN -> Optional.empty();
        };
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
        keys.tick(now);
        reactions.tick(now);
    }

    /// What a reload changes and may fail to open. Immutable.
    record Fresh(
            Resolver resolver,
            OutboundTls tls,
            Providers providers,
            SigningKeys.Opened signing,
            TokenKeys tokenKeys) {}

    /// Opens what `fresh` names; nothing is in force yet.
    ///
    /// @throws IOException where a file cannot be used; names file and remedy
    Fresh open(Config before, Config fresh) throws IOException {
        // The resolver stays where it can: what it remembers spares thousands of questions.
        Resolver answers =
                fresh.dns().equals(before.dns()) && !resolver.isOutdated(fresh.dns())
                        ? resolver
                        : new Resolver(fresh.dns(), clock, metrics.dns);
        Providers known = providers(fresh);
        return new Fresh(
                answers,
                tls(fresh, answers, known),
                known,
                keys.opened(before, fresh),
                tokenKeys(fresh));
    }

    void reload(Config config, Fresh fresh) {
        if (!fresh.providers().equals(providers)) {
            providers = fresh.providers();
        }
        limiter.reload(limits(config, providers));
        pools = pools(config);
        resolver = fresh.resolver();
        tls = fresh.tls();
        keys.use(fresh.signing());
        tokenKeys = fresh.tokenKeys();
    }

    private OutboundTls tls(Config config, Resolver answers, Providers known) throws IOException {
        return tlsState.open(
                config.tlsOut(),
                known.tls(),
                answers,
                config.delivery().allowPrivate(),
                new DaneSource(answers));
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
                        new ProviderPlaces(providers, resolver));
        DeliverySettings settings = config.delivery().withAtMost(fileLimit.deliveries());
        return new DeliveryPlan(
                settings, pools, routing, tls, new CampaignBook(config.campaigns(), tokenKeys));
    }

    /// Which pool and route mail takes.
    Destinations destinations(Config config) {
        return new RouteTable(config.routes()).destinations(config.egress().defaultPool());
    }

    /// @throws IOException where a provider file is wrong; the message has a line for each error
    static void check(Config config) throws IOException {
        providers(config);
    }

    private static Providers providers(Config config) throws IOException {
        return switch (ProviderFolders.load(config.shaping())) {
            case ProviderFolders.Loaded.Good(Providers good) -> good;
            case ProviderFolders.Loaded.Bad(var errors) ->
                    throw new IOException(
                            errors.stream()
                                    .map(Object::toString)
                                    .collect(Collectors.joining("\n")));
        };
    }

    private static List<LimitSettings> limits(Config config, Providers providers) {
        var limits = new ArrayList<>(config.shaping().limits());
        limits.addAll(providers.limits());
        return limits;
    }

    private Pools pools(Config config) {
        String profile = config.shaping().profile();
        var warmth =
                config.egress().sources().stream()
                        .map(source -> source.profile().isEmpty() ? source.warm(profile) : source)
                        .toList();
        var sources = new Sources(warmth, clock);
        return new Pools(config.egress().pools(), sources, clock, metrics.egress);
    }

    @Override
    public void close() {
        keys.close();
        signing.close();
        restraintsFile.close();
        limiterFile.close();
        tlsState.close();
    }
}
