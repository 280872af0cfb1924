package io.whimbrel.reception;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/// A clock that moves when told to. Thread-safe.
final class ManualClock implements InstantSource {
    private volatile Instant now = Instant.parse("2026-11-03T10:15:30Z");

    @Override
    public Instant instant() {
        return now;
    }

    synchronized void advance(Duration duration) {
        now = now.plus(duration);
    }
}
