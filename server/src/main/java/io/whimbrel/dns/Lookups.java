package io.whimbrel.dns;

import io.whimbrel.dns.DnsCache.Kept;
import io.whimbrel.dns.DnsCache.Question;
import io.whimbrel.metrics.DnsMetrics;
import io.whimbrel.metrics.DnsMetrics.Outcome;

import org.xbill.DNS.Type;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/// Lookups that run, and what came of earlier ones. Thread-safe.
///
/// Each runs in a virtual thread of its own, so that who loses patience leaves the others their
/// answer. Whoever asks what is being asked already waits for that answer. At most so many run at
/// once; the rest waits in line for [Limits#patience] and fails for now, as do lookups beyond
/// [#LINE_MAX] in line, which defers mail.
///
/// An answer that has run out is given again where servers fail (RFC 8767). Where none could be
/// reached just now, all that is kept is given unasked for [DnsCache#LEAST], for each question
/// would wait out its time limit.
final class Lookups {
    private static final int LINE_MAX = 100_000;

    /// Longer than any lookup, which ends by itself.
    private static final Duration LONGEST = Duration.ofDays(1);

    private final DnsCache cache;
    private final Limits limits;
    private final InstantSource clock;
    private final DnsMetrics metrics;
    private final Semaphore permits;
    private final Map<Question, FutureTask<DnsAnswer>> running = new ConcurrentHashMap<>();
    private volatile Instant unreachableUntil = Instant.MIN;

    /// How much at once, and how long.
    ///
    /// @param questionsMax lookups at once
    /// @param patience how long one waits for its turn
    record Limits(int questionsMax, Duration patience) {}

    Lookups(DnsCache cache, Limits limits, InstantSource clock, DnsMetrics metrics) {
        this.cache = cache;
        this.limits = limits;
        this.clock = clock;
        this.metrics = metrics;
        this.permits = new Semaphore(limits.questionsMax(), true);
    }

    /// The answer that is kept, or else what `lookup` says.
    DnsAnswer get(Question question, Supplier<DnsAnswer> lookup) {
        return get(question, lookup, LONGEST);
    }

    /// As [#get(Question, Supplier)], and waits for `most` at most; the lookup goes on behind that.
    DnsAnswer get(Question question, Supplier<DnsAnswer> lookup, Duration most) {
        Optional<Kept> known = cache.find(question);
        Instant now = clock.instant();
        if (known.isPresent()) {
            if (known.get().isFresh(now)) {
                return given(question, known.get());
            }
            if (known.get().mayServe(now) && now.isBefore(unreachableUntil)) {
                return given(question, known.get(), Outcome.STALE);
            }
        }
        DnsAnswer answer = result(start(question, lookup), most);
        return answer instanceof DnsAnswer.Failed
                ? known.filter(it -> it.mayServe(clock.instant()))
                        .map(it -> given(question, it, Outcome.STALE))
                        .orElseGet(() -> given(question, answer))
                : given(question, answer);
    }

    /// Begins to look where [#get] would, and does not wait: who gets it then waits for less.
    void begin(Question question, Supplier<DnsAnswer> lookup) {
        Instant now = clock.instant();
        boolean isKnown =
                cache.find(question)
                        .filter(it ->
                                it.isFresh(now)
                                        || (it.mayServe(now) && now.isBefore(unreachableUntil)))
                        .isPresent();
        if (!isKnown) {
            // Whoever wants the answer asks for it then.
            FutureTask<DnsAnswer> _ = start(question, lookup);
        }
    }

    private FutureTask<DnsAnswer> start(Question question, Supplier<DnsAnswer> lookup) {
        if (running.size() >= LINE_MAX) {
            return done(new DnsAnswer.Failed("too many questions wait", DnsAnswer.Cause.UNASKED));
        }
        var task =
                new FutureTask<DnsAnswer>(() -> {
                    try {
                        return look(question, lookup);
                    } finally {
                        // Before the result is there: who asks after that must not get it again.
                        running.remove(question);
                    }
                });
        FutureTask<DnsAnswer> first = running.putIfAbsent(question, task);
        if (first != null) {
            return first;
        }
        Thread.ofVirtual().name("dns").start(task);
        return task;
    }

    private static FutureTask<DnsAnswer> done(DnsAnswer answer) {
        var task = new FutureTask<>(() -> answer);
        task.run();
        return task;
    }

    private DnsAnswer look(Question question, Supplier<DnsAnswer> lookup)
            throws InterruptedException {
        if (!takeTurn()) {
            return new DnsAnswer.Failed(
                    "no turn to ask within " + limits.patience().toMillis() + " ms",
                    DnsAnswer.Cause.UNASKED);
        }
        DnsAnswer answer;
        try {
            Instant began = clock.instant();
            answer = lookup.get();
            metrics.asked(Duration.between(began, clock.instant()));
        } finally {
            permits.release();
        }
        return remember(question, answer);
    }

    private boolean takeTurn() throws InterruptedException {
        if (permits.tryAcquire()) {
            return true;
        }
        metrics.waiting(1);
        try {
            return permits.tryAcquire(limits.patience().toMillis(), TimeUnit.MILLISECONDS);
        } finally {
            metrics.waiting(-1);
        }
    }

    /// Before the lookup ends, so that nobody asks between the two.
    private DnsAnswer remember(Question question, DnsAnswer answer) {
        Instant now = clock.instant();
        if (answer instanceof DnsAnswer.Failed(var _, DnsAnswer.Cause cause)) {
            if (cause == DnsAnswer.Cause.UNREACHABLE) {
                unreachableUntil = now.plus(DnsCache.LEAST);
            }
            Optional<Kept> old = cache.find(question).filter(it -> it.mayServe(now));
            if (old.isPresent()) {
                cache.prolong(question, old.get(), now);
                return answer;
            }
        }
        cache.keep(question, answer, now);
        return answer;
    }

    private static DnsAnswer result(FutureTask<DnsAnswer> task, Duration most) {
        try {
            return task.get(Math.max(0, most.toNanos()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException _) {
            return new DnsAnswer.Failed("no answer in time", DnsAnswer.Cause.SILENCE);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return new DnsAnswer.Failed("the lookup was interrupted", DnsAnswer.Cause.UNASKED);
        } catch (ExecutionException e) {
            throw new IllegalStateException("a lookup failed unexpectedly", e.getCause());
        }
    }

    private DnsAnswer given(Question question, Kept known) {
        return given(question, known, known.isStale() ? Outcome.STALE : Outcome.CACHED);
    }

    private DnsAnswer given(Question question, Kept known, Outcome outcome) {
        metrics.answered(Type.string(question.type()), outcome);
        return known.answer();
    }

    private DnsAnswer given(Question question, DnsAnswer answer) {
        Outcome outcome =
                switch (answer) {
                    case DnsAnswer.Found _ -> Outcome.FRESH;
                    case DnsAnswer.NoData _, DnsAnswer.NoSuchName _ -> Outcome.NEGATIVE;
                    case DnsAnswer.Failed(var _, DnsAnswer.Cause cause) ->
                            switch (cause) {
                                case SILENCE, UNREACHABLE -> Outcome.TIMEOUT;
                                case REFUSAL -> Outcome.SERVFAIL;
                                case UNASKED -> Outcome.UNASKED;
                            };
                };
        metrics.answered(Type.string(question.type()), outcome);
        return answer;
    }
}
