package io.whimbrel.policy;

import io.whimbrel.mail.Rate;
import io.whimbrel.mail.Rate.Window;

import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;

/// What one client, network or listener did lately. Guarded by [DoorRates]. Some hundred bytes for
/// each kind that is counted.
final class DoorTally {
    /// A tenth of the window is how much later than necessary room comes back: there are many.
    static final int SLOTS = 10;

    private final Map<DoorCount, Meter> meters = new EnumMap<>(DoorCount.class);

    private record Meter(Window window, SlidingCount count) {}

    boolean hasRoom(DoorCount kind, Rate limit, Instant now, long amount) {
        return count(kind, limit.window()).hasRoom(now, amount, limit.count());
    }

    Instant roomAt(DoorCount kind, Rate limit, Instant now, long amount) {
        return count(kind, limit.window()).roomAt(now, amount, limit.count());
    }

    void add(DoorCount kind, Window window, Instant now, long amount) {
        count(kind, window).add(now, amount);
    }

    long total(DoorCount kind, Window window, Instant now) {
        return count(kind, window).total(now);
    }

    /// A reload that changes the window of a limit begins to count anew.
    private SlidingCount count(DoorCount kind, Window window) {
        Meter meter = meters.get(kind);
        if (meter == null || meter.window() != window) {
            meter = new Meter(window, new SlidingCount(window.length(), SLOTS));
            meters.put(kind, meter);
        }
        return meter.count();
    }
}
