package io.whimbrel.schedule;

import java.time.Instant;

/// Why mail is not tried although its turn may have come. Immutable.
sealed interface Restriction {

    /// Nothing is in the way.
    record None() implements Restriction {}

    /// Until an operator releases it.
    record Held(String reason) implements Restriction {}

    /// Until an instant, or until an operator resumes it.
    record Suspended(Instant until, String reason) implements Restriction {}

    default boolean isNone() {
        return this instanceof None;
    }

    /// What counts where `other` is in force too: a hold goes before a suspension, and of two
    /// suspensions the longer one counts.
    default Restriction and(Restriction other) {
        return switch (this) {
            case None _ -> other;
            case Held _ -> this;
            case Suspended(Instant until, _) ->
                    switch (other) {
                        case None _ -> this;
                        case Held _ -> other;
                        case Suspended(Instant otherUntil, _) ->
                                until.isBefore(otherUntil) ? other : this;
                    };
        };
    }
}
