package io.whimbrel.mail;

import java.net.IDN;
import java.util.Locale;
import java.util.Optional;

/// A domain as mail routing sees it: lower case, A-labels (RFC 5890), no trailing dot; or an
/// address literal in brackets, `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3). Immutable.
///
/// @param value at most 255 characters, printable US-ASCII without spaces
public record DomainName(String value) implements Comparable<DomainName> {
    private static final int LENGTH_MAX = 255;

    public DomainName {
        if (value.isEmpty() || value.length() > LENGTH_MAX) {
            throw new IllegalArgumentException("a domain has 1 to 255 characters: " + value);
        }
    }

    /// Reads a domain or address literal as written by people or peers, U-labels included. Empty
    /// where it is neither.
    public static Optional<DomainName> parse(String text) {
        if (text.startsWith("[")) {
            boolean closed = text.length() > 2 && text.endsWith("]") && text.length() <= LENGTH_MAX;
            return closed && isPlain(text)
                    ? Optional.of(new DomainName(text.toLowerCase(Locale.ROOT)))
                    : Optional.empty();
        }
        String ascii = isPlain(text) ? text : toAscii(text);
        if (ascii.endsWith(".")) {
            ascii = ascii.substring(0, ascii.length() - 1);
        }
        return isHostName(ascii) ? Optional.of(new DomainName(lowerCase(ascii))) : Optional.empty();
    }

    /// Whether this is an address in brackets, which has no MX.
    public boolean isLiteral() {
        return value.startsWith("[");
    }

    @Override
    public int compareTo(DomainName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }

    private static String toAscii(String text) {
        try {
            return IDN.toASCII(text, IDN.ALLOW_UNASSIGNED);
        } catch (IllegalArgumentException _) {
            return "";
        }
    }

    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c > '~') {
                return false;
            }
        }
        return true;
    }

    /// Letters, digits, hyphens and underscores in labels of 1 to 63 (underscores occur in real
    /// names although RFC 5321 §4.1.2 has none).
    private static boolean isHostName(String text) {
        if (text.isEmpty() || text.length() > LENGTH_MAX) {
            return false;
        }
        int labelStart = 0;
        for (int i = 0; i <= text.length(); i++) {
            if (i == text.length() || text.charAt(i) == '.') {
                int length = i - labelStart;
                if (length < 1 || length > 63) {
                    return false;
                }
                if (text.charAt(labelStart) == '-' || text.charAt(i - 1) == '-') {
                    return false;
                }
                labelStart = i + 1;
            } else if (!isLabelCharacter(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isLabelCharacter(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '_';
    }

    private static String lowerCase(String ascii) {
        for (int i = 0; i < ascii.length(); i++) {
            char c = ascii.charAt(i);
            if (c >= 'A' && c <= 'Z') {
                return ascii.toLowerCase(Locale.ROOT);
            }
        }
        return ascii;
    }
}
