package io.whimbrel.mime;

import io.whimbrel.smtp.ByteSink;

/// Writes `?` for each 8-bit octet: in what stands before and behind the parts of a multipart,
/// which is to be ignored (RFC 2046 §5.1.1), in reports, which are US-ASCII and must not be encoded
/// (RFC 2045 §6.4), and in base64, where it means nothing. Confined to one thread.
record MaskWriter(ByteSink sink) implements BodyWriter {

    @Override
    public void write(byte[] bytes, int from, int length) {
        byte[] masked = new byte[Math.min(length, 4_096)];
        int at = from;
        while (at < from + length) {
            int count = Math.min(masked.length, from + length - at);
            for (int i = 0; i < count; i++) {
                byte octet = bytes[at + i];
                masked[i] = octet < 0 ? (byte) '?' : octet;
            }
            sink.write(masked, 0, count);
            at += count;
        }
    }

    @Override
    public void finish() {}
}
