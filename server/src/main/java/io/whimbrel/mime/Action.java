package io.whimbrel.mime;

/// What becomes of the body of one entity, and of its Content-Transfer-Encoding.
enum Action {
    /// It stays byte for byte.
    KEEP,
    /// The encoding stays; 8-bit octets where none may be, and nothing is to be read, become `?`.
    MASK,
    /// As [#MASK], and is said to be 7bit.
    LABEL,
    QUOTED_PRINTABLE,
    BASE64,
    /// It is quoted-printable already; 8-bit octets in it are encoded too.
    REPAIR;

    /// As [#code] wrote it.
    static Action at(int code) {
        return switch (code) {
            case 1 -> MASK;
            case 2 -> LABEL;
            case 3 -> QUOTED_PRINTABLE;
            case 4 -> BASE64;
            case 5 -> REPAIR;
            default -> KEEP;
        };
    }

    int code() {
        return switch (this) {
            case KEEP -> 0;
            case MASK -> 1;
            case LABEL -> 2;
            case QUOTED_PRINTABLE -> 3;
            case BASE64 -> 4;
            case REPAIR -> 5;
        };
    }

    /// Value of the field that takes the place of the one that was there; `""` where it stays.
    String label() {
        return switch (this) {
            case KEEP, MASK, REPAIR -> "";
            case LABEL -> "7bit";
            case QUOTED_PRINTABLE -> "quoted-printable";
            case BASE64 -> "base64";
        };
    }
}
