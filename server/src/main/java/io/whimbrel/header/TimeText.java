package io.whimbrel.header;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/// Points in time as applications write them into header fields. Pure.
final class TimeText {
    private static final int TEXT_MAX = 64;

    /// Nothing waits longer than ten years; what says so is a mistake.
    private static final Duration MOST = Duration.ofDays(3_660);

    private TimeText() {}

    /// Reads RFC 3339 (`2026-11-27T18:00:00+01:00`), RFC 5322 §3.3 (`Fri, 27 Nov 2026 18:00:00
    /// +0100`), seconds since 1970 (ten digits), or a duration from now (`90m`, also `s`, `h`,
    /// `d`). Empty where it is none, or lies years away.
    static Optional<Instant> parse(String text, Instant now) {
        if (text.isEmpty() || text.length() > TEXT_MAX) {
            return Optional.empty();
        }
        Optional<Instant> time =
                duration(text)
                        .map(now::plus)
                        .or(() -> seconds(text))
                        .or(() -> date(text, DateTimeFormatter.ISO_OFFSET_DATE_TIME))
                        .or(() -> date(text, DateTimeFormatter.RFC_1123_DATE_TIME));
        return time.filter(at -> Duration.between(now, at).abs().compareTo(MOST) < 0);
    }

    private static Optional<Duration> duration(String text) {
        int digits = text.length() - 1;
        Duration unit =
                switch (text.charAt(digits)) {
                    case 's' -> Duration.ofSeconds(1);
                    case 'm' -> Duration.ofMinutes(1);
                    case 'h' -> Duration.ofHours(1);
                    case 'd' -> Duration.ofDays(1);
                    default -> Duration.ZERO;
                };
        boolean isDuration = !unit.isZero() && digits <= 9 && isNumber(text, digits);
        return isDuration
                ? Optional.of(unit.multipliedBy(Long.parseLong(text.substring(0, digits))))
                : Optional.empty();
    }

    private static Optional<Instant> seconds(String text) {
        return text.length() == 10 && isNumber(text, 10)
                ? Optional.of(Instant.ofEpochSecond(Long.parseLong(text)))
                : Optional.empty();
    }

    private static boolean isNumber(String text, int digits) {
        for (int i = 0; i < digits; i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return digits > 0;
    }

    private static Optional<Instant> date(String text, DateTimeFormatter format) {
        try {
            return Optional.of(OffsetDateTime.parse(text, format).toInstant());
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }
}
