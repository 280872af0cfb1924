package io.whimbrel.admin;

import java.time.Duration;

/// Lengths of time in sentences, two units at most: `40 ms`, `12 s`, `2 min 41 s`, `3 h 5 min`, `2
/// d 4 h`. Stateless.
final class Spans {
    private static final long MINUTE = 60;
    private static final long HOUR = 60 * MINUTE;
    private static final long DAY = 24 * HOUR;

    private Spans() {}

    /// Negative ones are none.
    static String of(Duration span) {
        if (span.isNegative()) {
            return "0 ms";
        }
        long seconds = span.toSeconds();
        if (seconds == 0) {
            return span.plusNanos(999_999).toMillis() + " ms";
        }
        if (seconds < MINUTE) {
            return seconds + " s";
        }
        if (seconds < HOUR) {
            return pair(seconds / MINUTE, " min", seconds % MINUTE, " s");
        }
        if (seconds < DAY) {
            return pair(seconds / HOUR, " h", seconds % HOUR / MINUTE, " min");
        }
        return pair(seconds / DAY, " d", seconds % DAY / HOUR, " h");
    }

    private static String pair(long large, String largeUnit, long small, String smallUnit) {
        return large + largeUnit + (small == 0 ? "" : " " + small + smallUnit);
    }
}
