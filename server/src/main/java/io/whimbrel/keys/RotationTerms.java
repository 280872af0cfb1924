package io.whimbrel.keys;

import java.time.Duration;

/// How long a rotation waits. Immutable.
///
/// @param spread between the first time that everybody has the new record and the first signature
///   by it; longer where an answer that it is not there may be kept for longer
/// @param keep how long the old record stays behind the last signature by it
public record RotationTerms(Duration spread, Duration keep) {
    private static final Duration MOST = Duration.ofDays(365);

    public static final RotationTerms DEFAULT =
            new RotationTerms(Duration.ofHours(1), Duration.ofDays(7));

    public RotationTerms {
        if (spread.isNegative() || spread.compareTo(MOST) > 0) {
            throw new IllegalArgumentException("0s to 365d: " + spread);
        }
        if (keep.isNegative() || keep.compareTo(MOST) > 0) {
            throw new IllegalArgumentException("0s to 365d: " + keep);
        }
    }
}
