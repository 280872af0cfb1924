package io.whimbrel.log;

import java.io.IOException;
import java.io.Serial;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/// One use of one file as part of the log. The writer appends to the newest one only; what is
/// before its end never changes. Thread-safe for readers; what is said to be the writer's is not.
public final class SpoolSegment {
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
    private int emptiedIn = -1;

    public SpoolSegment(long sequence, long generation, SpoolFiles.SpoolFile file, long size) {
        this.sequence = sequence;
        this.generation = generation;
        this.file = file;
        this.size = size;
    }

    /// A record of the log is not as it was written, or its segment is missing: reading again does
    /// not help. The message names the place.
    public static final class DamagedRecord extends IOException {
        @Serial private static final long serialVersionUID = 1;

        public DamagedRecord(String message) {
            super(message);
        }
    }

    /// Where a frame stands. While it is pinned, its segment is not reclaimed.
    ///
    /// @param length of the whole frame
    public record Place(SpoolSegment segment, int offset, int length) {

        public void pin() {
            segment.pinnedBytes.addAndGet(length);
        }

        public void unpin() {
            segment.pinnedBytes.addAndGet(-length);
        }

        public FramePlace frame() {
            return new FramePlace(segment.sequence, offset, length);
        }

        public Position start() {
            return new Position(segment.sequence, offset);
        }

        public Position next() {
            return new Position(segment.sequence, (long) offset + length);
        }

        /// The frame, its position at the payload. Length, generation and CRC are those of this
        /// place.
        ///
        /// @throws IOException where the disk fails or the bytes are others by now
        public ByteBuffer read() throws IOException {
            ByteBuffer frame = ByteBuffer.allocate(length);
            segment.file.read(frame, offset);
            frame.flip();
            if (LogFormat.frameLength(frame, 0, frame.limit(), segment.generation) != length) {
                throw new DamagedRecord(
                        segment.name() + " at " + offset + ": the bytes are not those written");
            }
            return frame.position(LogFormat.FRAME_BYTES);
        }
    }

    public static String name(long sequence) {
        return PREFIX + String.format(Locale.ROOT, "%020d", sequence) + SUFFIX;
    }

    /// The sequence number in the name of a segment's file; 0 where it is no such name.
    public static long sequence(String name) {
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

    public String name() {
        return name(sequence);
    }

    public long sequence() {
        return sequence;
    }

    public long generation() {
        return generation;
    }

    public SpoolFiles.SpoolFile file() {
        return file;
    }

    /// Of the file.
    public long size() {
        return size;
    }

    /// Bytes of frames that live messages need.
    public long pinnedBytes() {
        return pinnedBytes.get();
    }

    /// Bytes that rows of the index need, or need no more.
    public void addPinned(long bytes) {
        pinnedBytes.addAndGet(bytes);
    }

    /// What recovery pinned is in rows by now, and they are counted anew.
    public void forgetPins() {
        pinnedBytes.set(0);
    }

    /// Behind the last batch that was synced; the writer's.
    public long end() {
        return end;
    }

    public void endsAt(long offset) {
        end = offset;
    }

    /// Nothing in this segment is needed any more. The writer's, as are the next two.
    public boolean isEmpty() {
        return emptiedIn >= 0;
    }

    /// How many checkpoints had begun when it became empty: those may still have rows that lead
    /// here.
    public int emptiedIn() {
        return emptiedIn;
    }

    public void emptiedIn(int checkpoints) {
        emptiedIn = checkpoints;
    }

    /// Behind the last record that events are made of, 0 where there is none; the writer's.
    public Position factsEnd() {
        return new Position(sequence, factsEnd);
    }

    public void factsEndAt(long offset) {
        factsEnd = offset;
    }

    /// A write or sync failed, or that of a successor whose header may name the end of this one:
    /// the file is not written, synced or recycled any more.
    public boolean isBroken() {
        return isBroken;
    }

    public void breakOff() {
        isBroken = true;
    }

    /// Fills `bytes` from `offset`, or less at the end of the file. Bytes that the disk cannot read
    /// are zero, so that they show as damage instead of stopping recovery.
    public void readForRecovery(ByteBuffer bytes, long offset) {
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

    /// Walks the good frames of one segment, batch by batch, and tells what is damaged and what was
    /// torn. Confined to one thread.
    ///
    /// A batch counts as a whole or not at all, while nothing proves that it had been synced. The
    /// proof is a header that names a later end of the segment, or a later batch, for each batch
    /// names what was synced before it. With that proof a bad frame is damage to acknowledged data:
    /// its bytes are skipped, and all good frames around it are delivered.
    public static final class Scan {
        private static final int WINDOW_BYTES = 1 << 20;
        private static final int SALVAGE_BYTES_MAX = 32 << 20;

        private final SpoolSegment segment;
        private final long limit;
        private final boolean isSealed;
        private final List<Gap> gaps = new ArrayList<>();
        private final List<Frame> frames = new ArrayList<>();
        private ByteBuffer window;
        private long windowAt;
        private int nextFrame;
        private long at;
        private boolean isOver;
        private long first;
        private long idFloor;

        /// Bytes that are no good.
        ///
        /// @param isTorn never acknowledged: the end of a write that a crash cut short
        public record Gap(long from, long to, boolean isTorn) {}

        /// @param length of the whole frame
        private record Frame(long offset, int length) {}

        /// From the start of the segment.
        public Scan(SpoolSegment segment, long limit, boolean isSealed) {
            this(segment, LogFormat.HEADER_BYTES, limit, isSealed);
        }

        /// @param from where a batch begins, or the log ends
        /// @param limit nothing at or behind it is read
        /// @param isSealed all before `limit` was on stable storage
        public Scan(SpoolSegment segment, long from, long limit, boolean isSealed) {
            this.segment = segment;
            this.at = from;
            this.limit = Math.min(limit, segment.size());
            this.isSealed = isSealed;
            int bytes = (int) Math.min(WINDOW_BYTES, this.limit);
            this.window = ByteBuffer.allocateDirect(bytes).limit(0);
        }

        /// Goes on to the next good frame; false at the end.
        public boolean next() {
            while (nextFrame >= frames.size()) {
                if (isOver || !nextBatch()) {
                    isOver = true;
                    return false;
                }
            }
            nextFrame++;
            return true;
        }

        public byte type() {
            return window.get(inWindow(frame().offset) + LogFormat.TYPE_AT);
        }

        /// Of the frame; valid until [#next].
        public ByteBuffer payload() {
            int from = inWindow(frame().offset) + LogFormat.FRAME_BYTES;
            return window.slice(from, frame().length - LogFormat.FRAME_BYTES);
        }

        public SpoolSegment.Place place() {
            return new SpoolSegment.Place(segment, (int) frame().offset, frame().length);
        }

        /// Where the log of this segment ends, once [#next] said false.
        public long end() {
            return at;
        }

        public List<Gap> gaps() {
            return gaps;
        }

        /// The oldest segment that belongs to the log, as far as the batches read so far know.
        public long first() {
            return first;
        }

        public long idFloor() {
            return idFloor;
        }

        /// Reads batch records only, to the end: [#first] is what the last one says.
        public void skim() {
            while (at >= 0 && at < limit) {
                Optional<LogFormat.BatchRecord> batch = batchAt(at);
                if (batch.isPresent()) {
                    note(batch.get());
                    at += batch.get().length();
                } else {
                    at = findBatch(at + 1);
                }
            }
            isOver = true;
        }

        private Frame frame() {
            return frames.get(nextFrame - 1);
        }

        private boolean nextBatch() {
            frames.clear();
            nextFrame = 0;
            if (at >= limit) {
                return false;
            }
            Optional<LogFormat.BatchRecord> batch = batchAt(at);
            return batch.isPresent() ? readBatch(batch.get()) : readWithoutBatchRecord();
        }

        private boolean readBatch(LogFormat.BatchRecord batch) {
            long behind = at + batch.length();
            var bad = new ArrayList<Gap>();
            collect(at + LogFormat.BATCH_BYTES, behind, bad);
            boolean isWhole = bad.isEmpty() && frames.size() == batch.records();
            if (!isWhole && !isSealed && findBatch(behind) < 0) {
                frames.clear();
                gaps.add(new Gap(at, behind, true));
                return false;
            }
            gaps.addAll(bad);
            note(batch);
            at = behind;
            return true;
        }

        /// At a place where a batch should begin and none does.
        private boolean readWithoutBatchRecord() {
            long next = findBatch(at + 1);
            if (next < 0 && !isSealed) {
                // Old bytes of a recycled file look like this as well: then no frame is of ours.
                long tornEnd = endOfLastFrame();
                if (tornEnd > at) {
                    gaps.add(new Gap(at, tornEnd, true));
                }
                return false;
            }
            long to = Math.min(next < 0 ? limit : next, at + SALVAGE_BYTES_MAX);
            collect(at, to, gaps);
            at = to;
            return true;
        }

        private void note(LogFormat.BatchRecord batch) {
            first = Math.max(first, batch.first());
            idFloor = Math.max(idFloor, batch.idFloor());
        }

        /// Adds the good frames in `[from, to)` to `frames`, and what is between them to `bad`.
        private void collect(long from, long to, List<Gap> bad) {
            load(from, (int) (to - from));
            int end = inWindow(to);
            int badFrom = -1;
            for (int i = inWindow(from); i < end; ) {
                int length = LogFormat.frameLength(window, i, end, segment.generation());
                if (length < 0) {
                    badFrom = badFrom < 0 ? i : badFrom;
                    i++;
                    continue;
                }
                if (badFrom >= 0) {
                    bad.add(new Gap(windowAt + badFrom, windowAt + i, false));
                    badFrom = -1;
                }
                if (window.get(i + LogFormat.TYPE_AT) != LogFormat.BATCH) {
                    frames.add(new Frame(windowAt + i, length));
                }
                i += length;
            }
            if (badFrom >= 0) {
                bad.add(new Gap(windowAt + badFrom, to, false));
            }
        }

        /// The first batch at or behind `from`, or -1. It proves that all before it was synced.
        private long findBatch(long from) {
            var here = new Position(segment.sequence(), at);
            for (long i = findFrame(from); i >= 0; i = findFrame(i + 1)) {
                Optional<LogFormat.BatchRecord> batch = batchAt(i);
                if (batch.isPresent() && batch.get().synced().compareTo(here) > 0) {
                    return i;
                }
            }
            return -1;
        }

        private long endOfLastFrame() {
            long last = -1;
            for (long i = findFrame(at); i >= 0; i = findFrame(i + 1)) {
                int length = window.getInt(inWindow(i));
                if (length >= 0 && length <= limit - i - LogFormat.FRAME_BYTES) {
                    load(i, LogFormat.FRAME_BYTES + length);
                    int start = inWindow(i);
                    int end = start + LogFormat.FRAME_BYTES + length;
                    if (LogFormat.frameLength(window, start, end, segment.generation()) > 0) {
                        last = windowAt + end;
                    }
                }
            }
            return last;
        }

        /// The first place at or behind `from` where the segment's generation stands as in a frame,
        /// or -1. The start of that frame is in the window.
        private long findFrame(long from) {
            long generation = segment.generation();
            long i = from;
            while (i + LogFormat.FRAME_BYTES <= limit) {
                load(i, LogFormat.FRAME_BYTES);
                int end = window.limit() - LogFormat.FRAME_BYTES;
                for (int j = inWindow(i); j <= end; j++) {
                    if (window.getLong(j + LogFormat.GENERATION_AT) == generation) {
                        return windowAt + j;
                    }
                }
                i = windowAt + end + 1;
            }
            return -1;
        }

        private Optional<LogFormat.BatchRecord> batchAt(long offset) {
            if (offset + LogFormat.BATCH_BYTES > limit) {
                return Optional.empty();
            }
            load(offset, LogFormat.BATCH_BYTES);
            int start = inWindow(offset);
            int end = start + LogFormat.BATCH_BYTES;
            int length = LogFormat.frameLength(window, start, end, segment.generation());
            if (!LogFormat.isBatch(window, start, length)) {
                return Optional.empty();
            }
            LogFormat.BatchRecord batch = LogFormat.batch(window, start);
            boolean isHere =
                    batch.sequence() == segment.sequence()
                            && batch.offset() == offset
                            && batch.length() >= LogFormat.BATCH_BYTES
                            && batch.length() <= limit - offset;
            return isHere ? Optional.of(batch) : Optional.empty();
        }

        private int inWindow(long offset) {
            return (int) (offset - windowAt);
        }

        /// Sees to it that `[from, from + length)`, which lies before `limit`, is in the window.
        private void load(long from, int length) {
            if (from >= windowAt && from + length <= windowAt + window.limit()) {
                return;
            }
            int wanted = (int) Math.min(Math.max(length, WINDOW_BYTES), limit - from);
            if (wanted > window.capacity()) {
                window = ByteBuffer.allocateDirect(wanted);
            }
            window.clear().limit(wanted);
            segment.readForRecovery(window, from);
            window.position(0);
            windowAt = from;
        }
    }
}
