package io.whimbrel.log;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.CRC32C;

/// The bytes of a segment, apart from what records hold: headers, frames, batch records. The layout
/// is written down in `docs/spool-format.md`. All numbers are big-endian.
public final class LogFormat {
    /// What this node writes. It reads all versions from 1 on: each only adds to the one before.
    public static final int VERSION = 3;

    /// What a segment's header occupies; the first batch follows.
    public static final int HEADER_BYTES = 4096;

    /// Of a frame: length, type, generation, CRC32C.
    public static final int FRAME_BYTES = 17;

    /// Where in a frame its type stands.
    public static final int TYPE_AT = 4;

    /// Where in a frame its generation stands.
    public static final int GENERATION_AT = 5;

    public static final byte BATCH = 1;
    public static final byte BODY_PART = 2;
    public static final byte ENVELOPE_PART = 3;
    public static final byte ACCEPTED = 4;
    public static final byte SETTLED = 5;
    public static final byte DEFERRED = 6;
    public static final byte OPERATOR = 7;
    public static final byte CARRIED = 8;
    public static final byte STILL_IN_FORCE = 9;
    public static final byte QUARANTINED = 10;
    public static final byte JOB = 11;
    public static final byte JOB_RUNNING = 12;
    public static final byte MOVED = 13;
    public static final byte NOTICE = 14;

    private static final int BATCH_PAYLOAD_BYTES = 56;

    /// A batch without records: a mark.
    public static final int BATCH_BYTES = FRAME_BYTES + BATCH_PAYLOAD_BYTES;

    private static final long MAGIC = 0x5748_494d_4c4f_4731L; // WHIMLOG1
    private static final int SECOND_COPY = HEADER_BYTES / 2;
    private static final int HEADER_PAYLOAD_BYTES = 68;
    private static final int CRC_AT = 13;

    private LogFormat() {}

    /// What a segment says about itself and the log before it.
    ///
    /// @param generation greater than that of every earlier use of any file; its low 32 bits are
    ///   random, so that no sender of mail can write bytes that pass for a record
    /// @param previous sequence number of the segment before; 0 for the first
    /// @param previousGeneration of that segment, so that its own header is not needed
    /// @param previousEnd where that segment ends: what is behind it was never acknowledged
    /// @param first the oldest segment that belongs to the log
    /// @param idFloor no queue id up to this one may be given out again
    public record SegmentHeader(
            long sequence,
            long generation,
            long previous,
            long previousGeneration,
            long previousEnd,
            long first,
            long idFloor) {}

    /// The record that begins each batch.
    ///
    /// @param offset of the batch in its segment
    /// @param length of the batch, this record included
    /// @param records behind this one
    /// @param synced what is before it was on stable storage when the batch was written
    public record BatchRecord(
            long sequence,
            long offset,
            int length,
            int records,
            Position synced,
            long first,
            long idFloor) {}

    /// A block of [#HEADER_BYTES] with two copies of the header, so that a damaged byte does not
    /// cost the segment.
    public static ByteBuffer headerBlock(SegmentHeader header) {
        ByteBuffer block = ByteBuffer.allocate(HEADER_BYTES);
        putHeader(header, block, 0);
        putHeader(header, block, SECOND_COPY);
        return block.clear();
    }

    /// The header of a block, by its first good copy.
    public static Optional<SegmentHeader> header(ByteBuffer block) {
        Optional<SegmentHeader> first = getHeader(block, 0);
        return first.isPresent() ? first : getHeader(block, SECOND_COPY);
    }

    /// How many of the two copies in a block are good.
    public static int goodHeaders(ByteBuffer block) {
        return (getHeader(block, 0).isPresent() ? 1 : 0)
                + (getHeader(block, SECOND_COPY).isPresent() ? 1 : 0);
    }

    /// The format version that a block claims, whether or not this node can read it; 0 where it is
    /// no header at all, or its copies disagree: one of them is damaged then. Every version has two
    /// copies, at the same places, that begin with magic and version.
    public static int claimedVersion(ByteBuffer block) {
        int version = claimedVersion(block, 0);
        return version == claimedVersion(block, SECOND_COPY) ? version : 0;
    }

    private static int claimedVersion(ByteBuffer block, int at) {
        return block.getLong(at) == MAGIC ? block.getInt(at + 8) : 0;
    }

    public static void putBatch(BatchRecord batch, long generation, ByteBuffer buffer, int at) {
        int payload = at + FRAME_BYTES;
        buffer.putLong(payload, batch.sequence)
                .putLong(payload + 8, batch.offset)
                .putInt(payload + 16, batch.length)
                .putInt(payload + 20, batch.records)
                .putLong(payload + 24, batch.synced.segment())
                .putLong(payload + 32, batch.synced.offset())
                .putLong(payload + 40, batch.first)
                .putLong(payload + 48, batch.idFloor);
        seal(buffer, at, BATCH, generation, BATCH_PAYLOAD_BYTES);
    }

    /// Reads the payload of a batch record whose frame was checked.
    public static BatchRecord batch(ByteBuffer buffer, int at) {
        int payload = at + FRAME_BYTES;
        return new BatchRecord(
                buffer.getLong(payload),
                buffer.getLong(payload + 8),
                buffer.getInt(payload + 16),
                buffer.getInt(payload + 20),
                new Position(buffer.getLong(payload + 24), buffer.getLong(payload + 32)),
                buffer.getLong(payload + 40),
                buffer.getLong(payload + 48));
    }

    /// Writes the frame around a payload that stands at `at + FRAME_BYTES`.
    public static void seal(ByteBuffer buffer, int at, byte type, long generation, int length) {
        buffer.putInt(at, length).put(at + TYPE_AT, type).putLong(at + GENERATION_AT, generation);
        buffer.putInt(at + CRC_AT, crc(buffer, at, length));
    }

    /// Length of the good frame of `generation` at `at`, or -1 where there is none before `limit`.
    public static int frameLength(ByteBuffer buffer, int at, int limit, long generation) {
        if (limit - at < FRAME_BYTES || buffer.getLong(at + GENERATION_AT) != generation) {
            return -1;
        }
        int length = buffer.getInt(at);
        if (length < 0 || length > limit - at - FRAME_BYTES) {
            return -1;
        }
        return buffer.getInt(at + CRC_AT) == crc(buffer, at, length) ? FRAME_BYTES + length : -1;
    }

    public static boolean isBatch(ByteBuffer buffer, int at, int frameLength) {
        return frameLength == BATCH_BYTES && buffer.get(at + TYPE_AT) == BATCH;
    }

    private static int crc(ByteBuffer buffer, int at, int length) {
        var crc = new CRC32C();
        ByteBuffer view = buffer.duplicate();
        crc.update(view.limit(at + CRC_AT).position(at));
        crc.update(view.limit(at + FRAME_BYTES + length).position(at + FRAME_BYTES));
        return (int) crc.getValue();
    }

    private static void putHeader(SegmentHeader header, ByteBuffer block, int at) {
        block.position(at);
        block.putLong(MAGIC)
                .putInt(VERSION)
                .putLong(header.sequence)
                .putLong(header.generation)
                .putLong(header.previous)
                .putLong(header.previousGeneration)
                .putLong(header.previousEnd)
                .putLong(header.first)
                .putLong(header.idFloor)
                .putInt(headerCrc(block, at));
    }

    private static Optional<SegmentHeader> getHeader(ByteBuffer block, int at) {
        boolean isGood =
                block.limit() >= at + HEADER_PAYLOAD_BYTES + 4
                        && block.getLong(at) == MAGIC
                        && block.getInt(at + 8) >= 1
                        && block.getInt(at + 8) <= VERSION
                        && block.getInt(at + HEADER_PAYLOAD_BYTES) == headerCrc(block, at);
        return isGood
                ? Optional.of(
                        new SegmentHeader(
                                block.getLong(at + 12),
                                block.getLong(at + 20),
                                block.getLong(at + 28),
                                block.getLong(at + 36),
                                block.getLong(at + 44),
                                block.getLong(at + 52),
                                block.getLong(at + 60)))
                : Optional.empty();
    }

    private static int headerCrc(ByteBuffer block, int at) {
        var crc = new CRC32C();
        crc.update(block.duplicate().limit(at + HEADER_PAYLOAD_BYTES).position(at));
        return (int) crc.getValue();
    }
}
