package io.whimbrel.simulator;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The octets of a message as they arrive, dot-stuffing undone. All are counted, but only the first
/// `keptMax` are kept: a provider that just counts needs no more than the header. Confined to one
/// thread; reused from message to message.
final class Body {
    private final int keptMax;
    private byte[] bytes;
    private int kept;
    private long size;

    Body(int keptMax) {
        this.keptMax = keptMax;
        this.bytes = new byte[Math.min(keptMax, 1024)];
    }

    void clear() {
        kept = 0;
        size = 0;
    }

    /// All octets that came, kept or not.
    long size() {
        return size;
    }

    byte[] kept() {
        return Arrays.copyOf(bytes, kept);
    }

    void add(int octet) {
        size++;
        if (kept < keptMax) {
            reserve(1);
            bytes[kept++] = (byte) octet;
        }
    }

    void add(byte[] from, int start, int count) {
        size += count;
        int fits = Math.min(count, keptMax - kept);
        if (fits > 0) {
            reserve(fits);
            System.arraycopy(from, start, bytes, kept, fits);
            kept += fits;
        }
    }

    private void reserve(int more) {
        if (kept + more > bytes.length) {
            int doubled = (int) Math.min(2L * bytes.length, keptMax);
            bytes = Arrays.copyOf(bytes, Math.max(doubled, kept + more));
        }
    }

    /// The value of the Message-ID header field if it is among the kept octets, else empty.
    String messageId() {
        String text = new String(bytes, 0, kept, StandardCharsets.ISO_8859_1);
        int end = text.indexOf("\r\n\r\n");
        String header = "\r\n" + (end < 0 ? text : text.substring(0, end)) + "\r\n";
        String field = "\r\nmessage-id:";
        for (int at = header.indexOf("\r\n"); at >= 0; at = header.indexOf("\r\n", at + 2)) {
            if (header.regionMatches(true, at, field, 0, field.length())) {
                return fieldBody(header, at + field.length());
            }
        }
        return "";
    }

    private static String fieldBody(String header, int start) {
        int open = header.indexOf('<', start);
        int close = header.indexOf('>', start);
        if (open >= 0 && open < close && header.substring(start, open).isBlank()) {
            return header.substring(open, close + 1);
        }
        return header.substring(start, header.indexOf("\r\n", start)).strip();
    }
}
