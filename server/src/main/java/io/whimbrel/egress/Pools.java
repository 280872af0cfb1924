package io.whimbrel.egress;

import io.whimbrel.metrics.EgressMetrics;
import io.whimbrel.shaping.Flow;

import java.net.InetAddress;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// Which source each connection leaves from, so that every source of a pool gets its share of the
/// pool's messages, counted over all queues of the machine. Thread-safe.
///
/// Where no pool has the name of a source, that name stands for a pool of that source alone.
///
/// What one source cannot send goes to the others by their weights, for good: a source that comes
/// back gets its share from then on, and no more. A reload makes a new one, where all are even.
public final class Pools {
    private final Map<String, Pool> pools = new LinkedHashMap<>();
    private final Sources sources;

    /// @param configured of other sources than those of `sources` nothing is sent
    public Pools(
            List<PoolSettings> configured,
            Sources sources,
            InstantSource clock,
            EgressMetrics metrics) {
        this.sources = sources;
        for (PoolSettings settings : configured) {
            pools.put(settings.name(), new Pool(settings, sources, clock, metrics));
        }
        for (SourceAddress source : sources.all()) {
            if (!source.name().isEmpty() && !pools.containsKey(source.name())) {
                var alone = List.of(PoolSettings.Member.of(source.name()));
                var settings = new PoolSettings(source.name(), alone, PoolSettings.Sticky.NONE);
                pools.put(source.name(), new Pool(settings, sources, clock, metrics));
            }
        }
        metrics.watchSources(sources::usable);
    }

    /// What connections may be bound to, and what is wrong with it.
    public Sources sources() {
        return sources;
    }

    public boolean isKnown(String pool) {
        return pools.containsKey(pool);
    }

    public Set<String> names() {
        return Set.copyOf(pools.keySet());
    }

    /// The pools that `source` is in, that of its own name among them.
    public Set<String> poolsOf(String source) {
        Set<String> names = new LinkedHashSet<>();
        pools.forEach((name, pool) -> {
            if (pool.has(source)) {
                names.add(name);
            }
        });
        return names;
    }

    /// Whether something of the mail decides about its source.
    public boolean isSticky(String pool) {
        return named(pool)
                .filter(it -> it.settings().sticky() != PoolSettings.Sticky.NONE)
                .isPresent();
    }

    /// What of `flow` leads to a source of the pool; `""` where shares alone count.
    public String stickyKey(String pool, Flow flow) {
        return named(pool).map(it -> it.settings().sticky().key(flow)).orElse("");
    }

    /// The source of a new connection: that which is furthest behind its share, or which
    /// `stickyKey` leads to. Empty where the pool is not known or none of its sources may be used.
    ///
    /// @param stickyKey of the mail it is for; `""` where there is none
    /// @param isMeant those for which it is false are passed over, and lose nothing by that
    /// @param mayUse asked for one source after the other until it is true, without a lock held;
    ///   the one for which it is true is the one that is chosen, so it may claim what that one
    ///   needs. It must refuse a source of another address family than the host
    public Optional<SourceAddress> choose(
            String pool,
            String stickyKey,
            Predicate<SourceAddress> isMeant,
            Predicate<SourceAddress> mayUse) {
        return named(pool).flatMap(it -> it.choose(stickyKey, isMeant, mayUse));
    }

    /// Whether `source` is there for when the others of the pool cannot be used.
    public boolean isBackup(String pool, String source) {
        return named(pool).filter(it -> it.isBackup(source)).isPresent();
    }

    /// Counts a message: MAIL was written.
    ///
    /// @param isFirst whether it is the first of its connection
    public void sent(String pool, String source, boolean isFirst) {
        named(pool).ifPresent(it -> it.sent(source, isFirst));
    }

    /// Whether a connection from `source` should end after the message in hand, so that another
    /// gets its share. Where a source has many connections only some are told so at a time: each
    /// true is for one of them.
    ///
    /// @param isRefused whether nothing can be sent from a source on the way of this connection;
    ///   asked without a lock held
    public boolean isAhead(String pool, String source, Predicate<SourceAddress> isRefused) {
        return named(pool).map(it -> it.isAhead(source, isRefused)).orElse(true);
    }

    /// Whether a connection from `source` may carry mail with this key: no source can be used that
    /// the key would rather have.
    ///
    /// @param isRefused whether a source cannot be used for this mail on the way of this connection
    public boolean mayCarry(
            String pool, String source, String stickyKey, Predicate<SourceAddress> isRefused) {
        return named(pool).map(it -> it.mayCarry(source, stickyKey, isRefused)).orElse(false);
    }

    /// Whether some usable source of the pool can reach `target`.
    public boolean reaches(String pool, InetAddress target) {
        return named(pool)
                .map(it -> it.sources().stream().anyMatch(one -> sources.reaches(one, target)))
                .orElse(false);
    }

    /// How many sources of the pool can be used now.
    public int usable(String pool) {
        return named(pool)
                .map(it ->
                        (int)
                                it.sources().stream()
                                        .filter(source -> sources.isUsable(source.name()))
                                        .count())
                .orElse(0);
    }

    /// What the configuration says of a pool; of a source that stands for one too.
    public Optional<PoolSettings> settings(String pool) {
        return named(pool).map(Pool::settings);
    }

    /// Its sources that can be used now.
    public List<SourceAddress> usableSources(String pool) {
        return named(pool)
                .map(it ->
                        it.sources().stream()
                                .filter(source -> sources.isUsable(source.name()))
                                .toList())
                .orElse(List.of());
    }

    /// Why no source of the pool can be used at all, whatever the host; empty where one can.
    public Optional<String> trouble(String pool) {
        Optional<Pool> known = named(pool);
        return known.isEmpty()
                ? Optional.of("pool " + pool + " is not configured")
                : sources.trouble(known.get().sources());
    }

    /// Its sources, their weights and what they sent since the start or the last reload.
    public String describe(String pool) {
        return named(pool)
                .map(it -> "pool " + pool + ": " + it.describe())
                .orElse("pool " + pool + " is not configured");
    }

    private Optional<Pool> named(String pool) {
        return Optional.ofNullable(pools.get(pool));
    }
}
