package io.whimbrel.spool;

import io.whimbrel.index.IndexDamaged;
import io.whimbrel.index.IndexSettings;
import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.log.LogFormat;
import io.whimbrel.log.Position;
import io.whimbrel.log.SegmentPool;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.QueueId;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/// The spool of a node that is stopped, looked at without changing it: its log as a start would
/// read it, its index as a copy. Confined to one thread.
///
/// Whatever is made meanwhile lies in a work folder, so memory does not grow with the mail.
public final class OfflineSpool implements AutoCloseable {
    /// Version of the log's layout, in each segment that is read here.
    public static final int LOG_FORMAT = LogFormat.VERSION;

    private static final Position ALL = new Position(Long.MAX_VALUE, 0);

    private final Path folder;
    private final Path work;
    private final long indexMemoryBytes;
    private final SpoolFiles files;
    private final LogChain chain;
    private final List<Reading> readings = new ArrayList<>();

    /// @param folder of the spool
    /// @param work an empty folder; the caller deletes it
    /// @param indexMemoryBytes for each index that is open, outside the heap
    public record Setting(Path folder, Path work, long indexMemoryBytes) {}

    /// A segment of the log.
    ///
    /// @param fileBytes size of its file
    /// @param end its last batch ends here; known once the log was read
    /// @param goodHeaders of its two copies
    public record Segment(long sequence, String name, long fileBytes, long end, int goodHeaders) {}

    /// What the index of the node says.
    public sealed interface Indexed {

        /// It was brought forward to the end of the log, as a start does.
        record Usable(Reading reading, Position checkpoint) implements Indexed {}

        /// A start would make it anew from the log.
        ///
        /// @param isDamage not by design or by an operator's hand
        record Unusable(String why, boolean isDamage) implements Indexed {}
    }

    private OfflineSpool(Setting setting, SpoolFiles files, LogChain chain) {
        this.folder = setting.folder;
        this.work = setting.work;
        this.indexMemoryBytes = setting.indexMemoryBytes;
        this.files = files;
        this.chain = chain;
    }

    /// Locks the folder and finds the segments of the log.
    ///
    /// @param whenRead told of bytes read from the log, as they are read
    /// @throws IOException where there is no spool, a node runs on it, or a later version wrote it
    public static OfflineSpool open(Setting setting, LongConsumer whenRead) throws IOException {
        var files = new SpoolFiles.ReadOnly(setting.folder, setting.work.resolve("kept"), whenRead);
        files.lock();
        boolean isOpen = false;
        try {
            // Of no spare is any use made here.
            var pool = new SegmentPool(files);
            var spool = new OfflineSpool(setting, files, LogChain.open(files, pool));
            isOpen = true;
            return spool;
        } finally {
            if (!isOpen) {
                files.close();
            }
        }
    }

    /// Of the log, oldest first.
    public List<Segment> segments() {
        var segments = new ArrayList<Segment>();
        for (LogChain.Link link : chain.links()) {
            SpoolSegment segment = link.segment();
            ByteBuffer header = ByteBuffer.allocate(LogFormat.HEADER_BYTES);
            segment.readForRecovery(header, 0);
            segments.add(
                    new Segment(
                            segment.sequence(),
                            segment.name(),
                            segment.size(),
                            segment.end(),
                            LogFormat.goodHeaders(header.clear())));
        }
        return segments;
    }

    /// Whether that segment belongs to the log and is there.
    public boolean hasSegment(long sequence) {
        return chain.links().stream().anyMatch(link -> link.segment().sequence() == sequence);
    }

    public static String segmentName(long sequence) {
        return SpoolSegment.name(sequence);
    }

    /// Names of the files in quarantine, with their sizes, sorted.
    public List<String> quarantine() throws IOException {
        Path quarantine = folder.resolve(SpoolFiles.QUARANTINE);
        var names = new ArrayList<String>();
        for (Path file : filesIn(quarantine)) {
            names.add(file.getFileName() + ", " + Files.size(file) + " bytes");
        }
        return names;
    }

    /// Of the node's index on the disk.
    public long indexBytes() throws IOException {
        long bytes = 0;
        for (Path file : filesIn(folder.resolve("index"))) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    private static List<Path> filesIn(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    /// Reads the whole log into an index of its own; the index of the node has no part in it.
    public Reading fromLog() throws IOException {
        Path made = work.resolve("from-log");
        QueueIndex index = QueueIndex.open(new IndexSettings(made, indexMemoryBytes));
        return read(index, Optional.empty());
    }

    /// Brings a copy of the node's index to the end of the log.
    public Indexed fromIndex() throws IOException {
        Path original = folder.resolve("index");
        if (!Files.isDirectory(original)) {
            return new Indexed.Unusable("there is no index", false);
        }
        Path copy = work.resolve("from-index");
        QueueIndex.copy(original, copy);
        QueueIndex index;
        try {
            index = QueueIndex.open(new IndexSettings(copy, indexMemoryBytes));
        } catch (IndexDamaged e) {
            return new Indexed.Unusable("a copy of the index: " + e.getMessage(), true);
        }
        Optional<LogMark> mark = index.checkpoint().flatMap(LogMark::decode);
        if (mark.isEmpty()) {
            index.close();
            return new Indexed.Unusable("the index has no checkpoint", false);
        }
        if (!SpoolOpening.isOf(chain, mark.get())) {
            index.close();
            return new Indexed.Unusable(
                    "the index is of another log, or its segment is gone", true);
        }
        try {
            return new Indexed.Usable(read(index, mark), mark.get().position());
        } catch (IndexDamaged | IllegalArgumentException e) {
            return new Indexed.Unusable("the index contradicts itself: " + e.getMessage(), true);
        }
    }

    private Reading read(QueueIndex index, Optional<LogMark> mark) throws IOException {
        var reading = new Reading(index, chain, files);
        // Closed with the others, whatever happens here.
        readings.add(reading);
        reading.run(mark);
        return reading;
    }

    /// Closes what was read, and unlocks the folder.
    @Override
    public void close() throws IOException {
        readings.forEach(reading -> reading.index.close());
        for (LogChain.Link link : chain.links()) {
            link.segment().file().close();
        }
        for (SpoolSegment segment : chain.leftOver()) {
            segment.file().close();
        }
        files.close();
    }

    /// All that is queued at the end of the log, as rows. Of what rows cannot hold there is nothing
    /// in memory.
    public static final class Reading {
        private final QueueIndex index;
        private final LiveMessages live;
        private final Indexer indexer;
        private final SpoolRecovery recovery;

        private Reading(QueueIndex index, LogChain chain, SpoolFiles files) {
            this.index = index;
            live = new LiveMessages(index);
            indexer = new Indexer(index, live, InstantSource.fixed(Instant.EPOCH));
            var parts = new SpoolRecovery.Parts(files, chain, live, index, indexer, ALL);
            recovery = new SpoolRecovery(parts);
        }

        private void run(Optional<LogMark> mark) throws IOException {
            live.tell(indexer);
            recovery.run(mark);
            // No event is to be told from here, so what has left the queue needs no row.
            live.release(ALL);
            indexer.finish();
        }

        /// The rows, for reading.
        public QueueIndex index() {
            return index;
        }

        /// What is wrong with the part of the log that was read.
        public List<Recovery.Finding> findings() {
            return recovery.findings();
        }

        /// Messages that were accepted and cannot be delivered as they were.
        public Set<QueueId> damaged() {
            return new HashSet<>(recovery.damaged());
        }

        /// Holds and suspensions in force, oldest first.
        public List<SpoolRecord.Operator> actionsInForce() {
            return live.actions().all();
        }

        /// Jobs that have not ended, oldest first: a node that starts goes on with them, and tries
        /// nothing of what they mean.
        public List<SpoolRecord.Job> jobs() {
            return live.jobs();
        }

        /// The message of a row with at least one entry, and where its recipients stand.
        ///
        /// @throws IOException where its records cannot be read; the message names the place
        public RecoveredMessage message(MessageRow row) throws IOException {
            SpooledMessage message = live.read(row);
            return new RecoveredMessage(message, message.states().waiting());
        }

        /// The body of a message of this reading.
        public BodyReader read(SpooledMessage message) {
            return new BodyReader(message, Runnable::run, (_, _) -> {});
        }
    }
}
