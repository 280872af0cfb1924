package io.whimbrel.dns;

import org.xbill.DNS.Record;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
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
/// most [#SIZE_MAX] answers are kept, with [#BYTES_MAX] of data, for strangers choose what is asked
/// and answered; those used longest ago go first. Whoever asks what is being asked already waits
/// for that answer.
final class DnsCache {
    static final Duration LEAST = Duration.ofSeconds(30);
    static final Duration MOST = Duration.ofDays(1);
    static final Duration STALE_MOST = Duration.ofDays(3);
    static final int SIZE_MAX = 100_000;
    static final long BYTES_MAX = 64L << 20;

    /// Of a record, beside its data.
    private static final int RECORD_BYTES = 100;

    private final InstantSource clock;
    private final Map<Question, Kept> kept = new LinkedHashMap<>(16, 0.75f, true);

    /// Of all that is kept; guarded by `kept`.
    private long keptBytes;

    /// Lookups that run: as many as there are threads asking.
    private final Map<Question, FutureTask<DnsAnswer>> running = new ConcurrentHashMap<>();

    /// A name, lower case, and a record type.
    record Question(String name, int type) {}

    private record Kept(DnsAnswer answer, long bytes, Instant freshUntil, Instant staleUntil) {}

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
        return put(
                question, new Kept(old.answer(), old.bytes(), now.plus(LEAST), old.staleUntil()));
    }

    private Optional<Kept> find(Question question) {
        synchronized (kept) {
            return Optional.ofNullable(kept.get(question));
        }
    }

    private DnsAnswer keep(Question question, DnsAnswer answer, Duration ttl, Instant now) {
        Instant freshUntil = now.plus(bounded(ttl));
        Instant staleUntil = freshUntil.plus(STALE_MOST);
        return put(question, new Kept(answer, bytes(answer), freshUntil, staleUntil));
    }

    private static long bytes(DnsAnswer answer) {
        long bytes = RECORD_BYTES;
        if (answer instanceof DnsAnswer.Found(List<Record> records, Duration _)) {
            for (Record record : records) {
                bytes += RECORD_BYTES + record.rdataToWireCanonical().length;
            }
        }
        return bytes;
    }

    private DnsAnswer put(Question question, Kept answer) {
        synchronized (kept) {
            Kept before = kept.put(question, answer);
            keptBytes += answer.bytes() - (before == null ? 0 : before.bytes());
            var eldest = kept.values().iterator();
            while (keptBytes > BYTES_MAX || kept.size() > SIZE_MAX) {
                keptBytes -= eldest.next().bytes();
                eldest.remove();
            }
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
