package io.whimbrel.dns;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/// Answers, kept for their time to live, within [#LEAST] and [#MOST]. Thread-safe.
///
/// An answer that has run out stays until room is needed, for at most [#STALE_MOST]: where servers
/// fail it is served again (RFC 8767), and they are left in peace for [#LEAST]; where none can be
/// reached, that goes for all that is kept, for each question would wait out its time limit. At
/// most [#SIZE_MAX] answers are kept; those used longest ago go first. Whoever asks what is being
/// asked already waits for that answer.
final class DnsCache {
    static final Duration LEAST = Duration.ofSeconds(30);
    static final Duration MOST = Duration.ofDays(1);
    static final Duration STALE_MOST = Duration.ofDays(3);
    static final int SIZE_MAX = 100_000;

    private final InstantSource clock;
    private final Map<Question, Kept> kept =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Question, Kept> eldest) {
                    return size() > SIZE_MAX;
                }
            };

    /// Lookups that run: as many as there are threads asking.
    private final Map<Question, FutureTask<DnsAnswer>> running = new ConcurrentHashMap<>();

    /// A name, lower case, and a record type.
    record Question(String name, int type) {}

    private record Kept(DnsAnswer answer, Instant freshUntil, Instant staleUntil) {}

    private volatile Instant unreachableUntil = Instant.MIN;

    DnsCache(InstantSource clock) {
        this.clock = clock;
    }

    /// The answer that is kept, or else what `lookup` says.
    DnsAnswer get(Question question, Supplier<DnsAnswer> lookup) {
        Optional<Kept> known = find(question);
        if (known.isPresent() && mayServe(known.get(), clock.instant())) {
            return known.get().answer();
        }
        var task = new FutureTask<DnsAnswer>(() -> refresh(question, lookup.get()));
        FutureTask<DnsAnswer> first = running.putIfAbsent(question, task);
        if (first == null) {
            try {
                task.run();
            } finally {
                running.remove(question);
            }
            first = task;
        }
        return await(first);
    }

    /// No server sends anything at the moment.
    void unreachable() {
        unreachableUntil = clock.instant().plus(LEAST);
    }

    private boolean mayServe(Kept known, Instant now) {
        return now.isBefore(known.freshUntil())
                || (now.isBefore(unreachableUntil) && now.isBefore(known.staleUntil()));
    }

    private DnsAnswer refresh(Question question, DnsAnswer answer) {
        Instant now = clock.instant();
        return switch (answer) {
            case DnsAnswer.Found(var _, Duration ttl) -> keep(question, answer, ttl, now);
            case DnsAnswer.NoData(Duration ttl) -> keep(question, answer, ttl, now);
            case DnsAnswer.NoSuchName(Duration ttl) -> keep(question, answer, ttl, now);
            case DnsAnswer.Failed _ ->
                    find(question)
                            .filter(old -> now.isBefore(old.staleUntil()))
                            .map(old -> serveStale(question, old, now))
                            .orElse(answer);
        };
    }

    private DnsAnswer serveStale(Question question, Kept old, Instant now) {
        return put(question, new Kept(old.answer(), now.plus(LEAST), old.staleUntil()));
    }

    private Optional<Kept> find(Question question) {
        synchronized (kept) {
            return Optional.ofNullable(kept.get(question));
        }
    }

    private DnsAnswer keep(Question question, DnsAnswer answer, Duration ttl, Instant now) {
        Instant freshUntil = now.plus(bounded(ttl));
        return put(question, new Kept(answer, freshUntil, freshUntil.plus(STALE_MOST)));
    }

    private DnsAnswer put(Question question, Kept answer) {
        synchronized (kept) {
            kept.put(question, answer);
        }
        return answer.answer();
    }

    static Duration bounded(Duration ttl) {
        if (ttl.compareTo(LEAST) < 0) {
            return LEAST;
        }
        return ttl.compareTo(MOST) > 0 ? MOST : ttl;
    }

    private static DnsAnswer await(FutureTask<DnsAnswer> task) {
        try {
            return task.get();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return new DnsAnswer.Failed("the lookup was interrupted");
        } catch (ExecutionException e) {
            throw new IllegalStateException("a lookup failed unexpectedly", e.getCause());
        }
    }
}
