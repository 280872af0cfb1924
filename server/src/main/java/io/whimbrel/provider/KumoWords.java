package io.whimbrel.provider;

import io.whimbrel.mail.Rate;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/// Rates, durations and names as KumoMTA writes them. Stateless.
final class KumoWords {
    private static final int NUMBER_DIGITS_MAX = 9;

    private KumoWords() {}

    /// `20/30min`, `local:1,000/hr`, `100/s,max_burst=1`. Where the period is several units, the
    /// same speed in the next longer window.
    static Optional<Rate> rate(String text) {
        String plain = text.replace("local:", "");
        int slash = plain.indexOf('/');
        if (slash < 1) {
            return Optional.empty();
        }
        Optional<Long> count = number(plain.substring(0, slash).replaceAll("[,_ ]", ""));
        String period = plain.substring(slash + 1).split(",", -1)[0].strip();
        return count.flatMap(n -> duration(period).flatMap(each -> rate(n, each)));
    }

    private static Optional<Rate> rate(long count, Duration period) {
        for (Rate.Window window : Rate.Window.values()) {
            long each = period.toSeconds();
            long whole = window.length().toSeconds();
            if (each > 0 && whole >= each && count > 0) {
                return Optional.of(new Rate(Math.max(1, count * whole / each), window));
            }
        }
        return Optional.empty();
    }

    /// `90m`, `2 hours`, `1 hour`, `30 days`, `hr`.
    static Optional<Duration> duration(String text) {
        String plain = text.strip().toLowerCase(Locale.ROOT);
        int end = 0;
        while (end < plain.length() && Character.isDigit(plain.charAt(end))) {
            end++;
        }
        Optional<Long> number = end == 0 ? Optional.of(1L) : number(plain.substring(0, end));
        Optional<Duration> unit =
                switch (plain.substring(end).strip()) {
                    case "s", "sec", "secs", "second", "seconds" ->
                            Optional.of(Duration.ofSeconds(1));
                    case "m", "min", "mins", "minute", "minutes" ->
                            Optional.of(Duration.ofMinutes(1));
                    case "h", "hr", "hrs", "hour", "hours" -> Optional.of(Duration.ofHours(1));
                    case "d", "day", "days" -> Optional.of(Duration.ofDays(1));
                    default -> Optional.empty();
                };
        return number.flatMap(n -> unit.filter(_ -> n <= 1_000_000).map(it -> it.multipliedBy(n)))
                .filter(it -> !it.isZero());
    }

    private static Optional<Long> number(String digits) {
        return digits.matches("[0-9]{1," + NUMBER_DIGITS_MAX + "}")
                ? Optional.of(Long.parseLong(digits))
                : Optional.empty();
    }

    /// A name that a file of ours may have.
    static String fileName(String text) {
        String plain = text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]+", "-");
        String cut = plain.substring(0, Math.min(plain.length(), 60));
        return cut.isEmpty() || cut.startsWith(".") ? "imported" + cut : cut;
    }
}
