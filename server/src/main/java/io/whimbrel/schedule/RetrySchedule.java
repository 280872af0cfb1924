package io.whimbrel.schedule;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// When to try a deferred recipient again: exponential from `first` by `factor`, capped at `most`,
/// given up once `expire` has passed since the message was accepted. Immutable.
///
/// RFC 5321 §4.5.4.1 suggests 4 to 5 days in all and at least 30 minutes between attempts, shorter
/// where the reason is known; greylisting is the common first reason, so we start at 5 minutes. No
/// component may be longer than 365 days.
///
/// @param first delay after the first attempt, more than 0, at most `most`; default 5m
/// @param factor each further delay is this many times the one before, 1.0 to 10.0; default 2.0
/// @param most longest delay; default 4h
/// @param expire lifetime from acceptance, more than 0; default 5d
/// @param delayNotice age at which the sender is told about a delay, more than 0; default 4h
public record RetrySchedule(
        Duration first, double factor, Duration most, Duration expire, Duration delayNotice) {

    private static final double FACTOR_MOST = 10.0;
    private static final Duration BOUND = Duration.ofDays(365);

    /// Width of the jitter, as a part of the delay: half of it below, half of it above.
    private static final double JITTER = 0.25;

    public static final RetrySchedule DEFAULT =
            new RetrySchedule(
                    Duration.ofMinutes(5),
                    2.0,
                    Duration.ofHours(4),
                    Duration.ofDays(5),
                    Duration.ofHours(4));

    /// @throws IllegalArgumentException naming the component, its value and what is allowed
    public RetrySchedule {
        requireInBounds("first", first);
        requireInBounds("most", most);
        requireInBounds("expire", expire);
        requireInBounds("delay-notice", delayNotice);
        // Written so that NaN is refused too.
        if (!(factor >= 1.0 && factor <= FACTOR_MOST)) {
            throw new IllegalArgumentException("factor must be 1.0 to 10.0, not " + factor);
        }
        if (first.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                    "first must not be longer than most: " + first + " > " + most);
        }
    }

    /// As [#nextDueBefore], for a life that began at `receivedAt` and lasts for `expire`.
    public Optional<Instant> nextDue(
            Instant receivedAt, int attempts, Instant now, double jitter01) {
        return nextDueBefore(receivedAt.plus(expire), attempts, now, jitter01);
    }

    /// When to try again what was just tried without success. The delay varies by an eighth to both
    /// sides, so that what was deferred together does not come back together, but never exceeds
    /// `most`. A delay that would pass the end of life ends there, so that there is a last attempt.
    ///
    /// @param endOfLife when the message is given up
    /// @param attempts tries so far; fewer than 1 counts as 1
    /// @param jitter01 a random number, 0 to 1
    /// @return after `now`, at most `endOfLife`; empty where that has come: give up
    public Optional<Instant> nextDueBefore(
            Instant endOfLife, int attempts, Instant now, double jitter01) {
        if (!now.isBefore(endOfLife)) {
            return Optional.empty();
        }
        Instant due = now.plusNanos(delayNanos(attempts, jitter01));
        return Optional.of(due.isBefore(endOfLife) ? due : endOfLife);
    }

    /// In floating point, where a power that is too large becomes infinite and is capped, instead
    /// of overflowing.
    private long delayNanos(int attempts, double jitter01) {
        double mostNanos = most.toNanos();
        double plain = first.toNanos() * Math.pow(factor, Math.max(attempts, 1) - 1);
        double spread = 1.0 - JITTER / 2 + JITTER * Math.clamp(jitter01, 0.0, 1.0);
        double jittered = Math.min(Math.min(plain, mostNanos) * spread, mostNanos);
        return Math.max((long) jittered, 1);
    }

    private static void requireInBounds(String name, Duration value) {
        if (!value.isPositive() || value.compareTo(BOUND) > 0) {
            throw new IllegalArgumentException(
                    name + " must be more than 0 and at most 365 days, not " + value);
        }
    }
}
