package io.whimbrel.mime;

import java.util.Optional;
import java.util.TreeMap;

/// What field Content-Type says, as far as conversion needs it (RFC 2045 §5.1). Immutable.
///
/// Lenient: what readers make a boundary of is one, also where it should have been quoted.
///
/// @param type lower case; `""` where the field is no such thing, which then is text (RFC 2045
///   §5.2)
/// @param subtype lower case
/// @param boundary of a multipart, without spaces at its end; a character is a byte. Empty where
///   there is none that anything could be parted by
record ContentType(String type, String subtype, Optional<String> boundary) {
    static final ContentType TEXT = new ContentType("text", "plain", Optional.empty());
    static final ContentType MESSAGE = new ContentType("message", "rfc822", Optional.empty());

    /// Longer ones part nothing. RFC 2046 §5.1.1 allows 70.
    static final int BOUNDARY_BYTES_MAX = 512;

    private static final String BOUNDARY = "boundary";

    /// Sections of one parameter (RFC 2231 §3) that count.
    private static final int SECTIONS_MAX = 100;

    /// @param value of the field, folds and comments included; a character is a byte
    static ContentType parse(String value) {
        int at = skipSpace(value, 0);
        int slash = tokenEnd(value, at);
        String type = lower(value.substring(at, slash));
        at = skipSpace(value, slash);
        if (type.isEmpty() || at == value.length() || value.charAt(at) != '/') {
            return new ContentType("", "", Optional.empty());
        }
        at = skipSpace(value, at + 1);
        int end = tokenEnd(value, at);
        String subtype = lower(value.substring(at, end));
        Optional<String> boundary =
                type.equals("multipart") ? boundary(value, end) : Optional.empty();
        return new ContentType(type, subtype, boundary);
    }

    boolean isMultipart() {
        return type.equals("multipart") && boundary.isPresent();
    }

    /// Whether it is what a signature of RFC 1847 §2.1 covers.
    boolean isSigned() {
        return type.equals("multipart") && subtype.equals("signed");
    }

    boolean isDigest() {
        return type.equals("multipart") && subtype.equals("digest");
    }

    /// Whether a whole message is inside.
    boolean isMessage() {
        return type.equals("message")
                && switch (subtype) {
                    case "rfc822", "global", "news" -> true;
                    default -> false;
                };
    }

    /// Whether it is made of lines of characters. Messages that nobody looked into are, and those
    /// of `message` that may be encoded (RFC 6533 §3).
    boolean isText() {
        return type.equals("text") || type.equals("multipart") || type.equals("message");
    }

    /// Whether it is a piece of something else, or a header for something elsewhere (RFC 2046
    /// §5.2.2, §5.2.3): neither may be encoded, and what its octets mean is not known here.
    boolean isFragment() {
        return type.equals("message")
                && (subtype.equals("partial") || subtype.equals("external-body"));
    }

    /// Whether it is one of `message` that must be US-ASCII and must not be encoded (RFC 2045
    /// §6.4), such as message/delivery-status.
    boolean isReport() {
        return type.equals("message") && !isMessage() && !subtype.startsWith("global");
    }

    static boolean isSpace(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }

    static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
    }

    /// Of US-ASCII only, so that it is the same everywhere.
    static String lower(String text) {
        var lower = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            lower.append(lower(text.charAt(i)));
        }
        return lower.toString();
    }

    /// Behind spaces, folds and comments (RFC 5322 §3.2.2).
    static int skipSpace(String text, int from) {
        int at = from;
        int depth = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '(') {
                depth++;
            } else if (depth > 0 && c == '\\') {
                at++;
            } else if (depth > 0 && c == ')') {
                depth--;
            } else if (depth == 0 && !isSpace(c)) {
                break;
            }
            at++;
        }
        return Math.min(at, text.length());
    }

    private static int tokenEnd(String text, int from) {
        int at = from;
        while (at < text.length() && "/;=(\" \t\r\n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return at;
    }

    private static Optional<String> boundary(String text, int from) {
        var sections = new TreeMap<Integer, String>();
        int at = from;
        while (at < text.length()) {
            at = skipSpace(text, at);
            if (at < text.length() && text.charAt(at) == ';') {
                at = skipSpace(text, at + 1);
            }
            int nameEnd = tokenEnd(text, at);
            String name = lower(text.substring(at, nameEnd));
            at = skipSpace(text, nameEnd);
            if (at == text.length() || text.charAt(at) != '=') {
                // No parameter: on behind the next semicolon.
                at = text.indexOf(';', at);
                if (at < 0) {
                    break;
                }
                continue;
            }
            at = skipSpace(text, at + 1);
            int end = valueEnd(text, at);
            add(sections, name, unquoted(text, at, end));
            at = end;
        }
        return joined(sections);
    }

    /// Behind a quoted string, or a token and what else nobody quoted.
    private static int valueEnd(String text, int from) {
        int at = from;
        if (at < text.length() && text.charAt(at) == '"') {
            at++;
            while (at < text.length() && text.charAt(at) != '"') {
                at += text.charAt(at) == '\\' ? 2 : 1;
            }
            return Math.min(at + 1, text.length());
        }
        while (at < text.length() && ";( \t\r\n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return at;
    }

    private static String unquoted(String text, int from, int to) {
        if (from >= to || text.charAt(from) != '"') {
            return text.substring(from, to);
        }
        var value = new StringBuilder(to - from);
        int at = from + 1;
        while (at < to && text.charAt(at) != '"') {
            char c = text.charAt(at);
            if (c == '\\' && at + 1 < to) {
                at++;
                c = text.charAt(at);
            }
            // A fold within quotes is no part of it.
            if (c != '\r' && c != '\n') {
                value.append(c);
            }
            at++;
        }
        return value.toString();
    }

    /// Keeps what `name` says of the boundary: `boundary`, `boundary*` or `boundary*N`, each with
    /// `*` behind where the value is encoded (RFC 2231 §4).
    private static void add(TreeMap<Integer, String> sections, String name, String value) {
        if (!name.startsWith(BOUNDARY) || sections.size() >= SECTIONS_MAX) {
            return;
        }
        String rest = name.substring(BOUNDARY.length());
        boolean isEncoded = rest.endsWith("*");
        String section = isEncoded ? rest.substring(0, rest.length() - 1) : rest;
        if (section.isEmpty()) {
            // The plain one stands before the others, and the first of several counts.
            sections.putIfAbsent(-1, isEncoded ? decoded(value, true) : value);
        } else if (section.length() <= 4 && section.charAt(0) == '*' && isNumber(section)) {
            int number = Integer.parseInt(section, 1, section.length(), 10);
            sections.putIfAbsent(number, isEncoded ? decoded(value, number == 0) : value);
        }
    }

    private static boolean isNumber(String section) {
        for (int i = 1; i < section.length(); i++) {
            if (section.charAt(i) < '0' || section.charAt(i) > '9') {
                return false;
            }
        }
        return section.length() > 1;
    }

    private static String decoded(String value, boolean hasCharset) {
        int at = 0;
        if (hasCharset) {
            int second = value.indexOf('\'', value.indexOf('\'') + 1);
            at = second < 0 ? 0 : second + 1;
        }
        var text = new StringBuilder(value.length());
        while (at < value.length()) {
            char c = value.charAt(at);
            int high = at + 2 < value.length() ? Character.digit(value.charAt(at + 1), 16) : -1;
            int low = at + 2 < value.length() ? Character.digit(value.charAt(at + 2), 16) : -1;
            if (c == '%' && high >= 0 && low >= 0) {
                text.append((char) (high << 4 | low));
                at += 3;
            } else {
                text.append(c);
                at++;
            }
        }
        return text.toString();
    }

    private static Optional<String> joined(TreeMap<Integer, String> sections) {
        var whole = new StringBuilder();
        if (sections.containsKey(-1)) {
            whole.append(sections.get(-1));
        } else {
            for (int i = 0; sections.containsKey(i); i++) {
                whole.append(sections.get(i));
            }
        }
        String boundary = whole.toString().stripTrailing();
        boolean isUsable = !boundary.isEmpty() && boundary.length() <= BOUNDARY_BYTES_MAX;
        return isUsable ? Optional.of(boundary) : Optional.empty();
    }
}
