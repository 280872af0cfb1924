package io.whimbrel.eventlog;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Map;

/// Lines of JSON, one object each, in one growing buffer of UTF-8. Confined to one thread.
///
/// Only what events need: strings, whole numbers, thousandths, time stamps and `true`. Half a
/// surrogate pair becomes U+FFFD, so every line is valid JSON whatever peers sent.
final class JsonLines {
    /// A buffer that grew beyond this is not kept.
    private static final int KEPT_MAX = 8 * 1024 * 1024;

    private static final byte[] HEX = "0123456789abcdef".getBytes(US_ASCII);

    private final int initialCapacity;
    private byte[] bytes;
    private int size;
    private boolean isFirstField;

    private long secondWritten = Long.MIN_VALUE;
    private byte[] secondText = new byte[0];

    JsonLines(int initialCapacity) {
        this.initialCapacity = initialCapacity;
        this.bytes = new byte[initialCapacity];
    }

    /// What has been written, `size()` bytes of it; valid until the next call.
    byte[] bytes() {
        return bytes;
    }

    int size() {
        return size;
    }

    void clear() {
        size = 0;
        if (bytes.length > KEPT_MAX) {
            bytes = new byte[initialCapacity];
        }
    }

    void begin() {
        put('{');
        isFirstField = true;
    }

    void end() {
        put('}');
        put('\n');
    }

    /// @param name of plain letters, as are all names
    void text(String name, String value) {
        name(name);
        quoted(value);
    }

    /// Leaves the field out where `value` is `""`.
    void textIfAny(String name, String value) {
        if (!value.isEmpty()) {
            text(name, value);
        }
    }

    void number(String name, long value) {
        name(name);
        digits(value);
    }

    /// Also below 0.
    void signed(String name, int value) {
        name(name);
        if (value < 0) {
            put('-');
        }
        digits(Math.abs((long) value));
    }

    /// An object whose fields are texts, with names that may be anything. Left out where empty.
    void textsIfAny(String name, Map<String, String> texts) {
        if (texts.isEmpty()) {
            return;
        }
        name(name);
        put('{');
        boolean isFirst = true;
        for (Map.Entry<String, String> text : texts.entrySet()) {
            if (!isFirst) {
                put(',');
            }
            isFirst = false;
            quoted(text.getKey());
            put(':');
            quoted(text.getValue());
        }
        put('}');
    }

    void isTrue(String name) {
        name(name);
        plain("true");
    }

    /// Writes thousandths, 0 or more, as a decimal number: 1500 is `1.500`.
    void thousandths(String name, long value) {
        name(name);
        digits(value / 1000);
        put('.');
        threeDigits((int) (value % 1000));
    }

    /// Writes `instant` in UTC with milliseconds (RFC 3339), cut, not rounded.
    void time(String name, Instant instant) {
        name(name);
        long second = instant.getEpochSecond();
        if (second != secondWritten) {
            // Years of other than four digits have no place in RFC 3339; they do not occur.
            LocalDateTime local = LocalDateTime.ofEpochSecond(second, 0, ZoneOffset.UTC);
            secondText = secondsOf(local).getBytes(US_ASCII);
            secondWritten = second;
        }
        put('"');
        plain(secondText);
        put('.');
        threeDigits(instant.getNano() / 1_000_000);
        put('Z');
        put('"');
    }

    private static String secondsOf(LocalDateTime local) {
        String text = local.toString();
        return text.length() == "2026-11-23T12:00".length() ? text + ":00" : text;
    }

    private void name(String name) {
        if (!isFirstField) {
            put(',');
        }
        isFirstField = false;
        put('"');
        plain(name);
        put('"');
        put(':');
    }

    private void quoted(String text) {
        put('"');
        escaped(text);
        put('"');
    }

    private void escaped(String text) {
        int length = text.length();
        // Six bytes are the longest form of one char, \u001f.
        ensure(6 * length);
        byte[] out = bytes;
        int at = size;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') {
                out[at++] = (byte) c;
            } else if (c < 0x80) {
                at = escapedAscii(out, at, c);
            } else if (Character.isHighSurrogate(c)
                    && i + 1 < length
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                at = utf8(out, at, Character.toCodePoint(c, text.charAt(i + 1)));
                i++;
            } else {
                at = utf8(out, at, Character.isSurrogate(c) ? 0xfffd : c);
            }
        }
        size = at;
    }

    private static int escapedAscii(byte[] out, int from, char c) {
        int at = from;
        out[at++] = '\\';
        switch (c) {
            case '"', '\\' -> out[at++] = (byte) c;
            case '\n' -> out[at++] = 'n';
            case '\r' -> out[at++] = 'r';
            case '\t' -> out[at++] = 't';
            default -> {
                out[at++] = 'u';
                out[at++] = '0';
                out[at++] = '0';
                out[at++] = HEX[c >> 4];
                out[at++] = HEX[c & 15];
            }
        }
        return at;
    }

    private static int utf8(byte[] out, int from, int codePoint) {
        int at = from;
        if (codePoint < 0x800) {
            out[at++] = (byte) (0xc0 | (codePoint >> 6));
        } else {
            if (codePoint < 0x10000) {
                out[at++] = (byte) (0xe0 | (codePoint >> 12));
            } else {
                out[at++] = (byte) (0xf0 | (codePoint >> 18));
                out[at++] = (byte) (0x80 | ((codePoint >> 12) & 63));
            }
            out[at++] = (byte) (0x80 | ((codePoint >> 6) & 63));
        }
        out[at++] = (byte) (0x80 | (codePoint & 63));
        return at;
    }

    private void digits(long value) {
        if (value < 0) {
            throw new IllegalArgumentException("events hold no negative numbers: " + value);
        }
        ensure(20);
        int width = 1;
        for (long rest = value; rest >= 10; rest /= 10) {
            width++;
        }
        long rest = value;
        for (int i = size + width - 1; i >= size; i--) {
            bytes[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        size += width;
    }

    private void threeDigits(int value) {
        put((char) ('0' + value / 100));
        put((char) ('0' + value / 10 % 10));
        put((char) ('0' + value % 10));
    }

    @SuppressWarnings("deprecation") // The fastest copy of US-ASCII; names hold nothing else.
    private void plain(String ascii) {
        ensure(ascii.length());
        ascii.getBytes(0, ascii.length(), bytes, size);
        size += ascii.length();
    }

    private void plain(byte[] ascii) {
        ensure(ascii.length);
        System.arraycopy(ascii, 0, bytes, size, ascii.length);
        size += ascii.length;
    }

    private void put(char ascii) {
        ensure(1);
        bytes[size++] = (byte) ascii;
    }

    private void ensure(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
        }
    }
}
