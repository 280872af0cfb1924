package io.whimbrel.mime;

/// What field Content-Transfer-Encoding says (RFC 2045 §6.1).
enum TransferEncoding {
    /// No such field, or nothing in it.
    NONE,
    SEVEN_BIT,
    EIGHT_BIT,
    BINARY,
    QUOTED_PRINTABLE,
    BASE64,
    /// Of nobody knows which kind; what it stands for is left alone.
    UNKNOWN;

    /// @param value of the field, folds and comments included; a character is a byte
    static TransferEncoding parse(String value) {
        var token = new StringBuilder();
        int at = ContentType.skipSpace(value, 0);
        while (at < value.length() && !ContentType.isSpace(value.charAt(at))) {
            char c = value.charAt(at);
            if (c == '(' || c == ';') {
                break;
            }
            token.append(ContentType.lower(c));
            at++;
        }
        return switch (token.toString()) {
            case "" -> NONE;
            case "7bit", "7-bit" -> SEVEN_BIT;
            case "8bit", "8-bit" -> EIGHT_BIT;
            case "binary" -> BINARY;
            case "quoted-printable" -> QUOTED_PRINTABLE;
            case "base64" -> BASE64;
            default -> UNKNOWN;
        };
    }

    /// Whether what it stands for is as it is.
    boolean isIdentity() {
        return switch (this) {
            case NONE, SEVEN_BIT, EIGHT_BIT, BINARY -> true;
            case QUOTED_PRINTABLE, BASE64, UNKNOWN -> false;
        };
    }

    /// Whether it says that there may be 8-bit octets.
    boolean isBeyondSevenBit() {
        return this == EIGHT_BIT || this == BINARY;
    }
}
