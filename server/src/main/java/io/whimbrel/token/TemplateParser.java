package io.whimbrel.token;

import java.util.ArrayList;
import java.util.List;

/// Parts the text of a template into what stands there and what is put in. `{{` and `}}` are
/// braces. Confined to one thread.
final class TemplateParser {
    /// A template of an operator: so long at most.
    static final int CHARACTERS_MAX = 2_000;

    private static final String[] SCHEMES = {"http://", "https://", "mailto:"};

    private final String text;
    private final List<Piece> pieces = new ArrayList<>();
    private final StringBuilder literal = new StringBuilder();

    /// Whether what comes next stands in a URL.
    private boolean isWithinUrl;

    /// Whether it stands in angle brackets.
    private boolean isBracketed;

    /// A piece of a template.
    sealed interface Piece {}

    record Literal(String text) implements Piece {}

    record Value(Placeholder placeholder, Place place) implements Piece {}

    /// Where something is put in.
    enum Place {
        TEXT,
        /// In angle brackets; it may be a whole URL.
        BRACKETS,
        /// In an address of the web, or of a mail to be written.
        URL
    }

    private TemplateParser(String text) {
        this.text = text;
    }

    /// @throws TemplateException where the text is no template
    static List<Piece> parse(String text) throws TemplateException {
        if (text.length() > CHARACTERS_MAX) {
            throw new TemplateException(
                    CHARACTERS_MAX + 1, "a template has at most " + CHARACTERS_MAX + " characters");
        }
        if (text.isBlank()) {
            throw new TemplateException(1, "a template is not empty");
        }
        return new TemplateParser(text).parse();
    }

    private List<Piece> parse() throws TemplateException {
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            boolean isTwice = at + 1 < text.length() && text.charAt(at + 1) == c;
            if ((c == '{' || c == '}') && isTwice) {
                take(c);
                at += 2;
            } else if (c == '{') {
                at = placeholder(at);
            } else if (c == '}') {
                throw new TemplateException(at + 1, "} without {; a brace itself is }}");
            } else if (c < ' ' || c > '~') {
                throw new TemplateException(
                        at + 1, "only printable US-ASCII characters and spaces are allowed");
            } else {
                take(c);
                at++;
            }
        }
        endLiteral();
        return List.copyOf(pieces);
    }

    private void take(char c) {
        if (isWithinUrl && (c == ' ' || c == '>' || c == '"' || (c == ',' && !isBracketed))) {
            isWithinUrl = false;
        }
        isBracketed = c == '<' || (isBracketed && c != '>');
        literal.append(c);
        if (c == '/' || c == ':') {
            for (String scheme : SCHEMES) {
                int start = literal.length() - scheme.length();
                boolean isUrl =
                        start >= 0
                                && literal.substring(start).equalsIgnoreCase(scheme)
                                && !isWithinUrl;
                if (isUrl) {
                    isWithinUrl = true;
                }
            }
        }
    }

    private int placeholder(int open) throws TemplateException {
        int close = text.indexOf('}', open);
        if (close < 0) {
            throw new TemplateException(open + 1, "{ without }; a brace itself is {{");
        }
        String name = text.substring(open + 1, close);
        var placeholder = Placeholder.of(name);
        if (placeholder.isEmpty()) {
            throw new TemplateException(
                    open + 1,
                    "unknown {"
                            + printable(name)
                            + "}; allowed: "
                            + Placeholder.allowed()
                            + "; did you mean {"
                            + Placeholder.nearest(name)
                            + "}?");
        }
        endLiteral();
        Place outside = isBracketed ? Place.BRACKETS : Place.TEXT;
        pieces.add(new Value(placeholder.get(), isWithinUrl ? Place.URL : outside));
        return close + 1;
    }

    private void endLiteral() {
        if (!literal.isEmpty()) {
            pieces.add(new Literal(literal.toString()));
            literal.setLength(0);
        }
    }

    private static String printable(String name) {
        var shown = new StringBuilder();
        for (int i = 0; i < Math.min(name.length(), 40); i++) {
            char c = name.charAt(i);
            shown.append(c < ' ' || c > '~' ? '?' : c);
        }
        return shown.toString();
    }
}
