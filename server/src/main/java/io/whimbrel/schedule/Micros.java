package io.whimbrel.schedule;

import java.time.Duration;
import java.time.Instant;

/// Microseconds since 1970, as limits count. Stateless.
public final class Micros {
    private static final long A_SECOND = 1_000_000;
    private static final int NANOS = 1_000;

    private Micros() {}

    /// Rounded down.
    public static long of(Instant instant) {
        return instant.getEpochSecond() * A_SECOND + instant.getNano() / NANOS;
    }

    public static Instant instant(long micros) {
        return Instant.ofEpochSecond(
                Math.floorDiv(micros, A_SECOND), Math.floorMod(micros, A_SECOND) * NANOS);
    }

    /// From `from` until `until`, zero where that is past, at most `most`.
    public static Duration left(long until, long from, Duration most) {
        long mostMicros = most.toNanos() / NANOS;
        long left = Math.clamp(until - from, 0, mostMicros);
        return Duration.ofNanos(left * NANOS);
    }

    /// Milliseconds since 1970 of `until`, rounded up; at most `most` after `from`.
    static long atMost(long until, long from, Duration most) {
        long bound = from + most.toNanos() / NANOS;
        return Math.ceilDiv(Math.min(until, bound), 1_000);
    }
}
