package io.whimbrel.toml;

import io.whimbrel.toml.UnitText.Unit;

import java.util.List;
import java.util.Optional;

/// Sizes as they stand in the file: a whole number and one unit, `512B`, `64KiB`, `10MiB`, `1GiB`,
/// `2TiB`. Stateless.
public final class SizeText {
    private static final List<Unit> UNITS =
            List.of(
                    new Unit("TiB", 1L << 40),
                    new Unit("GiB", 1L << 30),
                    new Unit("MiB", 1L << 20),
                    new Unit("KiB", 1L << 10),
                    new Unit("B", 1));

    private SizeText() {}

    /// In bytes. Empty where `text` is no size, or one of more than 10^15 bytes.
    public static Optional<Long> parse(String text) {
        return UnitText.parse(text, UNITS);
    }

    /// In the largest unit that divides `bytes`.
    public static String render(long bytes) {
        return UnitText.render(bytes, UNITS);
    }

    /// A size that `text` was probably meant to be: `10MB`, `10 M` and `10mib` mean `10MiB`.
    public static Optional<String> suggestion(String text) {
        return UnitText.split(UnitText.squeezed(text))
                .filter(parts -> parts.unit().matches("[kmgt](i?b)?|b?"))
                .map(parts -> parts.number() + unitFor(parts.unit()))
                .filter(better -> parse(better).isPresent());
    }

    private static String unitFor(String unit) {
        return switch (unit.isEmpty() ? 'b' : unit.charAt(0)) {
            case 'k' -> "KiB";
            case 'm' -> "MiB";
            case 'g' -> "GiB";
            case 't' -> "TiB";
            default -> "B";
        };
    }
}
