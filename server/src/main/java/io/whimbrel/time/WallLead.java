package io.whimbrel.time;

import java.time.Duration;
import java.time.InstantSource;

/// How far the wall clock is ahead of a steady one, for files with instants of the steady clock:
/// that of the process that reads them begins with the wall clock as it is then. Thread-safe.
///
/// It is zero at the start, and jumps where the wall clock is set.
public final class WallLead {
    /// Less needs no file to be written anew.
    private static final Duration STEP_LEAST = Duration.ofSeconds(1);

    private final InstantSource steady;
    private final InstantSource wall;
    private Duration noted = Duration.ZERO;
    private long steps;

    public WallLead(InstantSource steady, InstantSource wall) {
        this.steady = steady;
        this.wall = wall;
    }

    /// Negative where the wall clock is behind.
    public Duration now() {
        return Duration.between(steady.instant(), wall.instant());
    }

    /// Grows where [#now] differs by [#STEP_LEAST] from what it was when this grew last.
    public synchronized long steps() {
        Duration now = now();
        if (now.minus(noted).abs().compareTo(STEP_LEAST) >= 0) {
            noted = now;
            steps++;
        }
        return steps;
    }
}
