package io.whimbrel.config;

import java.time.Duration;
import java.util.Optional;

/// How much in how long: `20/s`, `500/min`, `20000/h`, `100000/d`. Immutable.
///
/// @param count 1 to 10^15
/// @param window in which that many are allowed
public record Rate(long count, Window window) {
    private static final long COUNT_MAX = 1_000_000_000_000_000L;

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
    }

    public Rate {
        if (count < 1 || count > COUNT_MAX) {
            throw new IllegalArgumentException("a rate counts 1 to 10^15: " + count);
        }
    }

    /// Empty where `text` is no rate.
    public static Optional<Rate> parse(String text) {
        Optional<UnitText> parts = UnitText.split(text).filter(found -> found.number() > 0);
        for (Window window : Window.values()) {
            if (parts.isPresent() && parts.get().unit().equals("/" + window.unit)) {
                return Optional.of(new Rate(parts.get().number(), window));
            }
        }
        return Optional.empty();
    }

    /// As [#parse] reads it.
    @Override
    public String toString() {
        return count + "/" + window.unit;
    }
}
