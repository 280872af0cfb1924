package io.whimbrel.header;

import java.nio.charset.StandardCharsets;

/// Text of header fields, made safe to read, compare and print. Pure.
final class HeaderText {
    private static final int VALUE_BYTES_MAX = 8_192;

    private HeaderText() {}

    static String ascii(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.US_ASCII);
    }

    /// What is in `bytes[from, to)`, line ends left out, control characters as spaces, without
    /// spaces around it; what is not UTF-8 as U+FFFD.
    static String value(byte[] bytes, int from, int to) {
        return value(bytes, from, to, VALUE_BYTES_MAX);
    }

    static String value(byte[] bytes, int from, int to, int octetsMax) {
        int end = Math.min(to, from + octetsMax);
        byte[] kept = new byte[end - from];
        int length = 0;
        for (int i = from; i < end; i++) {
            byte b = bytes[i];
            if (b != '\r' && b != '\n') {
                kept[length++] = b >= 0 && b < ' ' ? (byte) ' ' : b;
            }
        }
        return printable(new String(kept, 0, length, StandardCharsets.UTF_8)).strip();
    }

    /// Without characters that terminals obey, those beyond US-ASCII included (U+009B).
    static String printable(String text) {
        String printable = text;
        for (int i = 0; i < printable.length(); i++) {
            if (Character.isISOControl(printable.charAt(i))) {
                printable = printable.replace(printable.charAt(i), ' ');
            }
        }
        return printable;
    }
}
