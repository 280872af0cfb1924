package io.whimbrel.mime;

import io.whimbrel.smtp.ByteSink;

import java.util.Arrays;
import java.util.Base64;

/// Writes a body as base64 in lines of 76 (RFC 2045 §6.8). Confined to one thread.
final class Base64Writer implements BodyWriter {
    /// Whole lines of 57 octets, so that each chunk is written on its own.
    private static final int CHUNK_BYTES = 57 * 72;

    private static final byte[] LINE_END = {'\r', '\n'};

    private final ByteSink sink;
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private int length;
    private boolean hasLines;

    Base64Writer(ByteSink sink) {
        this.sink = sink;
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
        int at = from;
        while (at < from + count) {
            int copied = Math.min(CHUNK_BYTES - length, from + count - at);
            System.arraycopy(bytes, at, chunk, length, copied);
            length += copied;
            at += copied;
            if (length == CHUNK_BYTES) {
                flush();
            }
        }
    }

    /// The last line has no line end: what follows in the message brings it.
    @Override
    public void finish() {
        flush();
    }

    /// Whether there is anything, so that its last line is open.
    boolean hasLines() {
        return hasLines;
    }

    private void flush() {
        if (length == 0) {
            return;
        }
        if (hasLines) {
            sink.write(LINE_END, 0, 2);
        }
        byte[] lines = Base64.getMimeEncoder().encode(Arrays.copyOf(chunk, length));
        sink.write(lines, 0, lines.length);
        hasLines = true;
        length = 0;
    }
}
