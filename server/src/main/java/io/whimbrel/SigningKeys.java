package io.whimbrel;

import io.whimbrel.config.Config;
import io.whimbrel.keys.KeyFolder;
import io.whimbrel.keys.KeyLookup;
import io.whimbrel.keys.KeyName;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.keys.KeyShelf;
import io.whimbrel.keys.PlacedKey;
import io.whimbrel.keys.RotationWatch;
import io.whimbrel.metrics.SigningMetrics;
import io.whimbrel.signing.Signing;
import io.whimbrel.signing.Signing.Successor;
import io.whimbrel.signing.SigningProviders;
import io.whimbrel.signing.SigningSettings;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/// The keys that mail is signed with: where they lie, which has taken the place of which, and who
/// is told of that. Confined to the threads that start, reload and tick the node, one at a time,
/// but for what it gives out.
final class SigningKeys implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SigningKeys.class);
    private static final Duration BETWEEN_TICKS = Duration.ofMinutes(1);

    private final InstantSource clock;
    private volatile KeyShelf shelf;
    private volatile RotationWatch watch;
    private Instant tickedAt = Instant.MIN;
    private volatile boolean isRenewalDue;
    private volatile Optional<Signing> signing = Optional.empty();

    /// What a reload is to put in force.
    record Opened(KeyShelf shelf, RotationWatch watch, Signing.Opened signing) {}

    /// @throws IOException where the folder of keys cannot be used
    SigningKeys(Config config, InstantSource clock) throws IOException {
        this.clock = clock;
        this.shelf = new KeyShelf(config.keySources(), clock);
        this.watch = watch(config);
    }

    /// @throws IOException where a key cannot be used; a line each
    Signing open(SigningSettings settings, SigningMetrics metrics) throws IOException {
        var providers =
                new SigningProviders(ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime);
        var opened = new Signing(settings, keys(shelf, watch), providers, metrics, clock);
        signing = Optional.of(opened);
        return opened;
    }

    private RotationWatch watch(Config its) throws IOException {
        return new RotationWatch(
                new KeyFolder(its.signing().keyFolder()),
                new KeyLookup.Servers(its.dns(), clock),
                this::changed);
    }

    private static Signing.Keys keys(KeyShelf shelf, RotationWatch watch) {
        return new Signing.Keys(
                shelf::key, (domain, selector, place) -> current(watch, domain, selector, place));
    }

    private static Successor current(
            RotationWatch watch, String domain, String selector, KeyPlace place) {
        Optional<PlacedKey> now = watch.rotations().current(domain, selector);
        return now.map(key -> new Successor(key.selector(), key.place()))
                .orElseGet(() -> new Successor(selector, place));
    }

    /// On the thread of a round of the watch.
    private void changed(KeyName entry, PlacedKey current) {
        LOG.info("{} is to sign in place of the key of {}", current.selector(), entry);
        isRenewalDue = true;
        renew();
    }

    /// Until all keys that are to sign do.
    private synchronized void renew() {
        if (signing.isEmpty() || !isRenewalDue) {
            return;
        }
        List<String> problems = signing.get().renew(keys(shelf, watch));
        isRenewalDue = !problems.isEmpty();
        problems.forEach(problem -> LOG.warn("the key before goes on signing: {}", problem));
    }

    /// Opens what `fresh` names; nothing is in force yet.
    ///
    /// @throws IOException where a key cannot be used
    Opened opened(Config before, Config fresh) throws IOException {
        // What a shelf remembers spares questions, and keeps keys while Vault is down.
        KeyShelf keys =
                fresh.keySources().equals(before.keySources())
                        ? shelf
                        : new KeyShelf(fresh.keySources(), clock);
        RotationWatch rounds = fresh.dns().equals(before.dns()) ? watch : watch(fresh);
        keys.askAgain();
        Signing.Opened opened = signing.orElseThrow().opened(fresh.signing(), keys(keys, rounds));
        return new Opened(keys, rounds, opened);
    }

    synchronized void use(Opened opened) {
        KeyShelf oldShelf = shelf;
        RotationWatch oldWatch = watch;
        shelf = opened.shelf();
        watch = opened.watch();
        signing.orElseThrow().use(opened.signing());
        // A key may have taken the place of another since they were read.
        isRenewalDue = true;
        renew();
        if (oldWatch != watch) {
            oldWatch.close();
        }
        if (oldShelf != shelf) {
            oldShelf.close();
        }
    }

    /// Each second or so.
    void tick(Instant now) {
        boolean isDue = tickedAt.equals(Instant.MIN) || !now.isBefore(tickedAt.plus(BETWEEN_TICKS));
        if (isDue) {
            tickedAt = now;
            watch.tick(now);
            if (isRenewalDue) {
                Thread.ofVirtual().name("key-renewal").start(this::renew);
            }
        }
    }

    @Override
    public void close() {
        watch.close();
        shelf.close();
    }
}
