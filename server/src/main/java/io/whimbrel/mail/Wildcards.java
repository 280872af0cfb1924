package io.whimbrel.mail;

import java.util.Locale;

/// A text in which `*` stands for any run of characters, also for none: `*-test@example.com`. Upper
/// and lower case are the same. Immutable.
///
/// Matching takes time in proportion to both lengths multiplied at worst, and no memory.
///
/// @param text lower case
public record Wildcards(String text) {
    private static final char ANY = '*';

    public Wildcards {
        text = text.toLowerCase(Locale.ROOT);
    }

    /// Whether all of `value` is as the pattern says.
    public boolean matches(String value) {
        int at = 0;
        int in = 0;
        // Where the latest `*` stands, and how much of `value` it has been given.
        int star = -1;
        int given = 0;
        while (in < value.length()) {
            if (at < text.length() && text.charAt(at) == ANY) {
                star = at++;
                given = in;
            } else if (at < text.length() && isSame(text.charAt(at), value.charAt(in))) {
                at++;
                in++;
            } else if (star >= 0) {
                at = star + 1;
                in = ++given;
            } else {
                return false;
            }
        }
        while (at < text.length() && text.charAt(at) == ANY) {
            at++;
        }
        return at == text.length();
    }

    private static boolean isSame(char lower, char c) {
        return lower == c || lower == Character.toLowerCase(c);
    }

    @Override
    public String toString() {
        return text;
    }
}
