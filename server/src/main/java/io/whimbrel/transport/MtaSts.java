package io.whimbrel.transport;

import io.whimbrel.dns.TextAnswer;
import io.whimbrel.mail.DomainName;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/// The MTA-STS policies of domains (RFC 8461). Thread-safe.
///
/// A policy that is known is given at once, and looked at again behind the scenes: its record every
/// [#CHECK_AGAIN] while mail flows, the policy itself when it is old ([StsCache.Entry#isOld]) and
/// when the record's id is another. Where that fails, the one that is known stays until it has run
/// out. The first fetch for a domain is waited for [#WAIT_MOST]; its policy is unknown until it is
/// done, which the log says. What fails is not tried again for [#FAILED_FOR]; where the DNS does
/// not answer, it is not asked again for [#UNKNOWN_FOR]. [#FETCHES_MAX] fetches run at once,
/// [#QUEUE_MAX] first ones wait behind them; beyond that policies stay unknown until the next mail,
/// which the log says each [#SAID_EVERY].
public final class MtaSts {
    static final Duration CHECK_AGAIN = Duration.ofMinutes(10);
    static final Duration WAIT_MOST = Duration.ofSeconds(3);
    static final Duration FAILED_FOR = Duration.ofMinutes(5);
    static final Duration UNKNOWN_FOR = Duration.ofMinutes(1);
    static final int FETCHES_MAX = 50;
    static final int QUEUE_MAX = 1_000;
    static final Duration SAID_EVERY = Duration.ofMinutes(1);

    private static final int FAILURES_MAX = 10_000;
    private static final Logger LOG = LoggerFactory.getLogger(MtaSts.class);

    private final StsCache cache;
    private final Function<String, TextAnswer> texts;
    private final Function<DomainName, StsAnswer> fetch;
    private final InstantSource clock;
    private final Semaphore fetches = new Semaphore(FETCHES_MAX, true);
    private final Map<DomainName, FutureTask<StsAnswer>> underWay = new ConcurrentHashMap<>();

    /// When the record was looked at last, and what failed lately. Guarded by itself.
    private final Map<DomainName, Instant> checked = bounded();

    private final Map<DomainName, Failed> failed = bounded();

    /// First fetches that found no place since the log said so last. Guarded by itself.
    private final Turned turned = new Turned();

    private record Failed(StsAnswer answer, Instant until) {}

    /// A count that is said now and then. Not thread-safe.
    private static final class Turned {
        private long count;
        private Instant saidAt = Instant.MIN;

        void add(Instant now) {
            count++;
            if (saidAt.isBefore(now.minus(SAID_EVERY))) {
                LOG.warn(
                        "{} domains' MTA-STS policies are not known: {} fetches are under way and"
                                + " {} wait",
                        count,
                        FETCHES_MAX,
                        QUEUE_MAX);
                saidAt = now;
                count = 0;
            }
        }
    }

    /// @param texts asks for the TXT records of a name
    /// @param fetch fetches the policy of a domain; blocks
    MtaSts(
            StsCache cache,
            Function<String, TextAnswer> texts,
            Function<DomainName, StsAnswer> fetch,
            InstantSource clock) {
        this.cache = cache;
        this.texts = texts;
        this.fetch = fetch;
        this.clock = clock;
    }

    private static <V> Map<DomainName, V> bounded() {
        return new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<DomainName, V> eldest) {
                return size() > FAILURES_MAX;
            }
        };
    }

    /// The policy of a domain; blocks while the DNS is asked, and for [#WAIT_MOST] where it is the
    /// first time.
    StsAnswer policy(DomainName domain) {
        Instant now = clock.instant();
        Optional<StsCache.Entry> known = cache.find(domain, now);
        if (known.isPresent()) {
            refresh(domain, now);
            return new StsAnswer.Found(known.get().policy());
        }
        Optional<StsAnswer> lately = failedLately(domain, now);
        if (lately.isPresent()) {
            return lately.get();
        }
        return switch (record(domain)) {
            case Announced.Present(String id) -> first(domain, id);
            case Announced.Absent _ -> new StsAnswer.None();
            case Announced.Unknown(String why) -> {
                // Each message would wait for servers that are dead.
                var unknown = new StsAnswer.Unknown(why);
                remember(domain, unknown, clock.instant().plus(UNKNOWN_FOR));
                yield unknown;
            }
        };
    }

    private void remember(DomainName domain, StsAnswer failure, Instant until) {
        synchronized (failed) {
            failed.put(domain, new Failed(failure, until));
        }
    }

    /// Looks again at all policies that are old, used or not, so that none runs out while its
    /// domain is quiet (RFC 8461 §3.3). Those that were tried longest ago come first, so that hosts
    /// that are dead take no place from others. To be called now and then; does not wait.
    void refreshOld() {
        Instant now = clock.instant();
        List<Due> due = new ArrayList<>();
        for (DomainName domain : cache.old(now)) {
            due.add(new Due(domain, lastCheck(domain).orElse(Instant.MIN)));
        }
        due.sort(Comparator.comparing(Due::last));
        due.forEach(one -> refresh(one.domain(), now));
    }

    /// @param last when it was looked at
    private record Due(DomainName domain, Instant last) {}

    /// Where it is time, and there is a place: first fetches go before.
    private void refresh(DomainName domain, Instant now) {
        boolean isStarted =
                isCheckDue(domain, now)
                        && start(domain, () -> refreshed(domain), FETCHES_MAX).isPresent();
        if (isStarted) {
            synchronized (checked) {
                // What was looked at longest ago is forgotten first.
                checked.remove(domain);
                checked.put(domain, now);
            }
        }
    }

    private boolean isCheckDue(DomainName domain, Instant now) {
        Optional<Instant> last = lastCheck(domain);
        return last.isEmpty() || !now.isBefore(last.get().plus(CHECK_AGAIN));
    }

    private Optional<Instant> lastCheck(DomainName domain) {
        synchronized (checked) {
            return Optional.ofNullable(checked.get(domain));
        }
    }

    private Optional<StsAnswer> failedLately(DomainName domain, Instant now) {
        synchronized (failed) {
            Optional<Failed> last = Optional.ofNullable(failed.get(domain));
            if (last.isPresent() && !now.isBefore(last.get().until())) {
                failed.remove(domain);
                return Optional.empty();
            }
            return last.map(Failed::answer);
        }
    }

    /// What the DNS says of a domain's policy.
    private sealed interface Announced {
        record Present(String id) implements Announced {}

        record Absent() implements Announced {}

        record Unknown(String why) implements Announced {}
    }

    private Announced record(DomainName domain) {
        String name = "_mta-sts." + domain.value();
        return switch (texts.apply(name)) {
            case TextAnswer.Texts(List<String> all, Duration _) ->
                    StsRecord.id(all)
                            .<Announced>map(Announced.Present::new)
                            .orElse(new Announced.Absent());
            case TextAnswer.NoText _, TextAnswer.NoSuchDomain _ -> new Announced.Absent();
            case TextAnswer.TemporaryFailure _ ->
                    new Announced.Unknown("no answer about the TXT records of " + name);
        };
    }

    private StsAnswer first(DomainName domain, String id) {
        Optional<FutureTask<StsAnswer>> task =
                start(domain, () -> fetched(domain, id), FETCHES_MAX + QUEUE_MAX);
        if (task.isEmpty()) {
            synchronized (turned) {
                turned.add(clock.instant());
            }
            return new StsAnswer.Unknown("too many MTA-STS policies are being fetched");
        }
        try {
            return task.get().get(WAIT_MOST.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException _) {
            LOG.info(
                    "the MTA-STS policy of {} is not there within {} s; its mail goes"
                            + " opportunistically until it is",
                    domain,
                    WAIT_MOST.toSeconds());
        } catch (ExecutionException e) {
            LOG.error("unexpected exception in the fetch of a policy", e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        return new StsAnswer.Unknown("its MTA-STS policy is not there yet");
    }

    /// Begins now, or waits for a place.
    ///
    /// @param most where so many are under way, or wait, it does not begin: empty
    private Optional<FutureTask<StsAnswer>> start(
            DomainName domain, Callable<StsAnswer> work, int most) {
        var task =
                new FutureTask<>(() -> {
                    try {
                        return work.call();
                    } finally {
                        // Before anybody has the result, or the next one would get it again.
                        underWay.remove(domain);
                    }
                });
        synchronized (underWay) {
            Optional<FutureTask<StsAnswer>> other = Optional.ofNullable(underWay.get(domain));
            if (other.isPresent() || underWay.size() >= most) {
                return other;
            }
            underWay.put(domain, task);
        }
        Thread.ofVirtual()
                .name("mta-sts")
                .start(() -> {
                    fetches.acquireUninterruptibly();
                    try {
                        task.run();
                    } finally {
                        fetches.release();
                    }
                });
        return Optional.of(task);
    }

    /// A policy that is known, looked at again.
    private StsAnswer refreshed(DomainName domain) {
        Instant now = clock.instant();
        Optional<StsCache.Entry> known = cache.peek(domain, now);
        Optional<String> id =
                switch (record(domain)) {
                    case Announced.Present(String text) -> Optional.of(text);
                    case Announced.Absent _, Announced.Unknown _ -> Optional.empty();
                };
        boolean isFresh =
                known.isPresent()
                        && !known.get().isOld(now)
                        && id.map(known.get().id()::equals).orElse(true);
        // A record that is gone says nothing about the policy that is known (RFC 8461 §2).
        return isFresh
                ? new StsAnswer.Found(known.get().policy())
                : fetched(domain, id.or(() -> known.map(StsCache.Entry::id)).orElse(""));
    }

    private StsAnswer fetched(DomainName domain, String id) {
        StsAnswer answer = fetch.apply(domain);
        Instant now = clock.instant();
        switch (answer) {
            case StsAnswer.Found(StsPolicy policy) -> {
                cache.keep(domain, new StsCache.Entry(id, policy, now));
                synchronized (failed) {
                    failed.remove(domain);
                }
            }
            case StsAnswer.Broken(TlsFailure failure, String text) -> {
                LOG.info("no MTA-STS policy of {}: {}: {}", domain, failure.text(), text);
                remember(domain, answer, now.plus(FAILED_FOR));
            }
            case StsAnswer.None _, StsAnswer.Unknown _ -> {}
        }
        return answer;
    }

    /// Fetches that run, or wait.
    int underWay() {
        return underWay.size();
    }

    /// Domains whose policy is known.
    int known() {
        return cache.size();
    }

    /// What is known, in the words of the policy; empty where nothing is.
    public List<String> shown(DomainName domain) {
        return cache.peek(domain, clock.instant())
                .<List<String>>map(entry -> new ArrayList<>(entry.policy().lines()))
                .orElse(List.of());
    }
}
