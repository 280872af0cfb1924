package io.whimbrel.delivery;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// What was found out of late, until some time has passed: hosts and sources with which something
/// was wrong, destinations whose hosts lack TLS. Thread-safe. Holds [#SIZE_MAX] at most; the oldest
/// are forgotten then, which costs one more try each.
final class Lately<K, V> {
    private static final int SIZE_MAX = 10_000;

    private final Duration remembered;
    private final InstantSource clock;
    private final Map<K, Finding<V>> findings =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<K, Finding<V>> eldest) {
                    return size() > SIZE_MAX;
                }
            };

    private record Finding<V>(V value, Instant until) {}

    Lately(Duration remembered, InstantSource clock) {
        this.remembered = remembered;
        this.clock = clock;
    }

    synchronized void add(K key, V value) {
        findings.put(key, new Finding<>(value, clock.instant().plus(remembered)));
    }

    synchronized void remove(K key) {
        findings.remove(key);
    }

    synchronized boolean contains(K key) {
        return get(key).isPresent();
    }

    synchronized Optional<V> get(K key) {
        Finding<V> found = findings.get(key);
        if (found == null) {
            return Optional.empty();
        }
        if (clock.instant().isBefore(found.until())) {
            return Optional.of(found.value());
        }
        findings.remove(key);
        return Optional.empty();
    }
}
