package io.whimbrel.verification;

import io.whimbrel.dkim.Labels;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Text with macros, as SPF policies have it (RFC 7208 §7). Immutable.
///
/// @param parts in their order
record MacroText(List<Part> parts) {
    private static final String LETTERS = "slodiphcrtv";
    private static final String LETTERS_OF_EXPLANATIONS = "crt";
    private static final String DELIMITERS = ".-+,/_=";

    sealed interface Part {}

    /// Stands for itself.
    record Literal(String text) implements Part {}

    /// Stands for a fact about the client.
    ///
    /// @param letter lower case
    /// @param keepLast how many parts from the right stay; 0 for all
    /// @param delimiters where the value is split; `.` where the macro names none
    record Macro(
            char letter, boolean isEscaped, int keepLast, boolean isReversed, String delimiters)
            implements Part {}

    /// Reads a domain-spec or the value of a modifier. Empty where `text` is neither.
    static Optional<MacroText> parse(String text) {
        return new Reader(text, false).read();
    }

    /// Reads an explanation, in which spaces and the macros `c`, `r` and `t` are allowed.
    static Optional<MacroText> parseExplanation(String text) {
        return new Reader(text, true).read();
    }

    /// Whether it ends as names do: with a macro, or a dot and a label that is no number (RFC 7208
    /// §7.1, domain-end).
    boolean endsLikeADomain() {
        if (parts.isEmpty()) {
            return false;
        }
        return switch (parts.getLast()) {
            case Macro _ -> true;
            case Literal(String text) -> endsWithLabel(text, parts.size() > 1);
        };
    }

    private static boolean endsWithLabel(String text, boolean hasMoreBefore) {
        String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        int dot = name.lastIndexOf('.');
        String label = name.substring(dot + 1);
        if (dot < 0 || (dot == 0 && !hasMoreBefore) || label.isEmpty()) {
            return false;
        }
        boolean isNumber = true;
        for (int i = 0; i < label.length(); i++) {
            char c = label.charAt(i);
            if (!Labels.isAlphanumeric(c) && c != '-') {
                return false;
            }
            isNumber &= Labels.isDigit(c);
        }
        return !isNumber && !label.startsWith("-") && !label.endsWith("-");
    }

    /// One pass over the text.
    private static final class Reader {
        private final String text;
        private final boolean isExplanation;
        private final List<Part> parts = new ArrayList<>();
        private final StringBuilder literal = new StringBuilder();
        private int at;

        Reader(String text, boolean isExplanation) {
            this.text = text;
            this.isExplanation = isExplanation;
        }

        Optional<MacroText> read() {
            while (at < text.length()) {
                char c = text.charAt(at);
                boolean isGood;
                if (c == '%') {
                    isGood = readPercent();
                } else {
                    isGood = (c > ' ' || (c == ' ' && isExplanation)) && c <= '~';
                    literal.append(c);
                    at++;
                }
                if (!isGood) {
                    return Optional.empty();
                }
            }
            endLiteral();
            return Optional.of(new MacroText(List.copyOf(parts)));
        }

        private boolean readPercent() {
            char next = at + 1 < text.length() ? text.charAt(at + 1) : ' ';
            at += 2;
            switch (next) {
                case '%' -> literal.append('%');
                case '_' -> literal.append(' ');
                case '-' -> literal.append("%20");
                case '{' -> {
                    return readMacro();
                }
                default -> {
                    return false;
                }
            }
            return true;
        }

        private boolean readMacro() {
            int end = text.indexOf('}', at);
            if (end <= at) {
                return false;
            }
            char letter = text.charAt(at);
            boolean isEscaped = letter >= 'A' && letter <= 'Z';
            char lower = isEscaped ? (char) (letter + 32) : letter;
            boolean isKnown =
                    LETTERS.indexOf(lower) >= 0
                            && (isExplanation || LETTERS_OF_EXPLANATIONS.indexOf(lower) < 0);
            int digits = at + 1;
            while (digits < end && Labels.isDigit(text.charAt(digits))) {
                digits++;
            }
            int keepLast = number(text.substring(at + 1, digits));
            boolean isReversed = digits < end && (text.charAt(digits) | 32) == 'r';
            String delimiters = text.substring(isReversed ? digits + 1 : digits, end);
            for (int i = 0; i < delimiters.length(); i++) {
                isKnown &= DELIMITERS.indexOf(delimiters.charAt(i)) >= 0;
            }
            if (!isKnown || keepLast < 0) {
                return false;
            }
            endLiteral();
            parts.add(
                    new Macro(
                            lower,
                            isEscaped,
                            keepLast,
                            isReversed,
                            delimiters.isEmpty() ? "." : delimiters));
            at = end + 1;
            return true;
        }

        /// 0 where there are no digits, -1 where they are not a number above 0.
        private static int number(String digits) {
            if (digits.isEmpty()) {
                return 0;
            }
            // RFC 7208 §7.3 wants 128 supported at least: no value has more parts than that.
            int value = digits.length() > 4 ? Integer.MAX_VALUE : Integer.parseInt(digits);
            return value == 0 ? -1 : value;
        }

        private void endLiteral() {
            if (!literal.isEmpty()) {
                parts.add(new Literal(literal.toString()));
                literal.setLength(0);
            }
        }
    }
}
