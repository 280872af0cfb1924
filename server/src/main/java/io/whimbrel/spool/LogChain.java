package io.whimbrel.spool;

import io.whimbrel.log.LogFormat;
import io.whimbrel.log.SegmentPool;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Which files of the folder are the log, in order, and how far each may be read. Made once, at a
/// start.
///
/// The newest segment is the one with the greatest number; each header leads to the segment before
/// it and says where that one ends. A segment that no header leads to was given up before anything
/// in it was acknowledged.
final class LogChain {
    private static final int WINDOW_BYTES = 1 << 20;

    private final SpoolFiles files;
    private final SegmentPool pool;
    private final TreeMap<Long, Found> found = new TreeMap<>();
    private final ArrayDeque<Link> links = new ArrayDeque<>();
    private final List<SpoolSegment> leftOver = new ArrayList<>();
    private final List<Recovery.Finding> findings = new ArrayList<>();
    private long first;

    /// A file with the name of a segment.
    private record Found(
            long sequence,
            SpoolFiles.SpoolFile file,
            long size,
            Optional<LogFormat.SegmentHeader> header) {}

    /// A segment of the log.
    ///
    /// @param limit it may be read up to here
    /// @param isSealed all before `limit` was acknowledged
    record Link(SpoolSegment segment, long limit, boolean isSealed, long idFloor) {}

    /// What the segment behind says about one.
    private record Successor(long generation, long end) {
        static final Successor NONE = new Successor(0, -1);
    }

    private LogChain(SpoolFiles files, SegmentPool pool) {
        this.files = files;
        this.pool = pool;
    }

    /// Opens all files; spares go to `pool`.
    ///
    /// @throws IOException where the folder cannot be read, or was written by a later version
    static LogChain open(SpoolFiles files, SegmentPool pool) throws IOException {
        var chain = new LogChain(files, pool);
        for (String name : files.list()) {
            chain.openFile(name);
        }
        chain.link();
        return chain;
    }

    /// Oldest first.
    List<Link> links() {
        return List.copyOf(links);
    }

    /// Segments that are no part of the log; their files may be used again.
    List<SpoolSegment> leftOver() {
        return leftOver;
    }

    List<Recovery.Finding> findings() {
        return findings;
    }

    private void openFile(String name) throws IOException {
        long sequence = SpoolSegment.sequence(name);
        if (sequence == 0 && !SegmentPool.isSpare(name)) {
            return;
        }
        SpoolFiles.SpoolFile file = files.open(name);
        long size = file.size();
        Optional<LogFormat.SegmentHeader> header = readHeader(name, file);
        header.ifPresent(h -> pool.startAfter(h.sequence(), h.generation()));
        if (sequence == 0) {
            pool.adopt(name, file, size);
            return;
        }
        pool.startAfter(sequence, 0);
        Optional<LogFormat.SegmentHeader> own = header.filter(h -> h.sequence() == sequence);
        own.ifPresent(h -> first = Math.max(first, h.first()));
        found.put(sequence, new Found(sequence, file, size, own));
    }

    private static Optional<LogFormat.SegmentHeader> readHeader(
            String name, SpoolFiles.SpoolFile file) throws IOException {
        ByteBuffer block = ByteBuffer.allocate(LogFormat.HEADER_BYTES);
        try {
            file.read(block, 0);
        } catch (IOException _) {
            // As good as damaged: the segment behind knows what this header said.
            return Optional.empty();
        }
        block.clear();
        int version = LogFormat.claimedVersion(block);
        if (version > LogFormat.VERSION && version < 1000) {
            throw new IOException(
                    name
                            + " was written by a later version of Whimbrel (log format "
                            + version
                            + ", this one knows "
                            + LogFormat.VERSION
                            + "); start that version");
        }
        return LogFormat.header(block);
    }

    private void link() {
        Map.Entry<Long, Found> entry = found.lastEntry();
        Successor successor = Successor.NONE;
        while (entry != null && entry.getKey() >= first) {
            Found one = entry.getValue();
            if (!add(one, successor)) {
                entry = found.lowerEntry(one.sequence);
                successor = Successor.NONE;
                continue;
            }
            entry = found.lowerEntry(one.sequence);
            successor = Successor.NONE;
            if (one.header.isPresent()) {
                LogFormat.SegmentHeader header = one.header.get();
                long previous = header.previous();
                if (previous == 0 || previous < first) {
                    break;
                }
                if (found.containsKey(previous)) {
                    entry = found.floorEntry(previous);
                    successor = new Successor(header.previousGeneration(), header.previousEnd());
                } else {
                    find(
                            Recovery.Kind.MISSING,
                            previous,
                            " is missing: what was in it is lost; all other mail is delivered");
                    entry = found.lowerEntry(previous);
                }
            }
        }
        dropTheRest();
    }

    /// Adds a segment in front of those that are known.
    ///
    /// @return whether it can be read at all
    private boolean add(Found one, Successor successor) {
        long generation =
                one.header.map(LogFormat.SegmentHeader::generation).orElse(successor.generation);
        if (generation == 0) {
            generation = generationOfFirstGoodBatch(one);
        }
        var segment = new SpoolSegment(one.sequence, generation, one.file, one.size);
        if (generation == 0) {
            find(
                    Recovery.Kind.UNREADABLE,
                    one.sequence,
                    ": its header and all of its batches are unreadable; the file is left as it"
                            + " is");
            return false;
        }
        pool.startAfter(one.sequence, generation);
        if (links.isEmpty()) {
            // Only the newest segment can know that older ones were reclaimed since it began.
            var skimmed = new SpoolSegment.Scan(segment, one.size, false);
            skimmed.skim();
            first = Math.max(first, skimmed.first());
        }
        boolean isSealed = successor.end >= 0;
        long limit = isSealed ? successor.end : one.size;
        long idFloor = one.header.map(LogFormat.SegmentHeader::idFloor).orElse(0L);
        links.addFirst(new Link(segment, limit, isSealed, idFloor));
        return true;
    }

    /// Where neither the header nor the next segment's is there to tell; 0 where no batch is.
    private static long generationOfFirstGoodBatch(Found one) {
        var unknown = new SpoolSegment(one.sequence, 0, one.file, one.size);
        ByteBuffer window = ByteBuffer.allocate((int) Math.min(WINDOW_BYTES, one.size));
        long at = LogFormat.HEADER_BYTES;
        while (at + LogFormat.BATCH_BYTES <= one.size) {
            window.clear().limit((int) Math.min(window.capacity(), one.size - at));
            unknown.readForRecovery(window, at);
            window.position(0);
            int last = window.limit() - LogFormat.BATCH_BYTES;
            for (int i = 0; i <= last; i++) {
                long generation = generationOfBatch(one, window, i, at + i);
                if (generation != 0) {
                    return generation;
                }
            }
            at += last + 1;
        }
        return 0;
    }

    private static long generationOfBatch(Found one, ByteBuffer bytes, int at, long offset) {
        if (bytes.get(at + LogFormat.TYPE_AT) != LogFormat.BATCH) {
            return 0;
        }
        long generation = bytes.getLong(at + LogFormat.GENERATION_AT);
        int end = at + LogFormat.BATCH_BYTES;
        int length = LogFormat.frameLength(bytes, at, end, generation);
        if (!LogFormat.isBatch(bytes, at, length)) {
            return 0;
        }
        LogFormat.BatchRecord batch = LogFormat.batch(bytes, at);
        return batch.sequence() == one.sequence && batch.offset() == offset ? generation : 0;
    }

    private void dropTheRest() {
        long oldest = links.isEmpty() ? Long.MAX_VALUE : links.getFirst().segment().sequence();
        for (Found one : found.values()) {
            boolean isLinked =
                    links.stream().anyMatch(link -> link.segment().sequence() == one.sequence);
            if (isLinked) {
                continue;
            }
            boolean isGivenUp = one.sequence > oldest && one.header.isPresent();
            if (one.sequence < first || isGivenUp) {
                leftOver.add(new SpoolSegment(one.sequence, 0, one.file, one.size));
            } else if (one.header.isPresent()) {
                find(
                        Recovery.Kind.FOREIGN,
                        one.sequence,
                        " does not belong to the log; it is left as it is");
            }
        }
    }

    private void find(Recovery.Kind kind, long sequence, String what) {
        String text = SpoolSegment.name(sequence) + what;
        findings.add(Recovery.Finding.ofSegment(kind, sequence, text));
    }
}
