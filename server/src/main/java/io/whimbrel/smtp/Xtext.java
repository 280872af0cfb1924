package io.whimbrel.smtp;

import java.nio.charset.StandardCharsets;

/// Xtext, as parameters of MAIL and RCPT write what has spaces or signs in it (RFC 3461 §4). Pure.
public final class Xtext {
    /// Characters of an ENVID (RFC 3461 §4.4).
    public static final int ENVELOPE_ID_MAX = 100;

    private static final int ORIGINAL_RECIPIENT_MAX = 500;
    private static final String HEX = "0123456789ABCDEF";

    private Xtext() {}

    /// The xtext of a text in UTF-8.
    public static String encode(String text) {
        var encoded = new StringBuilder(text.length());
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (b >= '!' && b <= '~' && b != '+' && b != '=') {
                encoded.append((char) b);
            } else {
                encoded.append('+').append(HEX.charAt((b & 0xff) >> 4)).append(HEX.charAt(b & 0xf));
            }
        }
        return encoded.toString();
    }

    /// Whether it can be ENVID (RFC 3461 §4.4).
    public static boolean isEnvelopeId(String text) {
        return !text.isEmpty() && text.length() <= ENVELOPE_ID_MAX && isXtext(text, 0, false);
    }

    /// `rfc822;user+40example.com`, or with a type such as `utf-8` (RFC 6533 §3).
    public static boolean isOriginalRecipient(String text, boolean smtpUtf8) {
        int semicolon = text.indexOf(';');
        if (semicolon < 1
                || semicolon + 1 == text.length()
                || text.length() > ORIGINAL_RECIPIENT_MAX) {
            return false;
        }
        for (int i = 0; i < semicolon; i++) {
            char c = text.charAt(i);
            if (c > '~' || !(Character.isLetterOrDigit(c) || c == '-')) {
                return false;
            }
        }
        return isXtext(text, semicolon + 1, smtpUtf8);
    }

    /// Whether it is xtext of US-ASCII only.
    public static boolean isXtext(String text) {
        return isXtext(text, 0, false);
    }

    private static boolean isXtext(String text, int from, boolean allowsInternational) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '+') {
                if (i + 2 >= text.length()
                        || !isUpperHex(text.charAt(i + 1))
                        || !isUpperHex(text.charAt(i + 2))) {
                    return false;
                }
                i += 2;
            } else if (c <= ' ' || c == '=' || c == 0x7f || (c > '~' && !allowsInternational)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isUpperHex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
    }
}
