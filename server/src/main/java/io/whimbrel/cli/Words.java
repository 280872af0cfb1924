package io.whimbrel.cli;

import java.time.Duration;

/// Values as people read them on a terminal. Stateless.
public final class Words {
    private Words() {}

    /// The two largest units, `3m12s`, `2h5m`, `4d`; below a minute `9s`, below a second `250ms`.
    public static String duration(Duration duration) {
        if (duration.isNegative()) {
            return "-" + duration(duration.negated());
        }
        long seconds = duration.toSeconds();
        if (seconds == 0) {
            return duration.isZero() ? "0s" : duration.toMillis() + "ms";
        }
        if (seconds < 60) {
            return seconds + "s";
        }
        if (seconds < 3_600) {
            return pair(seconds / 60, "m", seconds % 60, "s");
        }
        if (seconds < 86_400) {
            return pair(seconds / 3_600, "h", seconds / 60 % 60, "m");
        }
        return pair(seconds / 86_400, "d", seconds / 3_600 % 24, "h");
    }

    /// A time as it came, RFC 3339, cut to whole seconds.
    public static String time(String instant) {
        int fraction = instant.indexOf('.');
        boolean isInUtc = instant.endsWith("Z");
        return printable(fraction > 0 && isInUtc ? instant.substring(0, fraction) + "Z" : instant);
    }

    /// `text` as one word of a POSIX shell, in quotes where it needs them.
    public static String shellWord(String text) {
        boolean isPlain = !text.isEmpty() && text.chars().allMatch(Words::isPlainInShell);
        return isPlain ? text : "'" + printable(text).replace("'", "'\\''") + "'";
    }

    private static boolean isPlainInShell(int c) {
        return (c < 0x80 && Character.isLetterOrDigit(c)) || "._-+:@%/=,".indexOf(c) >= 0;
    }

    /// Bytes as `812 B`, `5.1 KiB`, `3.0 MiB`.
    public static String size(long bytes) {
        if (bytes < 1_024) {
            return bytes + " B";
        }
        double value = bytes;
        String[] units = {"KiB", "MiB", "GiB", "TiB"};
        int unit = -1;
        while (value >= 1_024 && unit < units.length - 1) {
            value /= 1_024;
            unit++;
        }
        return Math.round(value * 10) / 10.0 + " " + units[unit];
    }

    /// `1 recipient`, `2 recipients`.
    public static String count(long count, String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }

    /// Text that came from elsewhere, harmless on a terminal: control characters, which could move
    /// the cursor or worse, become `?`.
    public static String printable(String text) {
        var harmless = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            harmless.append(Character.isISOControl(c) || isDirectional(c) ? '?' : c);
        }
        return harmless.toString();
    }

    /// Characters that reverse what follows them (Unicode UAX 9).
    private static boolean isDirectional(char c) {
        return (c >= '\u202a' && c <= '\u202e') || (c >= '\u2066' && c <= '\u2069');
    }

    private static String pair(long large, String largeUnit, long small, String smallUnit) {
        return large + largeUnit + (small == 0 ? "" : small + smallUnit);
    }
}
