package io.whimbrel.time;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;

/// The clock of the node: wall time when it was made, and monotonic from there. Thread-safe.
///
/// A wall clock that is set back or forward moves nothing here at once, so no wait ends early and
/// nothing expires by a jump. [#discipline], called about once a second, lets this clock follow the
/// wall by at most one percent, so that time stamps come right again without a step.
public final class SteadyClock implements InstantSource {
    /// Of the time that passed between two calls of [#discipline].
    private static final int SLEW_DIVISOR = 100;

    private final Clock wall = Clock.systemUTC();
    private volatile Anchor anchor = new Anchor(wall.instant(), System.nanoTime());

    private record Anchor(Instant instant, long nanos) {}

    /// In whole microseconds, as log and index keep time: what is cut to these is then the same
    /// object.
    @Override
    public Instant instant() {
        Anchor now = anchor;
        return now.instant.plusNanos(System.nanoTime() - now.nanos).truncatedTo(ChronoUnit.MICROS);
    }

    @Override
    public long millis() {
        return instant().toEpochMilli();
    }

    /// Monotonic nanoseconds from an arbitrary origin, for measuring how long something took.
    public long nanos() {
        return System.nanoTime();
    }

    /// How far the wall is ahead of this clock, now and later.
    public WallLead lead() {
        return new WallLead(this, wall);
    }

    /// Follows the wall clock a little.
    ///
    /// @return how far the wall is ahead of this clock, negative where it is behind
    public synchronized Duration discipline() {
        Anchor old = anchor;
        long nanos = System.nanoTime();
        long passed = nanos - old.nanos;
        Instant steady = old.instant.plusNanos(passed);
        Duration ahead = Duration.between(steady, wall.instant());
        long slew = passed / SLEW_DIVISOR;
        Duration step =
                ahead.abs().compareTo(Duration.ofNanos(slew)) < 0
                        ? ahead
                        : Duration.ofNanos(ahead.isNegative() ? -slew : slew);
        anchor = new Anchor(steady.plus(step), nanos);
        return ahead;
    }
}
