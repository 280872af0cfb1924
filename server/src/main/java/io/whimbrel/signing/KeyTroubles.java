package io.whimbrel.signing;

import io.whimbrel.metrics.SigningMetrics;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Keys that could not be had or used of late, for operators. Thread-safe. Each is logged at most
/// once a minute; the oldest of more than [#MOST] are forgotten.
final class KeyTroubles {
    private static final Logger LOG = LoggerFactory.getLogger(KeyTroubles.class);
    private static final int MOST = 100;
    private static final Duration TOLD_EACH = Duration.ofMinutes(1);
    private static final Duration REMEMBERED = Duration.ofMinutes(10);

    private final InstantSource clock;
    private final SigningMetrics metrics;
    private final Map<String, Trouble> found = new LinkedHashMap<>();

    private record Trouble(String why, Instant toldAt, Instant seenAt) {}

    KeyTroubles(InstantSource clock, SigningMetrics metrics) {
        this.clock = clock;
        this.metrics = metrics;
    }

    /// @param key such as `s1 of example.com`
    /// @param why names place and remedy
    void add(String key, String why) {
        metrics.failed();
        Instant now = clock.instant();
        boolean isTold;
        synchronized (this) {
            Optional<Instant> toldAt = Optional.ofNullable(found.remove(key)).map(Trouble::toldAt);
            isTold = toldAt.filter(at -> now.isBefore(at.plus(TOLD_EACH))).isEmpty();
            found.put(key, new Trouble(why, isTold ? now : toldAt.orElse(now), now));
            if (found.size() > MOST) {
                found.remove(found.keySet().iterator().next());
            }
        }
        if (isTold) {
            LOG.warn("key {}: {}; mail that it is to sign waits", key, why);
        }
    }

    /// Those of the last minutes.
    synchronized List<String> lines() {
        Instant oldest = clock.instant().minus(REMEMBERED);
        return found.entrySet().stream()
                .filter(one -> one.getValue().seenAt().isAfter(oldest))
                .map(one -> "key " + one.getKey() + ": " + one.getValue().why())
                .toList();
    }

    synchronized void clear() {
        found.clear();
    }
}
