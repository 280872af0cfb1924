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

    private static final Action[] ALL = values();

    static Action at(int ordinal) {
        return ALL[ordinal];
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
