package io.whimbrel.policy;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/// When something ends, for a reply: `in 12m (at 15:42:10Z)`. Pure.
final class ResetText {
    private static final int DATE_CHARACTERS = "2026-11-27T".length();

    private ResetText() {}

    /// Rounded up to whole seconds, so that whoever comes back then does not come too early; with
    /// the date where that is another day.
    static String of(Instant now, Instant end) {
        Instant whole = ceiling(end);
        Duration left = Duration.between(now, whole);
        return "in " + rounded(left) + " (at " + time(now, whole) + ")";
    }

    /// `15:42:10Z`, or with the date where that is another day than `now`.
    static String time(Instant now, Instant end) {
        Instant whole = ceiling(end);
        boolean isToday =
                whole.truncatedTo(ChronoUnit.DAYS).equals(now.truncatedTo(ChronoUnit.DAYS));
        return isToday ? whole.toString().substring(DATE_CHARACTERS) : whole.toString();
    }

    private static Instant ceiling(Instant time) {
        Instant floor = time.truncatedTo(ChronoUnit.SECONDS);
        return floor.equals(time) ? floor : floor.plusSeconds(1);
    }

    private static String rounded(Duration left) {
        long seconds = Math.max(1, left.plusNanos(999_999_999).toSeconds());
        if (seconds < 120) {
            return seconds + "s";
        }
        long minutes = (seconds + 59) / 60;
        return minutes < 120 ? minutes + "m" : (minutes + 59) / 60 + "h";
    }
}
