package io.whimbrel.reaction;

import io.whimbrel.shaping.Restraint;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/// An action in force, as operators see it. Immutable.
///
/// @param restraint what it does, to which traffic, until when
/// @param kind in a word
/// @param rule name of the rule; `""` where an operator did it
/// @param matches of the rule since it began, of those that changed it
/// @param nextStep when it is raised next, unless the rule matches again; empty for what does not
///   recover by steps
public record RestraintView(
        Restraint restraint,
        ActionKind kind,
        String rule,
        long matches,
        Optional<Instant> nextStep) {

    static RestraintView of(Action action) {
        Optional<Instant> next =
                switch (action.kind()) {
                    case SLOW, NARROW -> Optional.of(action.pace().next());
                    case SUSPEND, BOUNCE -> Optional.empty();
                };
        return new RestraintView(
                action.restraint(), action.kind(), action.rule(), action.matches(), next);
    }

    static Instant seconds(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS);
    }
}
