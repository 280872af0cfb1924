package io.whimbrel.mime;

import java.nio.charset.StandardCharsets;

/// The fields of a header that conversion cares about.
enum FieldName {
    CONTENT_TYPE,
    CONTENT_TRANSFER_ENCODING,
    MIME_VERSION,
    /// Of the whole message: what it covers must not change.
    SIGNATURE,
    OTHER;

    private static final int LENGTH_MAX = "content-transfer-encoding".length();

    /// @param field begins with a field's name
    /// @param colon index of the colon behind it
    static FieldName of(byte[] field, int colon) {
        int end = colon;
        while (end > 0 && (field[end - 1] == ' ' || field[end - 1] == '\t')) {
            end--;
        }
        if (end > LENGTH_MAX) {
            return OTHER;
        }
        String name = new String(field, 0, end, StandardCharsets.ISO_8859_1);
        return switch (ContentType.lower(name)) {
            case "content-type" -> CONTENT_TYPE;
            case "content-transfer-encoding" -> CONTENT_TRANSFER_ENCODING;
            case "mime-version" -> MIME_VERSION;
            case "dkim-signature", "arc-seal", "arc-message-signature" -> SIGNATURE;
            default -> OTHER;
        };
    }

    /// Index of the colon of a field that begins at `from`; -1 where no field does (RFC 5322 §2.2).
    /// Spaces before the colon are let pass, as RFC 5322 §4.5 has it, and names beyond US-ASCII,
    /// for what has one is rather a broken field than text.
    static int colon(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && isNameOctet(bytes[at])) {
            at++;
        }
        boolean hasName = at > from;
        while (at < to && (bytes[at] == ' ' || bytes[at] == '\t')) {
            at++;
        }
        return hasName && at < to && bytes[at] == ':' ? at : -1;
    }

    private static boolean isNameOctet(byte octet) {
        return octet < 0 || (octet > ' ' && octet != ':' && octet != 0x7f);
    }
}
