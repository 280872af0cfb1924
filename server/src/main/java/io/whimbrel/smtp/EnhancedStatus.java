package io.whimbrel.smtp;

import java.util.Optional;

/// An enhanced mail system status code, for example `5.1.1` (RFC 3463 §2).
///
/// @param severity 2 success, 4 persistent transient failure, 5 permanent failure
/// @param subject 0..999, what the status is about: 1 addressing, 4 network, 7 policy
/// @param detail 0..999, the precise condition within the subject
public record EnhancedStatus(int severity, int subject, int detail) {

    public EnhancedStatus {
        if (severity != 2 && severity != 4 && severity != 5) {
            throw new IllegalArgumentException("severity must be 2, 4 or 5: " + severity);
        }
        requireThreeDigits("subject", subject);
        requireThreeDigits("detail", detail);
    }

    /// Reads `4.7.1` from the start of `text`, up to its end or the first space. Empty where `text`
    /// does not start with a status code.
    public static Optional<EnhancedStatus> parsePrefix(String text) {
        int space = text.indexOf(' ');
        String word = space < 0 ? text : text.substring(0, space);
        int first = word.indexOf('.');
        int second = word.indexOf('.', first + 1);
        if (first != 1 || second < 3 || word.length() > 9) {
            return Optional.empty();
        }
        int severity = digits(word, 0, first);
        int subject = digits(word, first + 1, second);
        int detail = digits(word, second + 1, word.length());
        boolean known = severity == 2 || severity == 4 || severity == 5;
        return known && subject >= 0 && detail >= 0
                ? Optional.of(new EnhancedStatus(severity, subject, detail))
                : Optional.empty();
    }

    @Override
    public String toString() {
        return severity + "." + subject + "." + detail;
    }

    /// The number in `word[from, to)`, or -1 where it is not one to three digits.
    private static int digits(String word, int from, int to) {
        if (to <= from || to - from > 3) {
            return -1;
        }
        int value = 0;
        for (int i = from; i < to; i++) {
            char c = word.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = value * 10 + (c - '0');
        }
        return value;
    }

    private static void requireThreeDigits(String name, int value) {
        if (value < 0 || value > 999) {
            throw new IllegalArgumentException(name + " must be 0..999: " + value);
        }
    }
}
