package io.whimbrel.admin;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The bytes of one line while they arrive, bounded. Confined to one thread.
public final class LineBytes {
    private final int bytesMax;
    private byte[] bytes = new byte[256];
    private int length;

    public LineBytes(int bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// Adds `b`, or returns false where the line is full.
    public boolean offer(byte b) {
        if (length == bytesMax) {
            return false;
        }
        if (length == bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.min(bytesMax, length * 2));
        }
        bytes[length++] = b;
        return true;
    }

    /// Begins the next line.
    public void clear() {
        length = 0;
    }

    /// As UTF-8; what is no UTF-8 becomes replacement characters.
    public String text() {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }
}
