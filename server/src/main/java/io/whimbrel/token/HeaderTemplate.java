package io.whimbrel.token;

import io.whimbrel.token.TemplateParser.Literal;
import io.whimbrel.token.TemplateParser.Piece;
import io.whimbrel.token.TemplateParser.Value;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/// A header field that is made anew for each message or recipient, such as `List-Unsubscribe:
/// <https://example.com/u?t={token}>`. Immutable and thread-safe.
///
/// Names in braces: `{token}` ([RecipientToken]), `{ref}` ([ShortToken]), `{recipient}`,
/// `{recipient-local}`, `{recipient-domain}`, `{campaign}`, `{tenant}`, `{id}` (the queue id), and
/// `{meta.NAME}` of the message's metadata; what is not there is empty. `{{` and `}}` are braces.
///
/// Nothing that is put in gets out of its place. Within a URL all but unreserved characters are
/// percent-encoded (RFC 3986 §2.1); in angle brackets, where a whole URL may be put in, all that
/// stands in no URL; elsewhere control characters, what is not US-ASCII, angle brackets, and in
/// field Feedback-ID the colon that parts it. So no value can add a field, a line or a URL.
///
/// A line is folded at 78 characters, where a space stands outside of angle brackets, and has at
/// most 998 (RFC 5322 §2.1.1). A field that cannot be, that is empty or longer than
/// [#FIELD_CHARACTERS_MAX] is not made at all.
public final class HeaderTemplate {
    public static final int FIELD_CHARACTERS_MAX = 8_192;

    private static final int LINE_WANTED = 78;
    private static final int LINE_MAX = 998;
    private static final int NAME_MAX = 70;
    private static final String UNRESERVED = "-._~";
    private static final String RESERVED = ":/?#[]@!$&'()*+,;=%";
    private static final String HEX = "0123456789ABCDEF";

    private final String name;
    private final List<Piece> pieces;
    private final boolean isFeedbackId;

    private HeaderTemplate(String name, List<Piece> pieces) {
        this.name = name;
        this.pieces = pieces;
        this.isFeedbackId = name.equalsIgnoreCase("Feedback-ID");
    }

    /// @param name of the field
    /// @param text what stands behind its colon
    /// @throws TemplateException where either is wrong
    public static HeaderTemplate parse(String name, String text) throws TemplateException {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c <= ' ' || c > '~' || c == ':') {
                throw new TemplateException(
                        i + 1, "the name of a field is printable US-ASCII without colon");
            }
        }
        if (name.isEmpty() || name.length() > NAME_MAX) {
            throw new TemplateException(1, "the name of a field has 1 to 70 characters");
        }
        return new HeaderTemplate(name, TemplateParser.parse(text));
    }

    public String name() {
        return name;
    }

    /// Whether recipients of one message get different fields, and so a transaction each.
    public boolean isOfRecipient() {
        for (Piece piece : pieces) {
            if (piece instanceof Value value && value.placeholder().isOfRecipient()) {
                return true;
            }
        }
        return false;
    }

    /// The whole field, folded, with CRLF behind each line; all US-ASCII. Empty where it cannot be
    /// made of these values.
    public Optional<String> render(TemplateValues values) {
        var text = new StringBuilder(name).append(": ");
        int start = text.length();
        for (Piece piece : pieces) {
            switch (piece) {
                case Literal literal -> text.append(literal.text());
                case Value value -> add(text, value, values);
            }
            if (text.length() > FIELD_CHARACTERS_MAX) {
                return Optional.empty();
            }
        }
        String field = text.toString().stripTrailing();
        return field.length() <= start || field.substring(start).isBlank()
                ? Optional.empty()
                : folded(field);
    }

    private void add(StringBuilder text, Value value, TemplateValues values) {
        byte[] bytes = value.placeholder().value(values).getBytes(StandardCharsets.UTF_8);
        for (byte octet : bytes) {
            char c = (char) (octet & 0xff);
            boolean isPlain =
                    switch (value.place()) {
                        case URL -> isUnreserved(c);
                        case BRACKETS -> isUnreserved(c) || RESERVED.indexOf(c) >= 0;
                        case TEXT -> isText(c);
                    };
            if (isPlain) {
                text.append(c);
            } else {
                text.append('%').append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
            }
        }
    }

    private boolean isText(char c) {
        boolean isPart = c == '<' || c == '>' || (isFeedbackId && c == ':');
        return c >= ' ' && c <= '~' && !isPart;
    }

    private static boolean isUnreserved(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || UNRESERVED.indexOf(c) >= 0;
    }

    private static Optional<String> folded(String field) {
        var out = new StringBuilder(field.length() + 16);
        int lineStart = 0;
        int fold = -1;
        int depth = 0;
        int nameEnd = field.indexOf(' ');
        for (int at = nameEnd + 1; at <= field.length(); at++) {
            if (at - lineStart > LINE_WANTED && fold > lineStart) {
                out.append(field, lineStart, fold).append("\r\n");
                lineStart = fold;
            }
            if (at - lineStart > LINE_MAX) {
                return Optional.empty();
            }
            if (at == field.length()) {
                break;
            }
            char c = field.charAt(at);
            depth = c == '<' ? depth + 1 : c == '>' ? 0 : depth;
            // Only before the first of several spaces, so that no line has nothing but those.
            if (c == ' ' && depth == 0 && field.charAt(at - 1) != ' ') {
                fold = at;
            }
        }
        return Optional.of(out.append(field, lineStart, field.length()).append("\r\n").toString());
    }
}
