package io.whimbrel.signing;

import java.nio.charset.StandardCharsets;

/// A value as dkim-quoted-printable (RFC 6376 §2.11). Pure.
final class QuotedTag {
    private QuotedTag() {}

    static String of(String value) {
        var quoted = new StringBuilder(value.length());
        for (byte octet : value.getBytes(StandardCharsets.UTF_8)) {
            boolean isPlain = octet > ' ' && octet <= '~' && octet != ';' && octet != '=';
            if (isPlain) {
                quoted.append((char) octet);
            } else {
                quoted.append("=%02X".formatted(octet & 0xff));
            }
        }
        return quoted.toString();
    }
}
