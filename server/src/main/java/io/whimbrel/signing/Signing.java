package io.whimbrel.signing;

import io.whimbrel.keys.KeyAlgorithm;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.keys.SigningKey;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.metrics.SigningMetrics;
import io.whimbrel.signing.KeptSignatures.Kept;
import io.whimbrel.signing.KeptSignatures.Version;
import io.whimbrel.signing.Rendition.Made;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// Signs mail as it leaves (DKIM, RFC 6376), and seals what was verified as it came (ARC, RFC
/// 8617). Thread-safe.
///
/// Mail that a rule is for never leaves without its signature: where a key cannot be had it waits.
/// The calling thread reads the message and waits; what computes runs on [SigningThreads]. One
/// signature serves all recipients and attempts of a message while its key is the one that signs,
/// as far as [KeptSignatures] have room.
public final class Signing implements AutoCloseable {
    private static final byte[] NOTHING = {};

    private final SigningProviders providers;
    private final SigningThreads threads;
    private final KeptSignatures kept;
    private final SigningMetrics metrics;
    private final InstantSource clock;
    private final ConcurrentMap<Version, FutureTask<Rendition>> underWay =
            new ConcurrentHashMap<>();
    private final KeyTroubles troubles;
    private volatile Current current;

    /// What signs now.
    ///
    /// @param shelf kept for renewal
    record Current(RuleBook book, KeyRing ring, Shelf shelf) {}

    /// @param providers tried here, if anything is to be signed
    /// @throws IOException where a key cannot be used; a line each
    public Signing(
            SigningSettings settings,
            Keys keys,
            SigningProviders providers,
            SigningMetrics metrics,
            InstantSource clock)
            throws IOException {
        this.providers = providers;
        this.metrics = metrics;
        this.clock = clock;
        this.kept = new KeptSignatures(settings.memoryBytes());
        this.troubles = new KeyTroubles(clock, metrics);
        current = open(new RuleBook(settings.rules(), settings.arc()), keys);
        beginToChoose();
        int count = settings.threads().orElse(Runtime.getRuntime().availableProcessors());
        threads = new SigningThreads(count, providers);
        metrics.watch(threads::waiting, kept::bytes);
    }

    /// Where keys come from. Thread-safe; may block, but not for long; what it has read it
    /// remembers.
    @FunctionalInterface
    public interface Shelf {
        /// @throws IOException where it cannot be had; names place and remedy
        SigningKey key(KeyPlace place) throws IOException;
    }

    /// Which key has taken the place of another. Thread-safe.
    @FunctionalInterface
    public interface Succession {
        /// None has.
        Succession NONE = (_, selector, place) -> new Successor(selector, place);

        /// @return what signs now; the same where it has not been replaced
        Successor current(String domain, String selector, KeyPlace place);
    }

    /// What signs in place of a key.
    public record Successor(String selector, KeyPlace place) {}

    /// Where keys come from.
    ///
    /// @param shelf may block; remembers what it has read
    /// @param succession which key has taken the place of which
    public record Keys(Shelf shelf, Succession succession) {}

    /// Signs nothing.
    public static Signing idle(Metrics metrics, InstantSource clock) {
        Shelf none =
                place -> {
                    throw new IOException("no key is to be had");
                };
        try {
            return new Signing(
                    SigningSettings.none(Path.of("")),
                    new Keys(none, Succession.NONE),
                    new SigningProviders(() -> 0),
                    metrics.signing,
                    clock);
        } catch (IOException e) {
            throw new IllegalStateException("without rules nothing can be wrong", e);
        }
    }

    /// Who signs first waits for that; nothing else does.
    private void beginToChoose() {
        if (!current.book().isEmpty()) {
            Thread.ofPlatform().name("signing-trial").daemon().start(this::choose);
        }
    }

    private void choose() {
        for (KeyAlgorithm algorithm : KeyAlgorithm.values()) {
            List<SigningProviders.Trial> trials = providers.trials(algorithm);
            for (SigningProviders.Trial trial : trials) {
                boolean isChosen = trial.equals(trials.getFirst());
                metrics.tried(algorithm.tag(), trial.name(), trial.perSecond(), isChosen);
            }
        }
    }

    private static Current open(RuleBook book, Keys keys) throws IOException {
        return new Current(book, KeyRing.open(book, keys.shelf(), keys.succession()), keys.shelf());
    }

    /// What a reload is to put in force by [#use]; nothing changes yet.
    ///
    /// @throws IOException where a key cannot be used
    public Opened opened(SigningSettings settings, Keys keys) throws IOException {
        RuleBook book = current.book();
        // The same book: what was signed by it stays good while its keys do.
        boolean isSame = book.rules().equals(settings.rules()) && book.arc().equals(settings.arc());
        return new Opened(
                open(isSame ? book : new RuleBook(settings.rules(), settings.arc()), keys));
    }

    /// Other keys are in force for the same rules: a key has taken the place of another. Not beside
    /// [#use].
    ///
    /// @return what stands against it, a line for each key that cannot be used: there the one
    ///   before goes on signing
    public List<String> renew(Keys keys) {
        Current now = current;
        List<String> problems = new ArrayList<>();
        KeyRing ring = now.ring().renewed(now.book(), keys.shelf(), keys.succession(), problems);
        current = new Current(now.book(), ring, keys.shelf());
        return problems;
    }

    /// What [#opened] has made.
    public static final class Opened {
        private final Current opened;

        private Opened(Current opened) {
            this.opened = opened;
        }
    }

    /// From here on these rules and keys sign.
    public void use(Opened opened) {
        current = opened.opened;
        beginToChoose();
        troubles.clear();
    }

    /// Keys that cannot be had now, a line each.
    public List<String> warnings() {
        return troubles.lines();
    }

    /// Makes what stands in front of `outbound`; blocks until it is there.
    ///
    /// @param line whose turn it is to wait for, such as the egress path
    /// @throws IOException where the message cannot be read
    public Rendition render(Outbound outbound, Object line) throws IOException {
        Current now = current;
        if (now.book().isEmpty() && outbound.added().isEmpty()) {
            return new Rendition.Ready(NOTHING, outbound.size(), Optional.empty());
        }
        var version = new Version(outbound.id(), outbound.isSevenBit(), outbound.recipient());
        Optional<Kept> known =
                kept.find(version).filter(one -> isCurrent(one, now) && one.isOf(outbound.added()));
        if (known.isPresent()) {
            metrics.reused();
            Kept one = known.get();
            return new Rendition.Ready(one.front(), one.size(), Optional.empty());
        }
        if (!outbound.isWantedAgain()) {
            return make(outbound, version, now, line);
        }
        var task = new FutureTask<>(() -> make(outbound, version, now, line));
        Optional<FutureTask<Rendition>> other =
                Optional.ofNullable(underWay.putIfAbsent(version, task));
        if (other.isPresent()) {
            metrics.reused();
            return await(other.get());
        }
        try {
            task.run();
            return await(task);
        } finally {
            underWay.remove(version, task);
        }
    }

    private Rendition make(Outbound outbound, Version version, Current now, Object line)
            throws IOException {
        Rendition made =
                new Making(
                                new Making.Means(threads, kept, troubles, metrics),
                                now,
                                clock.instant(),
                                outbound,
                                version)
                        .make(line);
        if (outbound.hasOthers() && made instanceof Rendition.Ready ready) {
            if (outbound.isWantedAgain()) {
                keep(ready);
            } else {
                // Each of the others gets another header with the same body.
                ready.made().ifPresent(it -> kept.keep(it.version(), it.hashes()));
            }
        }
        return made;
    }

    /// It is going to be wanted again: for another attempt.
    public void keep(Rendition.Ready ready) {
        if (ready.made().isPresent()) {
            Made made = ready.made().get();
            kept.keep(made.version(), made.kept());
            kept.keep(made.version(), made.hashes());
        }
    }

    private boolean isCurrent(Kept one, Current now) {
        if (!one.book().equals(now.book()) || clock.instant().isAfter(one.until())) {
            return false;
        }
        for (Applied applied : one.applied()) {
            if (!isCurrent(applied, now)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isCurrent(Applied applied, Current now) {
        var candidate = new RuleBook.Candidate(applied.rule(), applied.domain());
        try {
            return now.ring()
                    .key(candidate)
                    .filter(named ->
                            named.key().equals(applied.key())
                                    && named.selector().equals(applied.selector()))
                    .isPresent();
        } catch (IOException _) {
            // Whether it still signs cannot be known; making it anew says what is wrong.
            return false;
        }
    }

    private static Rendition await(FutureTask<Rendition> task) throws IOException {
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException _) {
                    isInterrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof IOException unreadable) {
                        throw unreadable;
                    }
                    throw new IllegalStateException("signing failed unexpectedly", e);
                }
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        threads.close();
    }
}
