package io.whimbrel.simulator;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The two directions of an SMTP connection. Answers gather in a buffer and go out before the next
/// read blocks, so that a pipelined group gets its answers together. Confined to one thread;
/// bounded by its two buffers.
final class Wire {
    private static final int BUFFER_BYTES = 16 * 1024;
    private static final int LINE_BYTES_MAX = 4 * 1024;

    private final InputStream in;
    private final OutputStream out;
    private final byte[] input = new byte[BUFFER_BYTES];
    private int position;
    private int limit;
    private final byte[] output = new byte[BUFFER_BYTES];
    private int pending;

    /// A line, or what was wrong with it.
    sealed interface Line {
        record Text(String text) implements Line {}

        /// Longer than 4,096 octets; it was skipped up to its end.
        record TooLong() implements Line {}

        /// Ended by LF without CR, or with CR, or NUL within (RFC 5321 §2.3.8).
        record BadEnd() implements Line {}
    }

    Wire(InputStream in, OutputStream out) {
        this.in = in;
        this.out = out;
    }

    void write(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > output.length - pending) {
            flush();
        }
        if (bytes.length > output.length) {
            out.write(bytes);
            return;
        }
        System.arraycopy(bytes, 0, output, pending, bytes.length);
        pending += bytes.length;
    }

    void flush() throws IOException {
        if (pending > 0) {
            int count = pending;
            pending = 0;
            out.write(output, 0, count);
            out.flush();
        }
    }

    /// Whether everything that was received has been read.
    boolean isDrained() {
        return position == limit;
    }

    private void fill() throws IOException {
        flush();
        int count = in.read(input, 0, input.length);
        if (count < 0) {
            throw new EOFException("connection closed by the client");
        }
        position = 0;
        limit = count;
    }

    /// Waits until at least one octet is there to read.
    void awaitInput() throws IOException {
        while (position == limit) {
            fill();
        }
    }

    int read() throws IOException {
        awaitInput();
        return input[position++] & 0xff;
    }

    Line readLine() throws IOException {
        var line = new byte[128];
        int length = 0;
        boolean tooLong = false;
        while (true) {
            int octet = read();
            if (octet == '\n') {
                return tooLong ? new Line.TooLong() : line(line, length);
            }
            if (length == line.length && length < LINE_BYTES_MAX) {
                line = Arrays.copyOf(line, 2 * length);
            }
            tooLong = length == LINE_BYTES_MAX;
            if (!tooLong) {
                line[length++] = (byte) octet;
            }
        }
    }

    private static Line line(byte[] line, int length) {
        if (length == 0 || line[length - 1] != '\r') {
            return new Line.BadEnd();
        }
        for (int i = 0; i < length - 1; i++) {
            if (line[i] == '\r' || line[i] == 0) {
                return new Line.BadEnd();
            }
        }
        return new Line.Text(new String(line, 0, length - 1, StandardCharsets.UTF_8));
    }

    /// Moves octets into `body` up to the next CR, or all that is in the buffer.
    void copyUntilCr(Body body) {
        int start = position;
        while (position < limit && input[position] != '\r') {
            position++;
        }
        body.add(input, start, position - start);
    }

    /// Moves exactly `count` octets into `body`.
    void copy(long count, Body body) throws IOException {
        long left = count;
        while (left > 0) {
            awaitInput();
            int chunk = (int) Math.min(left, limit - position);
            body.add(input, position, chunk);
            position += chunk;
            left -= chunk;
        }
    }
}
