package io.whimbrel.reception;

import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.socket.TimedSocket;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Gathers replies, so that those to pipelined commands leave in one write (RFC 2920 §3.2).
/// Confined to one thread. Holds at most 4 KiB: then it writes without being asked.
final class ReplyWriter {
    private static final int BYTES_MOST = 4_096;
    private static final int BYTES_FIRST = 256;

    private final TimedSocket socket;
    private byte[] pending = new byte[BYTES_FIRST];
    private int length;

    ReplyWriter(TimedSocket socket) {
        this.socket = socket;
    }

    void add(SmtpReply reply) throws IOException {
        byte[] bytes = reply.encoded().getBytes(StandardCharsets.UTF_8);
        if (length + bytes.length > pending.length) {
            pending = Arrays.copyOf(pending, length + Math.max(bytes.length, pending.length));
        }
        System.arraycopy(bytes, 0, pending, length, bytes.length);
        length += bytes.length;
        if (length >= BYTES_MOST) {
            flush();
        }
    }

    void flush() throws IOException {
        if (length > 0) {
            int count = length;
            length = 0;
            socket.write(pending, 0, count);
        }
    }
}
