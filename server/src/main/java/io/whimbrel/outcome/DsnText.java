package io.whimbrel.outcome;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/// Turns words of others into text that is safe in a report.
final class DsnText {
    private static final int LINE_LENGTH = 76;

    /// RFC 5322 §3.3.
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, d MMM uuuu HH:mm:ss '+0000'", Locale.ENGLISH)
                    .withZone(ZoneOffset.UTC);

    private DsnText() {}

    static String date(Instant instant) {
        return DATE.format(instant);
    }

    /// `text` in printable US-ASCII: other characters as `\x{E9}`, control characters as `?`. Cut
    /// to `most` characters.
    static String printable(String text, int most) {
        var safe = new StringBuilder(Math.min(text.length(), most));
        for (int i = 0; i < text.length() && safe.length() < most; ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (c >= ' ' && c <= '~') {
                safe.append((char) c);
            } else if (c == '\t') {
                safe.append(' ');
            } else if (Character.isISOControl(c)) {
                safe.append('?');
            } else {
                appendEscaped(safe, c);
            }
        }
        safe.setLength(Math.min(safe.length(), most));
        return safe.toString();
    }

    /// `text` as people read it: letters of every script stay; control and format characters, which
    /// could break or reverse a line, become `?`. Cut to `most` characters.
    static String readable(String text, int most) {
        var safe = new StringBuilder(Math.min(text.length(), most));
        for (int i = 0; i < text.length() && safe.length() < most - 1; ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            boolean isHarmless =
                    switch (Character.getType(c)) {
                        case Character.CONTROL,
                                Character.FORMAT,
                                Character.SURROGATE,
                                Character.LINE_SEPARATOR,
                                Character.PARAGRAPH_SEPARATOR ->
                                false;
                        default -> true;
                    };
            safe.appendCodePoint(isHarmless ? c : '?');
        }
        return safe.toString();
    }

    /// An address for a field of a report: `rfc822; a@b`, or `utf-8; \x{E9}@b` in the 7-bit form of
    /// RFC 6533 §3, which needs no 8-bit transport.
    static String typedAddress(String address, int most) {
        if (isAscii(address)) {
            return "rfc822; " + printable(address, most);
        }
        var encoded = new StringBuilder("utf-8; ");
        for (int i = 0; i < address.length() && encoded.length() < most; ) {
            int c = address.codePointAt(i);
            i += Character.charCount(c);
            boolean isPlain = c > ' ' && c <= '~' && c != '+' && c != '=' && c != '\\';
            if (isPlain) {
                encoded.append((char) c);
            } else {
                appendEscaped(encoded, c);
            }
        }
        return encoded.toString();
    }

    /// ORCPT as the field Original-Recipient writes it (RFC 3461 §6.3 (a), RFC 3464 §2.3.1).
    static String originalRecipient(String parameter, int most) {
        int semicolon = parameter.indexOf(';');
        if (semicolon < 0) {
            return printable(parameter, most);
        }
        String type = parameter.substring(0, semicolon);
        String address = parameter.substring(semicolon + 1);
        return printable(type + "; " + xtextDecoded(address), most);
    }

    /// The text that xtext stands for (RFC 3461 §4); what is not xtext stays as it is.
    static String xtextDecoded(String xtext) {
        if (xtext.indexOf('+') < 0) {
            return xtext;
        }
        var text = new StringBuilder(xtext.length());
        for (int i = 0; i < xtext.length(); i++) {
            char c = xtext.charAt(i);
            int high = c == '+' && i + 2 < xtext.length() ? hexDigit(xtext.charAt(i + 1)) : -1;
            int low = high >= 0 ? hexDigit(xtext.charAt(i + 2)) : -1;
            if (low >= 0) {
                text.append((char) (high << 4 | low));
                i += 2;
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }

    static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > '~') {
                return false;
            }
        }
        return true;
    }

    /// Appends `text` broken at spaces into lines of about 76 characters, each behind `indent`. A
    /// word without spaces stays whole: words are bounded far below 998.
    static void wrap(StringBuilder out, String indent, String text) {
        int lineStart = out.length();
        out.append(indent);
        for (int from = 0; from < text.length(); ) {
            int space = text.indexOf(' ', from);
            int to = space < 0 ? text.length() : space;
            boolean isFirst = out.length() == lineStart + indent.length();
            if (!isFirst && out.length() - lineStart + 1 + to - from > LINE_LENGTH) {
                out.append("\r\n");
                lineStart = out.length();
                out.append(indent);
            } else if (!isFirst) {
                out.append(' ');
            }
            out.append(text, from, to);
            from = to + 1;
        }
        out.append("\r\n");
    }

    /// Appends a header field, folded at spaces (RFC 5322 §2.2.3).
    static void field(StringBuilder out, String name, String value) {
        int lineStart = out.length();
        out.append(name).append(':');
        for (int from = 0; from < value.length(); ) {
            int space = value.indexOf(' ', from + 1);
            int to = space < 0 ? value.length() : space;
            boolean isLong = out.length() - lineStart + to - from >= LINE_LENGTH;
            // A line of blanks alone would end the header.
            boolean isBlank = value.substring(from, to).isBlank();
            if (isLong && !isBlank && out.length() - lineStart > name.length() + 1) {
                out.append("\r\n");
                lineStart = out.length();
            }
            if (value.charAt(from) != ' ') {
                out.append(' ');
            }
            out.append(value, from, to);
            from = to;
        }
        out.append("\r\n");
    }

    /// A time span in its largest whole units: `5 days`, `4 hours 30 minutes`.
    static String span(Duration duration) {
        long minutes = duration.toMinutes();
        if (minutes < 1) {
            return plural(Math.max(0, duration.toSeconds()), "second");
        }
        long days = minutes / 1440;
        long hours = minutes / 60 % 24;
        var words = new StringBuilder();
        if (days > 0) {
            words.append(plural(days, "day"));
        }
        if (hours > 0) {
            words.append(words.isEmpty() ? "" : " ").append(plural(hours, "hour"));
        }
        if (days == 0 && minutes % 60 > 0) {
            words.append(words.isEmpty() ? "" : " ").append(plural(minutes % 60, "minute"));
        }
        return words.toString();
    }

    private static String plural(long count, String unit) {
        return count + " " + unit + (count == 1 ? "" : "s");
    }

    private static void appendEscaped(StringBuilder out, int codePoint) {
        String hex = Integer.toHexString(codePoint).toUpperCase(Locale.ROOT);
        out.append("\\x{").append(hex.length() < 2 ? "0" : "").append(hex).append('}');
    }

    private static int hexDigit(char c) {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    }
}
