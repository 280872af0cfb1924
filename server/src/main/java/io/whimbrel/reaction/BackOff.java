package io.whimbrel.reaction;

import io.whimbrel.reaction.Action.Pace;
import io.whimbrel.shaping.Restraint.Force;

import java.time.Duration;
import java.time.Instant;

/// How actions are lowered and recover: multiplicative decrease, additive increase. Stateless.
///
/// - A slow-down begins at a part of what went in the last minutes. It never goes below
///   [#RATE_LEAST], nor below [#FLOOR] of what went before the first match.
/// - Each tenth of its time without a match raises it by a tenth of the rate before the last match
///   (one connection, where connections are narrowed).
/// - It is over where the rate before the first match is reached, or its time since the last match
///   is up, *and* less goes than it lets through. Where it still holds mail back, its end would
///   release a queue at once, which brings the next refusals: each step raises it by half then, up
///   to [#RELEASED_AT] times the rate before.
/// - A match lowers it further: to the rule's part again where no step has gone since the last one,
///   for then what is sent is still far too much; to [#PROBED] of it where a step has, for then the
///   rate below is known to be tolerated. Connections are halved. Its time begins again.
/// - At most one lowering in a step: matches within a step after it answer what was sent before, or
///   come of what others do; they only make its time begin again.
/// - A suspension whose time is up becomes a slow-down at [#AFTER_PAUSE_PERCENT] of what went
///   before it, for mail that has waited and is released at once brings the next suspension.
final class BackOff {
    /// One message in ten seconds.
    static final double RATE_LEAST = 0.1;

    /// More than anything sends.
    static final double RATE_MOST = 1e12;

    static final double PROBED = 0.8;
    static final int AFTER_PAUSE_PERCENT = 25;
    static final int STEPS = 10;
    static final int RELEASED_AT = 10;
    private static final double GROWTH = 1.5;

    /// What went is a mean of two minutes, in which the rate was raised.
    private static final double HOLDING = 0.5;

    /// Refusals go on where they do not come of our rate. What trickles on shows when it is over.
    static final double FLOOR = 1 / 20.0;

    /// What is assumed to have gone where nothing was counted: a connection that is refused at once
    /// sends nothing.
    static final double RATE_UNKNOWN = 4;

    static final int CONNECTIONS_MOST = 1_000_000;
    private static final Duration AFTER_PAUSE_LEAST = Duration.ofMinutes(10);
    private static final Duration AFTER_PAUSE_MOST = Duration.ofHours(2);

    /// Sums of tenths are not exact.
    private static final double ROUNDING = 1e-9;

    private BackOff() {}

    /// How an action begins that lowers to `percent`, where `measured` messages a second went.
    static Pace begin(Duration lasts, int percent, double measured, Instant now) {
        double known = measured > 0 ? measured : RATE_UNKNOWN;
        double before = Math.clamp(known, RATE_LEAST, RATE_MOST);
        return pace(lasts, Math.clamp(percent, 1, 99), before, before, now);
    }

    private static Pace pace(
            Duration lasts, int percent, double first, double before, Instant now) {
        Duration step = step(lasts);
        return new Pace(lasts, percent, first, before, now.plus(step), now.plus(step), false);
    }

    private static Duration step(Duration lasts) {
        Duration step = lasts.dividedBy(STEPS);
        return step.compareTo(Duration.ofMillis(1)) < 0 ? Duration.ofMillis(1) : step;
    }

    /// The rate at which a slow-down begins.
    static Force slow(Pace pace) {
        return slow(pace, pace.before() * pace.percent() / 100.0);
    }

    private static Force slow(Pace pace, double rate) {
        double least = Math.clamp(pace.first() * FLOOR, RATE_LEAST, RATE_MOST);
        return new Force.Slow(Math.clamp(rate, least, RATE_MOST));
    }

    /// Whether a match now lowers, or only makes the time begin again.
    static boolean lowers(Action action, Instant now) {
        return switch (action.restraint().force()) {
            case Force.Slow _, Force.Narrow _ -> !now.isBefore(action.pace().settles());
            case Force.Suspend _, Force.Bounce _ -> false;
        };
    }

    /// After another match, of a rule whose action lasts `lasts`.
    ///
    /// @param measured messages a second that went; 0 where it is not known
    static Action again(Action action, Duration lasts, double measured, Instant now) {
        Instant until = later(action.until(), now.plus(lasts));
        long matches = action.matches() + 1;
        Pace pace = action.pace();
        Force force = action.restraint().force();
        if (!lowers(action, now)) {
            Instant next = later(pace.next(), now.plus(step(lasts)));
            return action.with(force, until, matches, kept(pace, lasts, next, pace.isProbing()));
        }
        return switch (force) {
            case Force.Slow(double present) -> {
                double went = measured > 0 ? Math.min(present, measured) : present;
                double before = Math.max(RATE_LEAST, went);
                double part = pace.isProbing() ? PROBED : pace.percent() / 100.0;
                double first = Math.max(pace.first(), before);
                Pace then = pace(lasts, pace.percent(), first, before, now);
                yield action.with(slow(then, before * part), until, matches, then);
            }
            case Force.Narrow(int connections) -> {
                Force fewer = new Force.Narrow(Math.max(1, connections / 2));
                Pace then = pace(lasts, pace.percent(), pace.first(), pace.before(), now);
                yield action.with(fewer, until, matches, then);
            }
            case Force.Suspend _, Force.Bounce _ -> action;
        };
    }

    /// Whether a step of recovery is due.
    static boolean isStepDue(Action action, Instant now) {
        return switch (action.restraint().force()) {
            case Force.Slow _, Force.Narrow _ -> !now.isBefore(action.pace().next());
            case Force.Suspend _, Force.Bounce _ -> false;
        };
    }

    /// After the steps that are due, several where nobody looked for a while.
    static Action stepped(Action action, Instant now) {
        Pace pace = action.pace();
        Duration step = step(pace.lasts());
        long late = Math.max(0, Duration.between(pace.next(), now).toMillis()) / step.toMillis();
        long steps = Math.min(STEPS, 1 + late);
        Instant next = late < STEPS ? pace.next().plus(step.multipliedBy(steps)) : now.plus(step);
        Force force =
                switch (action.restraint().force()) {
                    case Force.Slow(double present) ->
                            slow(
                                    pace,
                                    isBeyond(action, present, now)
                                            ? present * GROWTH
                                            : present + pace.before() * steps / STEPS);
                    case Force.Narrow(int connections) ->
                            new Force.Narrow((int) Math.min(connections + steps, CONNECTIONS_MOST));
                    case Force.Suspend it -> it;
                    case Force.Bounce it -> it;
                };
        Instant until = now.isBefore(action.until()) ? action.until() : next;
        return action.with(force, until, action.matches(), kept(pace, pace.lasts(), next, true));
    }

    private static boolean isBeyond(Action action, double present, Instant now) {
        return !now.isBefore(action.until()) || isReached(action, present);
    }

    private static boolean isReached(Action action, double rate) {
        return rate >= action.pace().first() * (1 - ROUNDING);
    }

    /// Whether an action whose step is due, or whose time is up, is over.
    ///
    /// @param measured messages a second that went; 0 where it is not known
    static boolean isOver(Action action, double measured, Instant now) {
        boolean isUp = !now.isBefore(action.until());
        if (!(action.restraint().force() instanceof Force.Slow(double present))) {
            return isUp;
        }
        double raised = present + action.pace().before() / STEPS;
        boolean isHolding = measured >= present * HOLDING;
        boolean isFree = present >= action.pace().first() * RELEASED_AT;
        return isFree || (!isHolding && (isUp || isReached(action, raised)));
    }

    /// The slow-down that follows a suspension whose time is up.
    static Action afterPause(Action action, Instant now) {
        Duration lasts = action.pace().lasts();
        if (lasts.compareTo(AFTER_PAUSE_LEAST) < 0) {
            lasts = AFTER_PAUSE_LEAST;
        } else if (lasts.compareTo(AFTER_PAUSE_MOST) > 0) {
            lasts = AFTER_PAUSE_MOST;
        }
        Pace pace = begin(lasts, AFTER_PAUSE_PERCENT, action.pace().first(), now);
        return action.with(slow(pace), now.plus(lasts), action.matches(), pace);
    }

    private static Pace kept(Pace pace, Duration lasts, Instant next, boolean isProbing) {
        return new Pace(
                lasts,
                pace.percent(),
                pace.first(),
                pace.before(),
                next,
                pace.settles(),
                isProbing);
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }
}
