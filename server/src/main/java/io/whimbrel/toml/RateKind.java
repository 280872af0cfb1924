package io.whimbrel.toml;

import io.whimbrel.mail.Rate;
import io.whimbrel.toml.ValueKind.Reading;

import java.util.Optional;

/// Rates as they stand in the file. Stateless.
public final class RateKind {
    private RateKind() {}

    /// How often something may happen: `500/min`.
    public static ValueKind<Rate> rate() {
        return ValueKind.ofText(
                "is no rate",
                "a number and a time, such as \"20/s\", \"500/min\", \"20000/h\" or \"100000/d\"",
                text ->
                        Rate.parse(text)
                                .<Reading<Rate>>map(Reading.Good::new)
                                .orElseGet(() ->
                                        Reading.bad(
                                                TomlText.shown(text) + " is no rate",
                                                rateSuggestion(text).map(TomlText::quote))),
                Rate::toString);
    }

    /// `500 / minute` means `500/min`.
    private static Optional<String> rateSuggestion(String text) {
        String squeezed = UnitText.squeezed(text);
        int slash = squeezed.indexOf('/');
        String unit =
                switch (squeezed.substring(slash + 1)) {
                    case "sec", "second", "1s" -> "s";
                    case "m", "minute", "1m" -> "min";
                    case "hr", "hour", "1h" -> "h";
                    case "day", "1d" -> "d";
                    case String other -> other;
                };
        return slash < 0
                ? Optional.empty()
                : Rate.parse(squeezed.substring(0, slash) + "/" + unit).map(Rate::toString);
    }
}
