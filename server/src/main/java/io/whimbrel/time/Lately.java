package io.whimbrel.time;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// What was found out of late, until some time has passed: hosts with which something was wrong,
/// say. Thread-safe. Bounded; the oldest are forgotten then.
public final class Lately<K, V> {
    private final int most;
    private final Duration remembered;
    private final InstantSource clock;
    private final Map<K, Finding<V>> findings =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<K, Finding<V>> eldest) {
                    return size() > most;
                }
            };

    private record Finding<V>(V value, Instant until) {}

    /// @param most how many it holds
    public Lately(int most, Duration remembered, InstantSource clock) {
        this.most = most;
        this.remembered = remembered;
        this.clock = clock;
    }

    public synchronized void add(K key, V value) {
        findings.put(key, new Finding<>(value, clock.instant().plus(remembered)));
    }

    public synchronized void remove(K key) {
        findings.remove(key);
    }

    public synchronized boolean contains(K key) {
        return get(key).isPresent();
    }

    public synchronized Optional<V> get(K key) {
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

    public synchronized void clear() {
        findings.clear();
    }
}
