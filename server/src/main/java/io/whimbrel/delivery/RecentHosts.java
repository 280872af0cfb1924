package io.whimbrel.delivery;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;

/// Addresses with which something was wrong lately, until some time has passed. Thread-safe. Holds
/// [#SIZE_MAX] at most; the oldest are forgotten then, which costs one more try each.
final class RecentHosts {
    private static final int SIZE_MAX = 10_000;

    private final Duration remembered;
    private final InstantSource clock;
    private final Map<InetAddress, Instant> until =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<InetAddress, Instant> eldest) {
                    return size() > SIZE_MAX;
                }
            };

    RecentHosts(Duration remembered, InstantSource clock) {
        this.remembered = remembered;
        this.clock = clock;
    }

    synchronized void add(InetAddress address) {
        until.put(address, clock.instant().plus(remembered));
    }

    synchronized void remove(InetAddress address) {
        until.remove(address);
    }

    synchronized boolean contains(InetAddress address) {
        Instant end = until.get(address);
        if (end == null) {
            return false;
        }
        if (clock.instant().isBefore(end)) {
            return true;
        }
        until.remove(address);
        return false;
    }
}
