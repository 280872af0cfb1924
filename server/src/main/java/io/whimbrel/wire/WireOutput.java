package io.whimbrel.wire;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Gathers what goes to the peer, so that a group of commands, or a message with its end, is one
/// write to the socket where it fits. Confined to one thread.
///
/// The buffer grows from [#SMALL] to [#LARGE] bytes as messages need it; what is larger goes out in
/// writes of that size.
public final class WireOutput extends OutputStream {
    private static final int SMALL = 2 * 1024;
    private static final int LARGE = 64 * 1024;

    private final OutputStream socket;
    private byte[] buffer = new byte[SMALL];
    private int length;

    /// @param socket each of its writes has a deadline
    public WireOutput(OutputStream socket) {
        this.socket = socket;
    }

    /// Adds one command and its CRLF.
    ///
    /// @throws IllegalArgumentException where it has a line ending in it, which would be a second
    ///   command: reception refuses such addresses, so this is a bug
    public void line(String command) throws IOException {
        int count = command.length();
        reserve(count + 2);
        for (int i = 0; i < count; i++) {
            char c = command.charAt(i);
            if (c == '\r' || c == '\n') {
                throw new IllegalArgumentException("a command is one line: " + command);
            }
            if (c >= 0x80) {
                utf8Line(command);
                return;
            }
            buffer[length + i] = (byte) c;
        }
        length += count;
        buffer[length++] = '\r';
        buffer[length++] = '\n';
    }

    @Override
    public void write(int b) throws IOException {
        reserve(1);
        buffer[length++] = (byte) b;
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
        int done = 0;
        while (done < count) {
            reserve(1);
            int chunk = Math.min(count - done, room(count - done));
            System.arraycopy(bytes, from + done, buffer, length, chunk);
            length += chunk;
            done += chunk;
        }
    }

    @Override
    public void flush() throws IOException {
        if (length > 0) {
            int count = length;
            length = 0;
            socket.write(buffer, 0, count);
        }
    }

    private void utf8Line(String command) throws IOException {
        if (command.indexOf('\n') >= 0 || command.indexOf('\r') >= 0) {
            throw new IllegalArgumentException("a command is one line: " + command);
        }
        byte[] bytes = (command + "\r\n").getBytes(StandardCharsets.UTF_8);
        write(bytes, 0, bytes.length);
    }

    /// Grows the buffer towards `wanted` more bytes, and says how many fit.
    private int room(int wanted) {
        if (buffer.length - length < wanted && buffer.length < LARGE) {
            int size = Math.max(length + wanted, 2 * buffer.length);
            buffer = Arrays.copyOf(buffer, Math.min(LARGE, size));
        }
        return buffer.length - length;
    }

    /// Makes room for `count` bytes, at most [#SMALL], sending what is there where it must.
    private void reserve(int count) throws IOException {
        if (room(count) < count) {
            flush();
        }
    }
}
