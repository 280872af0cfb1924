package io.whimbrel.token;

import io.whimbrel.mail.DomainName;
import io.whimbrel.token.TemplateParser.Literal;
import io.whimbrel.token.TemplateParser.Piece;
import io.whimbrel.token.TemplateParser.Value;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// A reverse-path that says which recipient a report is about: `bounce+{recipient}@b.example.com`
/// or `b-{ref}@b.example.com`. Immutable and thread-safe.
///
/// `{recipient}` is `local=domain`, where each octet that is no letter, digit, hyphen, underscore
/// or plain dot is `+` and two hexadecimal digits, so that it can be read again, but for the case
/// of letters, which hosts on the way may change. `{ref}` is a [ShortToken]. A local part has at
/// most 64 octets (RFC 5321 §4.5.3.1.1): where the recipient has no room, `{ref}` stands in its
/// place.
public final class VerpTemplate {
    private static final int LOCAL_PART_MAX = 64;
    private static final String HEX = "0123456789ABCDEF";
    private static final String ATEXT = "!#$%&'*+-/=?^_`{|}~.";

    private final String prefix;
    private final String suffix;
    private final DomainName domain;
    private final boolean isOfRecipient;

    /// What an address says that a template has made.
    public sealed interface Origin {}

    /// @param address of the recipient; the case of its letters may have been lost, and anybody may
    ///   have made it up
    public record OfRecipient(String address) implements Origin {}

    /// @param token which is genuine
    public record OfToken(ShortToken token) implements Origin {}

    private VerpTemplate(String prefix, String suffix, DomainName domain, boolean isOfRecipient) {
        this.prefix = prefix;
        this.suffix = suffix;
        this.domain = domain;
        this.isOfRecipient = isOfRecipient;
    }

    /// @throws TemplateException where the text is no address with one `{recipient}` or `{ref}` in
    ///   its local part
    public static VerpTemplate parse(String text) throws TemplateException {
        int at = text.lastIndexOf('@');
        Optional<DomainName> domain =
                at < 0 ? Optional.empty() : DomainName.parse(text.substring(at + 1));
        if (domain.isEmpty()) {
            throw new TemplateException(
                    at + 2, "an address such as bounce+{recipient}@b.example.com is wanted");
        }
        var before = new StringBuilder();
        var after = new StringBuilder();
        Optional<Placeholder.Kind> found = Optional.empty();
        List<Piece> pieces = TemplateParser.parse(text.substring(0, at));
        for (Piece piece : pieces) {
            switch (piece) {
                case Literal literal -> (found.isEmpty() ? before : after).append(literal.text());
                case Value value -> {
                    Placeholder.Kind kind = value.placeholder().kind();
                    boolean isAllowed =
                            kind == Placeholder.Kind.RECIPIENT || kind == Placeholder.Kind.REF;
                    if (!isAllowed || found.isPresent()) {
                        throw new TemplateException(
                                1, "a reverse-path has one of {recipient} and {ref}, once");
                    }
                    found = Optional.of(kind);
                }
            }
        }
        if (found.isEmpty()) {
            throw new TemplateException(1, "a reverse-path has {recipient} or {ref} in it");
        }
        check(before.toString(), after.toString());
        return new VerpTemplate(
                before.toString(),
                after.toString(),
                domain.get(),
                found.get() == Placeholder.Kind.RECIPIENT);
    }

    /// The literal parts must be good beside a token in any case (RFC 5322 §3.2.3).
    private static void check(String prefix, String suffix) throws TemplateException {
        String whole = prefix + suffix;
        for (int i = 0; i < whole.length(); i++) {
            char c = whole.charAt(i);
            boolean isGood = (c < 0x80 && Character.isLetterOrDigit(c)) || ATEXT.indexOf(c) >= 0;
            if (!isGood) {
                throw new TemplateException(1, "a local part has no \"" + c + "\"");
            }
        }
        boolean hasStrayDot =
                prefix.startsWith(".")
                        || suffix.endsWith(".")
                        || prefix.contains("..")
                        || suffix.contains("..");
        if (hasStrayDot) {
            throw new TemplateException(1, "a dot stands between other characters");
        }
        int most = LOCAL_PART_MAX - ShortToken.CHARACTERS;
        if (whole.length() > most) {
            throw new TemplateException(
                    1, "beside {recipient} or {ref} there is room for " + most + " characters");
        }
    }

    /// The address, without angle brackets. Empty where the recipient has no room in it, and no
    /// number that has.
    public Optional<String> render(TemplateValues values) {
        String inner = isOfRecipient ? escaped(values) : values.ref();
        if (prefix.length() + inner.length() + suffix.length() > LOCAL_PART_MAX) {
            inner = values.ref();
        }
        return inner.isEmpty()
                ? Optional.empty()
                : Optional.of(prefix + inner + suffix + "@" + domain);
    }

    /// Reads what [#render] made, in any case. Empty where it did not, or the token is not genuine.
    public Optional<Origin> read(String address, TokenKeys keys) {
        int at = address.lastIndexOf('@');
        if (at < 0 || !address.substring(at + 1).equalsIgnoreCase(domain.value())) {
            return Optional.empty();
        }
        String local = address.substring(0, at);
        int end = local.length() - suffix.length();
        boolean isOurs =
                local.length() <= LOCAL_PART_MAX
                        && end > prefix.length()
                        && lower(local).startsWith(lower(prefix))
                        && lower(local).endsWith(lower(suffix));
        if (!isOurs) {
            return Optional.empty();
        }
        String inner = local.substring(prefix.length(), end);
        return isOfRecipient && inner.indexOf('=') >= 0
                ? unescaped(inner).map(OfRecipient::new)
                : ShortToken.open(inner, keys).map(OfToken::new);
    }

    private static String escaped(TemplateValues values) {
        var out = new StringBuilder();
        escape(values.localPart(), out);
        out.append('=');
        escape(values.domain(), out);
        return out.toString();
    }

    private static void escape(String part, StringBuilder out) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < bytes.length; i++) {
            char c = (char) (bytes[i] & 0xff);
            // Dots at an end or beside each other would need quotes.
            boolean isPlainDot = c == '.' && i > 0 && i + 1 < bytes.length && bytes[i - 1] != '.';
            if (isPlain(c) || isPlainDot) {
                out.append(c);
            } else {
                out.append('+').append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
            }
        }
    }

    private static Optional<String> unescaped(String inner) {
        int equals = inner.lastIndexOf('=');
        var out = new ByteArrayOutputStream();
        int at = 0;
        while (at < inner.length()) {
            char c = inner.charAt(at);
            if (at == equals) {
                out.write('@');
            } else if (c == '+') {
                int octet = at + 2 < inner.length() ? octet(inner, at + 1) : -1;
                // No control character gets in by an address.
                if (octet < ' ' || octet == 0x7f) {
                    return Optional.empty();
                }
                out.write(octet);
                at += 2;
            } else if (isPlain(c) || c == '.') {
                out.write(c);
            } else {
                return Optional.empty();
            }
            at++;
        }
        return Optional.of(out.toString(StandardCharsets.UTF_8));
    }

    /// Of two hexadecimal digits; negative where they are none.
    private static int octet(String text, int at) {
        int high = HEX.indexOf(upper(text.charAt(at)));
        int low = HEX.indexOf(upper(text.charAt(at + 1)));
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    private static char upper(char c) {
        return c >= 'a' && c <= 'f' ? (char) (c - 32) : c;
    }

    private static boolean isPlain(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '_';
    }

    private static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }
}
