package io.whimbrel.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/// One use of one file as part of the log. The writer appends to the newest one only; what is
/// before its end never changes. Thread-safe for readers; what is said to be the writer's is not.
final class SpoolSegment {
    private static final String PREFIX = "segment-";
    private static final String SUFFIX = ".log";
    private static final int READ_STEP = 4096;

    private final long sequence;
    private final long generation;
    private final SpoolFiles.SpoolFile file;
    private final long size;
    private final AtomicLong pinnedBytes = new AtomicLong();
    private long end = LogFormat.HEADER_BYTES;
    private long factsEnd;
    private boolean isBroken;

    SpoolSegment(long sequence, long generation, SpoolFiles.SpoolFile file, long size) {
        this.sequence = sequence;
        this.generation = generation;
        this.file = file;
        this.size = size;
    }

    /// Where a frame stands. While it is pinned, its segment is not reclaimed.
    ///
    /// @param length of the whole frame
    record Place(SpoolSegment segment, int offset, int length) {

        void pin() {
            segment.pinnedBytes.addAndGet(length);
        }

        void unpin() {
            segment.pinnedBytes.addAndGet(-length);
        }

        Position start() {
            return new Position(segment.sequence, offset);
        }

        Position next() {
            return new Position(segment.sequence, (long) offset + length);
        }

        /// The frame, its position at the payload. Length, generation and CRC are those of this
        /// place.
        ///
        /// @throws IOException where the disk fails or the bytes are others by now
        ByteBuffer read() throws IOException {
            ByteBuffer frame = ByteBuffer.allocate(length);
            segment.file.read(frame, offset);
            frame.flip();
            if (LogFormat.frameLength(frame, 0, frame.limit(), segment.generation) != length) {
                throw new IOException(
                        segment.name() + " at " + offset + ": the bytes are not those written");
            }
            return frame.position(LogFormat.FRAME_BYTES);
        }
    }

    static String name(long sequence) {
        return PREFIX + String.format(Locale.ROOT, "%020d", sequence) + SUFFIX;
    }

    /// The sequence number in the name of a segment's file; 0 where it is no such name.
    static long sequence(String name) {
        if (!name.startsWith(PREFIX)
                || !name.endsWith(SUFFIX)
                || name.length() != PREFIX.length() + 20 + SUFFIX.length()) {
            return 0;
        }
        try {
            String digits = name.substring(PREFIX.length(), PREFIX.length() + 20);
            return Math.max(0, Long.parseLong(digits));
        } catch (NumberFormatException _) {
            return 0;
        }
    }

    String name() {
        return name(sequence);
    }

    long sequence() {
        return sequence;
    }

    long generation() {
        return generation;
    }

    SpoolFiles.SpoolFile file() {
        return file;
    }

    /// Of the file.
    long size() {
        return size;
    }

    /// Bytes of frames that live messages need.
    long pinnedBytes() {
        return pinnedBytes.get();
    }

    /// Behind the last batch that was synced; the writer's.
    long end() {
        return end;
    }

    void endsAt(long offset) {
        end = offset;
    }

    /// Behind the last record that events are made of, 0 where there is none; the writer's.
    Position factsEnd() {
        return new Position(sequence, factsEnd);
    }

    void factsEndAt(long offset) {
        factsEnd = offset;
    }

    /// A write or sync failed: the file is not written, synced or recycled any more.
    boolean isBroken() {
        return isBroken;
    }

    void breakOff() {
        isBroken = true;
    }

    /// Fills `bytes` from `offset`, or less at the end of the file. Bytes that the disk cannot read
    /// are zero, so that they show as damage instead of stopping recovery.
    void readForRecovery(ByteBuffer bytes, long offset) {
        int start = bytes.position();
        try {
            file.read(bytes, offset);
        } catch (IOException _) {
            bytes.position(start);
            readInSteps(bytes, offset);
        }
    }

    private void readInSteps(ByteBuffer bytes, long offset) {
        int start = bytes.position();
        int limit = (int) Math.min(bytes.limit(), start + size - offset);
        for (int at = start; at < limit; at += READ_STEP) {
            int length = Math.min(READ_STEP, limit - at);
            ByteBuffer step = bytes.slice(at, length);
            try {
                file.read(step, offset + at - start);
            } catch (IOException _) {
                step.clear().put(new byte[length]);
            }
        }
        bytes.position(Math.max(start, limit));
    }
}
