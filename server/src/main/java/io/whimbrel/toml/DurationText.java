package io.whimbrel.toml;

import io.whimbrel.toml.UnitText.Unit;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Durations as they stand in the file: a whole number and one unit, `20ms`, `30s`, `5m`, `2h`,
/// `5d`. Stateless.
public final class DurationText {
    private static final List<Unit> UNITS =
            List.of(
                    new Unit("d", 86_400_000),
                    new Unit("h", 3_600_000),
                    new Unit("m", 60_000),
                    new Unit("s", 1_000),
                    new Unit("ms", 1));

    /// What people write elsewhere, for suggestions.
    private static final Map<String, String> OTHER_UNITS =
            Map.ofEntries(
                    Map.entry("", "s"),
                    Map.entry("msec", "ms"),
                    Map.entry("millis", "ms"),
                    Map.entry("sec", "s"),
                    Map.entry("second", "s"),
                    Map.entry("seconds", "s"),
                    Map.entry("min", "m"),
                    Map.entry("minute", "m"),
                    Map.entry("minutes", "m"),
                    Map.entry("hour", "h"),
                    Map.entry("hours", "h"),
                    Map.entry("day", "d"),
                    Map.entry("days", "d"));

    private DurationText() {}

    /// Empty where `text` is no duration, or one of more than 10^15 ms.
    public static Optional<Duration> parse(String text) {
        return UnitText.parse(text, UNITS).map(Duration::ofMillis);
    }

    /// In the largest unit that divides `duration`, which has whole milliseconds.
    public static String render(Duration duration) {
        return duration.isZero() ? "0s" : UnitText.render(duration.toMillis(), UNITS);
    }

    /// A duration that `text` was probably meant to be.
    public static Optional<String> suggestion(String text) {
        return UnitText.split(UnitText.squeezed(text))
                .map(parts -> parts.number() + unitFor(parts.unit()))
                .filter(better -> parse(better).isPresent());
    }

    private static String unitFor(String unit) {
        return OTHER_UNITS.getOrDefault(unit, unit);
    }
}
