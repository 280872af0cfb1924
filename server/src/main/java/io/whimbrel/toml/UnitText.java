package io.whimbrel.toml;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// A whole number followed by a unit. Immutable.
///
/// @param number 0 to 10^15 - 1
/// @param unit what follows the digits; may be empty
public record UnitText(long number, String unit) {
    private static final int DIGITS_MAX = 15;
    private static final long TOTAL_MAX = 1_000_000_000_000_000L;

    /// A unit and how many of the smallest one it is. Immutable.
    public record Unit(String name, long size) {}

    /// Empty where `text` begins with no digit, or with more of them than any limit needs.
    public static Optional<UnitText> split(String text) {
        int digits = 0;
        while (digits < text.length() && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
            digits++;
        }
        if (digits == 0 || digits > DIGITS_MAX) {
            return Optional.empty();
        }
        long number = Long.parseLong(text.substring(0, digits));
        return Optional.of(new UnitText(number, text.substring(digits)));
    }

    /// How many of the smallest unit `text` names. Empty where its unit is none of `units`, or the
    /// answer is beyond 10^15.
    public static Optional<Long> parse(String text, List<Unit> units) {
        Optional<UnitText> parts = split(text);
        for (Unit unit : units) {
            if (parts.isPresent() && parts.get().unit().equals(unit.name())) {
                long number = parts.get().number();
                return number > TOTAL_MAX / unit.size()
                        ? Optional.empty()
                        : Optional.of(number * unit.size());
            }
        }
        return Optional.empty();
    }

    /// `total` in the first of `units` that divides it; the last must be the smallest.
    public static String render(long total, List<Unit> units) {
        Unit unit = units.getLast();
        for (Unit larger : units.reversed()) {
            unit = total % larger.size() == 0 && total != 0 ? larger : unit;
        }
        return total / unit.size() + unit.name();
    }

    /// `text` without spaces, in lower case.
    public static String squeezed(String text) {
        return text.replace(" ", "").toLowerCase(Locale.ROOT);
    }
}
