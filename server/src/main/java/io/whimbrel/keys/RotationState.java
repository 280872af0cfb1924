package io.whimbrel.keys;

import java.time.Duration;
import java.time.Instant;

/// How far the replacement of a key is. Immutable.
public sealed interface RotationState {

    /// None is under way.
    record Idle() implements RotationState {}

    /// The new key is made, and its record is to be published.
    ///
    /// @param negative the longest for which somebody may still believe that there is no record
    /// @param seen what the DNS said last, for people
    record Publishing(
            PlacedKey next, RotationTerms terms, Instant since, Duration negative, String seen)
            implements RotationState {}

    /// Everybody who was asked has the record; those who do not know it yet get time until `until`.
    record Verified(
            PlacedKey next,
            RotationTerms terms,
            Instant since,
            Instant until,
            Duration negative,
            String seen)
            implements RotationState {}

    /// The new key signs; the old record stays until `until`, for mail that is under way.
    record Switched(PlacedKey old, Instant since, Instant until) implements RotationState {}

    /// The old record is to be replaced by the one that revokes the key.
    record Revoking(PlacedKey old, Instant since, String seen) implements RotationState {}

    /// As files and people have it.
    default String word() {
        return switch (this) {
            case Idle _ -> "idle";
            case Publishing _ -> "publishing";
            case Verified _ -> "verified";
            case Switched _ -> "switched";
            case Revoking _ -> "revoking";
        };
    }
}
