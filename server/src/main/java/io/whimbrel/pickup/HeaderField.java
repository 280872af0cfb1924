package io.whimbrel.pickup;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// One field of a message's header (RFC 5322 §2.2). Immutable.
///
/// @param text the whole field, folds as CRLF, without the final one; each character a byte (ISO
///   8859-1), so that nothing is lost of bytes that are no text
/// @param name in lower case
record HeaderField(String text, String name) {
    private static final int NAME_MAX = 200;

    /// A field that is ours, of Unicode characters.
    static HeaderField of(String name, String value) {
        byte[] bytes = (name + ": " + value).getBytes(StandardCharsets.UTF_8);
        return of(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    /// @param text begins with what [#nameLength] takes for a name
    static HeaderField of(String text) {
        return new HeaderField(text, text.substring(0, nameLength(text)).toLowerCase(Locale.ROOT));
    }

    /// The length of the name that a line begins with; 0 where the line is no field's first.
    static int nameLength(String line) {
        int length = 0;
        while (length < line.length()
                && line.charAt(length) > ' '
                && line.charAt(length) <= '~'
                && line.charAt(length) != ':') {
            length++;
        }
        int colon = length;
        // Forbidden since 2001, and still written.
        while (colon < line.length() && (line.charAt(colon) == ' ' || line.charAt(colon) == '\t')) {
            colon++;
        }
        boolean isField = colon < line.length() && line.charAt(colon) == ':';
        return isField && length <= NAME_MAX ? length : 0;
    }

    /// Where the value begins.
    int valueStart() {
        return text.indexOf(':') + 1;
    }

    /// The value, its bytes read as UTF-8, without spaces around it; folds stay.
    String value() {
        byte[] bytes = text.substring(valueStart()).getBytes(StandardCharsets.ISO_8859_1);
        return new String(bytes, StandardCharsets.UTF_8).strip();
    }

    AddressList addresses() {
        return AddressList.parse(text, valueStart());
    }
}
