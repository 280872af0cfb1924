package io.whimbrel.reaction;

import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.Restraint;

import java.time.Duration;
import java.time.Instant;

/// An action in force: its restraint, where it comes from, and how it goes on. Immutable; [BackOff]
/// makes the next one of it.
///
/// @param restraint what the limiter holds
/// @param rule name of the rule; `""` where an operator did it
/// @param matches of the rule so far, the first included, of those that changed it
/// @param pace how it goes on
record Action(Restraint restraint, String rule, long matches, Pace pace) {

    /// How an action goes on. Immutable.
    ///
    /// @param lasts since the last match
    /// @param percent to which part a match lowers
    /// @param first messages a second before the first match
    /// @param before messages a second before the last match that lowered
    /// @param next when the next step of recovery is due
    /// @param settles no match before then lowers again
    /// @param isProbing whether a step of recovery has gone since the last match
    record Pace(
            Duration lasts,
            int percent,
            double first,
            double before,
            Instant next,
            Instant settles,
            boolean isProbing) {}

    ActionKind kind() {
        return ActionKind.of(restraint.force());
    }

    boolean isByHand() {
        return rule.isEmpty();
    }

    String id() {
        return restraint.id();
    }

    LimitScope scope() {
        return restraint.scope();
    }

    Instant until() {
        return restraint.until();
    }

    /// The same with another force, until another time.
    Action with(Restraint.Force force, Instant until, long matchCount, Pace then) {
        var changed =
                new Restraint(
                        id(),
                        scope(),
                        force,
                        restraint.since(),
                        until,
                        restraint.reason(),
                        restraint.origin());
        return new Action(changed, rule, matchCount, then);
    }
}
