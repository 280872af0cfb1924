package io.whimbrel.auth;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/// A clock that moves when told to; far behind all files of the tests, so that every change of one
/// shows as long ago. Thread-safe.
final class DrivenClock implements InstantSource {
    static final Instant START = Instant.parse("2036-11-27T10:00:00Z");

    private volatile Instant now = START;

    @Override
    public Instant instant() {
        return now;
    }

    synchronized void advance(Duration duration) {
        now = now.plus(duration);
    }
}
