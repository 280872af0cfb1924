package io.whimbrel.index;

import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;

/// Keys of rows. They sort as bytes do, so numbers are big-endian, and times have their sign
/// flipped.
///
/// A queue stands in keys as the first 16 bytes of the SHA-256 of its name. So all its keys have
/// one length and there are no numbers to allocate, to keep and to look up; within a queue order is
/// what counts, and between queues it does not matter; and two names with the same 16 bytes are out
/// of reach, even for a sender who chooses the names (2^64 tries).
final class Keys {
    static final int QUEUE_BYTES = 16;

    private static final long SIGN = 1L << 63;
    private static final int MICROS = 1_000_000;
    private static final long SECONDS_MOST = Long.MAX_VALUE / MICROS - 1;

    private Keys() {}

    static byte[] queue(QueueName name) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(RowCodec.encode(name));
            return Arrays.copyOf(hash, QUEUE_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    static byte[] message(QueueId id) {
        return ByteBuffer.allocate(8).putLong(id.value()).array();
    }

    static byte[] due(byte[] queue, long micros, QueueId id) {
        return ByteBuffer.allocate(QUEUE_BYTES + 16)
                .put(queue)
                .putLong(micros ^ SIGN)
                .putLong(id.value())
                .array();
    }

    /// What the keys of all due rows of a queue at one time start with.
    static byte[] dueAt(byte[] queue, long micros) {
        return ByteBuffer.allocate(QUEUE_BYTES + 8).put(queue).putLong(micros ^ SIGN).array();
    }

    static long dueMicros(byte[] key) {
        return ByteBuffer.wrap(key).getLong(QUEUE_BYTES) ^ SIGN;
    }

    static QueueId dueId(byte[] key) {
        return new QueueId(ByteBuffer.wrap(key).getLong(QUEUE_BYTES + 8));
    }

    static byte[] wake(long micros, byte[] queue) {
        return ByteBuffer.allocate(8 + QUEUE_BYTES).putLong(micros ^ SIGN).put(queue).array();
    }

    /// What the keys of all wakes at one time start with.
    static byte[] wakeAt(long micros) {
        return ByteBuffer.allocate(8).putLong(micros ^ SIGN).array();
    }

    static long wakeMicros(byte[] key) {
        return ByteBuffer.wrap(key).getLong() ^ SIGN;
    }

    static byte[] segment(long segment, QueueId id) {
        return ByteBuffer.allocate(16).putLong(segment).putLong(id.value()).array();
    }

    /// What the keys of all rows of a segment start with.
    static byte[] segment(long segment) {
        return ByteBuffer.allocate(8).putLong(segment).array();
    }

    /// The first number of a key of [Family#SEGMENTS].
    static long segment(byte[] key) {
        return ByteBuffer.wrap(key).getLong();
    }

    static QueueId segmentId(byte[] key) {
        return new QueueId(ByteBuffer.wrap(key).getLong(8));
    }

    /// The first key behind `key`.
    static byte[] behind(byte[] key) {
        return Arrays.copyOf(key, key.length + 1);
    }

    /// Behind all keys that start with `prefix`.
    static byte[] behindAll(byte[] prefix) {
        // No key of ours goes on for more than 16 bytes behind a prefix.
        byte[] bound = Arrays.copyOf(prefix, prefix.length + QUEUE_BYTES + 1);
        Arrays.fill(bound, prefix.length, bound.length, (byte) 0xff);
        return bound;
    }

    /// Microseconds since 1970, rounded down; what is 292,000 years away or more is cut there.
    static long micros(Instant instant) {
        long seconds = Math.clamp(instant.getEpochSecond(), -SECONDS_MOST, SECONDS_MOST);
        return seconds * MICROS + instant.getNano() / 1000;
    }

    /// Whether [#micros] gives such numbers.
    static boolean isTime(long micros) {
        return Math.absExact(Math.floorDiv(micros, MICROS)) <= SECONDS_MOST;
    }

    static Instant instant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }
}
