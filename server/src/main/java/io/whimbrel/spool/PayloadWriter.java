package io.whimbrel.spool;

import io.whimbrel.mail.QueueId;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/// Grows the payload of one record. Confined to one thread.
final class PayloadWriter {
    private byte[] bytes;
    private int length;

    PayloadWriter(int expectedBytes) {
        bytes = new byte[expectedBytes];
    }

    /// One byte, 0..255.
    PayloadWriter octet(int value) {
        ensure(1);
        bytes[length++] = (byte) value;
        return this;
    }

    PayloadWriter flag(boolean value) {
        return octet(value ? 1 : 0);
    }

    /// Seven bits a byte, the lowest first; a negative number takes ten bytes.
    PayloadWriter number(long value) {
        ensure(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[length++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[length++] = (byte) rest;
        return this;
    }

    <T> PayloadWriter constant(T value, List<T> constants) {
        return octet(constants.indexOf(value));
    }

    PayloadWriter id(QueueId id) {
        return number(id.value());
    }

    PayloadWriter instant(Instant instant) {
        return number(instant.getEpochSecond()).number(instant.getNano());
    }

    PayloadWriter text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        number(utf8.length);
        ensure(utf8.length);
        System.arraycopy(utf8, 0, bytes, length, utf8.length);
        length += utf8.length;
        return this;
    }

    byte[] toBytes() {
        return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    }

    private void ensure(int more) {
        if (bytes.length - length < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
        }
    }
}
