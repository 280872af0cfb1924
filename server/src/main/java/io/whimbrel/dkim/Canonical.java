package io.whimbrel.dkim;

import io.whimbrel.smtp.ByteSink;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Header fields as signatures see them (RFC 6376 §3.4.1, §3.4.2). Pure.
public final class Canonical {
    private static final byte[] CRLF = {'\r', '\n'};

    private Canonical() {}

    /// Writes one field.
    ///
    /// @param isRelaxed else it is written as it came
    /// @param hasEnd CRLF follows; not behind the signature's own field
    public static void write(ByteSink sink, HeaderField field, boolean isRelaxed, boolean hasEnd) {
        byte[] bytes = isRelaxed ? relaxed(field) : field.raw();
        sink.write(bytes, 0, bytes.length);
        if (hasEnd) {
            sink.write(CRLF, 0, 2);
        }
    }

    private static byte[] relaxed(HeaderField field) {
        byte[] raw = field.raw();
        byte[] name = field.name().getBytes(StandardCharsets.ISO_8859_1);
        var bytes = new byte[name.length + 1 + raw.length - field.valueStart()];
        System.arraycopy(name, 0, bytes, 0, name.length);
        int length = name.length;
        bytes[length++] = ':';
        int valueStart = length;
        boolean isSpacePending = false;
        for (int i = field.valueStart(); i < raw.length; i++) {
            byte octet = raw[i];
            if (TagList.isSpace((char) octet)) {
                isSpacePending = true;
            } else {
                if (isSpacePending && length > valueStart) {
                    bytes[length++] = ' ';
                }
                isSpacePending = false;
                bytes[length++] = octet;
            }
        }
        return Arrays.copyOf(bytes, length);
    }

    /// The field of a signature with the value of its tag `b` taken out, and the spaces around it
    /// (RFC 6376 §3.7).
    public static HeaderField withoutSignature(HeaderField field) {
        byte[] raw = field.raw();
        var bytes = new byte[raw.length];
        System.arraycopy(raw, 0, bytes, 0, field.valueStart());
        int length = field.valueStart();
        int at = length;
        while (at < raw.length) {
            int end = at;
            int equals = -1;
            while (end < raw.length && raw[end] != ';') {
                if (raw[end] == '=' && equals < 0) {
                    equals = end;
                }
                end++;
            }
            boolean isSignature = equals >= 0 && isTagB(raw, at, equals);
            int kept = isSignature ? equals + 1 : end;
            System.arraycopy(raw, at, bytes, length, kept - at);
            length += kept - at;
            if (end < raw.length) {
                bytes[length++] = ';';
            }
            at = end + 1;
        }
        return HeaderField.of(Arrays.copyOf(bytes, length));
    }

    private static boolean isTagB(byte[] raw, int from, int to) {
        return new String(raw, from, to - from, StandardCharsets.ISO_8859_1).strip().equals("b");
    }
}
