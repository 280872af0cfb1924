package io.whimbrel.spool;

import io.whimbrel.mail.QueueId;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;

/// Reads what [PayloadWriter] wrote, from bytes that may be anything. Confined to one thread.
final class PayloadReader {
    private final ByteBuffer payload;

    PayloadReader(ByteBuffer payload) {
        this.payload = payload;
    }

    /// The bytes are no payload of ours. A value, not a fault: without a stack.
    static final class MalformedPayload extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedPayload() {
            super("malformed payload", null, false, false);
        }
    }

    boolean isAtEnd() {
        return !payload.hasRemaining();
    }

    int octet() throws MalformedPayload {
        if (!payload.hasRemaining()) {
            throw new MalformedPayload();
        }
        return payload.get() & 0xff;
    }

    boolean flag() throws MalformedPayload {
        int value = octet();
        if (value > 1) {
            throw new MalformedPayload();
        }
        return value == 1;
    }

    long number() throws MalformedPayload {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            int octet = octet();
            value |= (long) (octet & 0x7f) << shift;
            if (octet < 0x80) {
                return value;
            }
        }
        throw new MalformedPayload();
    }

    /// A number of 0..2^31-1.
    int integer() throws MalformedPayload {
        long value = number();
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new MalformedPayload();
        }
        return (int) value;
    }

    /// A number of 0..2^63-1.
    long size() throws MalformedPayload {
        long value = number();
        if (value < 0) {
            throw new MalformedPayload();
        }
        return value;
    }

    /// How many things follow that take `bytesEach` or more.
    int count(int bytesEach) throws MalformedPayload {
        int count = integer();
        if (count > payload.remaining() / bytesEach) {
            throw new MalformedPayload();
        }
        return count;
    }

    <T> T constant(List<T> constants) throws MalformedPayload {
        int index = octet();
        if (index >= constants.size()) {
            throw new MalformedPayload();
        }
        return constants.get(index);
    }

    QueueId id() throws MalformedPayload {
        return new QueueId(number());
    }

    Instant instant() throws MalformedPayload {
        long seconds = number();
        return Instant.ofEpochSecond(seconds, integer());
    }

    String text() throws MalformedPayload {
        int length = count(1);
        if (length == 0) {
            return "";
        }
        var utf8 = new byte[length];
        payload.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }
}
