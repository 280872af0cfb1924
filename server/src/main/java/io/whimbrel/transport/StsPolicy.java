package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// An MTA-STS policy (RFC 8461 §3.2). Immutable.
///
/// @param mx patterns of hosts, lower case: `mx.example.com`, `*.example.com`; at most
///   [#PATTERNS_MAX]
/// @param maxAge how long it may be kept, a year at most
public record StsPolicy(Mode mode, List<String> mx, Duration maxAge) {
    static final int PATTERNS_MAX = 200;

    /// Behind which a policy is not read.
    static final int BYTES_MAX = 64 * 1024;

    private static final Duration AGE_MOST = Duration.ofHours(8_766);
    private static final int AGE_DIGITS_MAX = 10;

    /// What a session that does not conform means.
    public enum Mode {
        /// It takes no mail.
        ENFORCE,
        /// It takes mail, and is reported.
        TESTING,
        /// Nothing: the domain takes its policy back.
        NONE;

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public StsPolicy {
        mx = List.copyOf(mx);
    }

    /// Reads a policy file; empty where it is none. Unknown fields are passed over, and of fields
    /// that stand twice the first counts.
    public static Optional<StsPolicy> parse(String text) {
        return text.length() > BYTES_MAX ? Optional.empty() : new Parser().parse(text);
    }

    /// Whether `host` is one of those that take mail (RFC 8461 §4.1).
    ///
    /// @param host lower case
    boolean allows(String host) {
        for (String pattern : mx) {
            int dot = host.indexOf('.');
            boolean isMatch =
                    pattern.startsWith("*.")
                            ? dot > 0 && host.substring(dot).equals(pattern.substring(1))
                            : pattern.equals(host);
            if (isMatch) {
                return true;
            }
        }
        return false;
    }

    /// As a file has it; reports and the cache do too.
    public List<String> lines() {
        List<String> lines = new ArrayList<>(mx.size() + 3);
        lines.add("version: STSv1");
        lines.add("mode: " + mode.text());
        mx.forEach(pattern -> lines.add("mx: " + pattern));
        lines.add("max_age: " + maxAge.toSeconds());
        return lines;
    }

    /// One pass over the lines of a file.
    private static final class Parser {
        private final Set<String> seen = new HashSet<>();
        private final List<String> mx = new ArrayList<>();
        private Optional<Mode> mode = Optional.empty();
        private Optional<Duration> maxAge = Optional.empty();

        Optional<StsPolicy> parse(String text) {
            int at = 0;
            while (at < text.length()) {
                int newline = text.indexOf('\n', at);
                int end = newline < 0 ? text.length() : newline;
                int to = end > at && text.charAt(end - 1) == '\r' ? end - 1 : end;
                if (!line(StsFields.stripped(text, at, to))) {
                    return Optional.empty();
                }
                at = end + 1;
            }
            boolean isWhole =
                    seen.contains("version")
                            && mode.isPresent()
                            && maxAge.isPresent()
                            && (mode.get() == Mode.NONE || !mx.isEmpty());
            return isWhole
                    ? Optional.of(new StsPolicy(mode.get(), mx, maxAge.get()))
                    : Optional.empty();
        }

        private boolean line(String line) {
            if (line.isEmpty()) {
                // Not in the grammar, and often at the end of files.
                return true;
            }
            int colon = line.indexOf(':');
            String name = colon < 0 ? "" : line.substring(0, colon);
            String value = StsFields.stripped(line, colon + 1, line.length());
            if (!StsFields.isName(name) || !isText(value)) {
                return false;
            }
            if (name.equals("mx")) {
                return pattern(value);
            }
            if (!seen.add(name)) {
                return true;
            }
            return switch (name) {
                case "version" -> value.equals("STSv1");
                case "mode" -> mode(value);
                case "max_age" -> maxAge(value);
                default -> true;
            };
        }

        private boolean mode(String value) {
            for (Mode one : Mode.values()) {
                if (one.text().equals(value)) {
                    mode = Optional.of(one);
                }
            }
            return mode.isPresent();
        }

        private boolean maxAge(String value) {
            if (value.isEmpty() || value.length() > AGE_DIGITS_MAX) {
                return false;
            }
            for (int i = 0; i < value.length(); i++) {
                if (value.charAt(i) < '0' || value.charAt(i) > '9') {
                    return false;
                }
            }
            Duration age = Duration.ofSeconds(Long.parseLong(value));
            maxAge = Optional.of(age.compareTo(AGE_MOST) > 0 ? AGE_MOST : age);
            return true;
        }

        private boolean pattern(String value) {
            String lower = value.toLowerCase(Locale.ROOT);
            String name = lower.startsWith("*.") ? lower.substring(2) : lower;
            boolean isGood =
                    mx.size() < PATTERNS_MAX
                            && isAscii(name)
                            && !name.startsWith("[")
                            && DomainName.parse(name).isPresent();
            if (isGood) {
                mx.add(lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower);
            }
            return isGood;
        }

        private static boolean isText(String value) {
            boolean isGood = !value.isEmpty();
            for (int i = 0; isGood && i < value.length(); i++) {
                char c = value.charAt(i);
                isGood = c >= ' ' && c != 0x7f;
            }
            return isGood;
        }

        private static boolean isAscii(String value) {
            boolean isGood = true;
            for (int i = 0; isGood && i < value.length(); i++) {
                isGood = value.charAt(i) < 0x7f;
            }
            return isGood;
        }
    }
}
