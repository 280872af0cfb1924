package io.whimbrel.dkim;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// One field of a message's header, as it came. Its bytes are never changed.
///
/// @param name lower case, without spaces before the colon; `""` of a line that is no field
/// @param raw with its name and folds, without the CRLF at its end
/// @param valueStart index in `raw` behind the colon
public record HeaderField(String name, byte[] raw, int valueStart) {

    public static HeaderField of(byte[] raw) {
        int colon = 0;
        while (colon < raw.length && raw[colon] != ':') {
            colon++;
        }
        if (colon == raw.length) {
            return new HeaderField("", raw, raw.length);
        }
        String name = new String(raw, 0, colon, StandardCharsets.ISO_8859_1).stripTrailing();
        return new HeaderField(name.toLowerCase(Locale.ROOT), raw, colon + 1);
    }

    /// What stands behind the colon, folds included; a character is a byte.
    public String value() {
        return new String(raw, valueStart, raw.length - valueStart, StandardCharsets.ISO_8859_1);
    }
}
