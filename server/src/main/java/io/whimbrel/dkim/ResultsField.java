package io.whimbrel.dkim;

import java.util.Locale;
import java.util.Optional;

/// What an `Authentication-Results` field says, as far as it is read here (RFC 8601 §2.2).
/// Immutable.
///
/// @param authservId who says so, without quotes and comments; `""` where that cannot be read
/// @param results the text behind the first semicolon, without spaces around it; `""` where there
///   is none
public record ResultsField(String authservId, String results) {
    /// The field's name, lower case.
    public static final String NAME = "authentication-results";

    private static final String METHOD_ENDS = ";(=/";

    /// @param value of the field, folds included
    public static ResultsField of(String value) {
        var cursor = new Cursor(value);
        cursor.skipSpaces();
        String id = cursor.word(";(");
        cursor.skipTo(';');
        return new ResultsField(
                id, value.substring(Math.min(value.length(), cursor.at + 1)).strip());
    }

    /// Whether it is by this name, or by none, so that it could be taken for one by this name.
    public boolean mayBeBy(String name) {
        return authservId.isEmpty() || isBy(name);
    }

    public boolean isBy(String name) {
        return Labels.normal(authservId).equals(Labels.normal(name));
    }

    /// What the first result by `method` says, lower case, such as `pass`; empty where there is
    /// none.
    ///
    /// @param results several fields' may be joined by semicolons
    /// @param method lower case
    public static Optional<String> result(String results, String method) {
        var cursor = new Cursor(results);
        while (!cursor.isAtEnd()) {
            cursor.skipSpaces();
            String name = cursor.word(METHOD_ENDS);
            cursor.skipSpaces();
            if (cursor.isAt('/')) {
                cursor.at++;
                cursor.skipSpaces();
                cursor.word(METHOD_ENDS);
                cursor.skipSpaces();
            }
            if (cursor.isAt('=') && name.toLowerCase(Locale.ROOT).equals(method)) {
                cursor.at++;
                cursor.skipSpaces();
                return Optional.of(cursor.word(";(").toLowerCase(Locale.ROOT));
            }
            cursor.skipTo(';');
            cursor.at++;
        }
        return Optional.empty();
    }

    /// Goes through a text. Confined to one thread.
    private static final class Cursor {
        private final String text;
        private int at;

        Cursor(String text) {
            this.text = text;
        }

        boolean isAtEnd() {
            return at >= text.length();
        }

        boolean isAt(char c) {
            return at < text.length() && text.charAt(at) == c;
        }

        /// A quoted string without its quotes, or what ends at a space or one of `ends`.
        String word(String ends) {
            var word = new StringBuilder();
            if (isAt('"')) {
                at++;
                while (at < text.length() && text.charAt(at) != '"') {
                    at += text.charAt(at) == '\\' && at + 1 < text.length() ? 1 : 0;
                    word.append(text.charAt(at++));
                }
                at++;
                return word.toString().strip();
            }
            while (at < text.length()
                    && !TagList.isSpace(text.charAt(at))
                    && ends.indexOf(text.charAt(at)) < 0) {
                word.append(text.charAt(at++));
            }
            return word.toString();
        }

        /// Spaces and comments.
        void skipSpaces() {
            int depth = 0;
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c == '\\' && depth > 0) {
                    at++;
                } else if (c == '(') {
                    depth++;
                } else if (c == ')' && depth > 0) {
                    depth--;
                } else if (depth == 0 && !TagList.isSpace(c)) {
                    return;
                }
                at++;
            }
        }

        /// To the next `end` that stands in no comment and no quoted string.
        void skipTo(char end) {
            while (!isAtEnd() && !isAt(end)) {
                if (isAt('"')) {
                    word("");
                } else if (isAt('(')) {
                    skipSpaces();
                } else {
                    at++;
                }
            }
        }
    }
}
