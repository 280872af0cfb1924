package io.whimbrel.mail;

import java.time.Duration;
import java.util.Optional;

/// How much in how long: `20/s`, `500/min`, `20000/h`, `100000/d`. Immutable.
///
/// @param count 1 to 10^15, of whatever is counted
/// @param window in which that many are allowed
public record Rate(long count, Window window) {
    private static final long COUNT_MAX = 1_000_000_000_000_000L;
    private static final int DIGITS_MAX = 15;

    /// The lengths of time that a rate may name.
    public enum Window {
        SECOND("s", Duration.ofSeconds(1)),
        MINUTE("min", Duration.ofMinutes(1)),
        HOUR("h", Duration.ofHours(1)),
        DAY("d", Duration.ofDays(1));

        private final String unit;
        private final Duration length;

        Window(String unit, Duration length) {
            this.unit = unit;
            this.length = length;
        }

        public Duration length() {
            return length;
        }

        /// As it stands behind the slash.
        public String unit() {
            return unit;
        }

        /// As people say it: `an hour`.
        public String spoken() {
            return switch (this) {
                case SECOND -> "a second";
                case MINUTE -> "a minute";
                case HOUR -> "an hour";
                case DAY -> "a day";
            };
        }

        /// Empty where no window has this unit.
        public static Optional<Window> of(String unit) {
            for (Window window : values()) {
                if (window.unit.equals(unit)) {
                    return Optional.of(window);
                }
            }
            return Optional.empty();
        }
    }

    public Rate {
        if (count < 1 || count > COUNT_MAX) {
            throw new IllegalArgumentException("a rate counts 1 to 10^15: " + count);
        }
    }

    /// Empty where `text` is no rate.
    public static Optional<Rate> parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 1 || slash > DIGITS_MAX) {
            return Optional.empty();
        }
        long count = 0;
        for (int i = 0; i < slash; i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return Optional.empty();
            }
            count = count * 10 + (c - '0');
        }
        long found = count;
        return found == 0
                ? Optional.empty()
                : Window.of(text.substring(slash + 1)).map(window -> new Rate(found, window));
    }

    /// As [#parse] reads it.
    @Override
    public String toString() {
        return count + "/" + window.unit;
    }
}
