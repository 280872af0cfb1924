package io.whimbrel.spool;

import io.whimbrel.index.IndexDamaged;
import io.whimbrel.index.IndexSettings;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.log.Position;
import io.whimbrel.log.SegmentPool;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.QueueId;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;

/// A start: opens the index, finds the log, reads what the index does not know yet. Confined to the
/// thread that opens the spool.
///
/// An index that is damaged, missing, or of another log is made anew from the whole log.
final class SpoolOpening {
    private static final int MISSED_AT_ONCE = 1000;

    private final SpoolSettings settings;
    private final List<String> findings = new ArrayList<>();
    private final LinkedHashSet<QueueId> damaged = new LinkedHashSet<>();
    private final List<SpoolSegment> segments = new ArrayList<>();
    private QueueIndex index;
    private LiveMessages live;
    private Indexer indexer;
    private long lastId;
    private List<Quarantine.LeftOut> leftOut = List.of();
    private long bytesRead;

    /// What the rest of the spool goes on with.
    ///
    /// @param segments of the log, oldest first
    /// @param damaged messages to be taken out of the queue durably
    /// @param findings a line each for the operator
    /// @param bytesRead of the log, because the index did not know them
    /// @param leftOut while there are any a start must read the same records again
    record Opened(
            QueueIndex index,
            LiveMessages live,
            Indexer indexer,
            List<SpoolSegment> segments,
            List<QueueId> damaged,
            List<String> findings,
            long lastId,
            long bytesRead,
            List<Quarantine.LeftOut> leftOut) {}

    /// @param released the event log has what is before it
    record Circumstances(
            SpoolFiles files, SegmentPool pool, InstantSource clock, Position released) {}

    static Opened open(SpoolSettings settings, Circumstances given) throws IOException {
        var opening = new SpoolOpening(settings, given);
        boolean isOpen = false;
        try {
            opening.run(given);
            isOpen = true;
        } finally {
            if (!isOpen) {
                opening.index.close();
            }
        }
        return new Opened(
                opening.index,
                opening.live,
                opening.indexer,
                opening.segments,
                List.copyOf(opening.damaged),
                opening.findings,
                opening.lastId,
                opening.bytesRead,
                opening.leftOut);
    }

    private SpoolOpening(SpoolSettings settings, Circumstances given) throws IOException {
        this.settings = settings;
        index = openIndex();
        live = new LiveMessages(index);
        indexer = new Indexer(index, live, given.clock);
    }

    private void run(Circumstances given) throws IOException {
        LogChain chain = LogChain.open(given.files, given.pool);
        try {
            read(chain, given);
        } catch (IndexDamaged e) {
            // RocksDB opens what it does not read; and nothing has been changed but the index.
            index.close();
            tellDamaged(e, QueueIndex.setAside(indexFolder(settings), "damaged"));
            openAnew(given);
            read(chain, given);
        }
        chain.leftOver().forEach(given.pool::retire);
    }

    private void read(LogChain chain, Circumstances given) throws IOException {
        Optional<LogMark> mark = markOf(chain, given);
        live.tell(indexer);
        var parts =
                new SpoolRecovery.Parts(given.files, chain, live, index, indexer, given.released);
        var reading = new SpoolRecovery(parts);
        reading.run(mark);
        segments.clear();
        damaged.clear();
        chain.links().forEach(link -> segments.add(link.segment()));
        lastId = reading.lastId();
        leftOut = reading.leftOut();
        bytesRead = reading.bytesRead();
        damaged.addAll(reading.damaged());
        List<Long> missing = findMissing();
        segments.forEach(SpoolSegment::forgetPins);
        live.pinUnreleased();
        for (Recovery.Finding finding : reading.findings()) {
            boolean isTold = missing.contains(finding.segment());
            if (finding.kind() != Recovery.Kind.MISSING || !isTold) {
                findings.add(finding.text());
            }
        }
    }

    /// Where the reading begins; empty for the whole log.
    private Optional<LogMark> markOf(LogChain chain, Circumstances given) throws IOException {
        Optional<LogMark> mark = index.checkpoint().flatMap(LogMark::decode);
        if (mark.isPresent() && !isOf(chain, mark.get())) {
            findings.add("the index does not belong to this log; it is made anew from the log");
            startAnew(given);
            mark = Optional.empty();
        } else if (mark.isEmpty() && !index.messages(Optional.empty(), 1).isEmpty()) {
            findings.add("the index does not say which log it is of; it is made anew from the log");
            startAnew(given);
        }
        if (mark.isEmpty() && !chain.links().isEmpty()) {
            // Rows reach the disk without a checkpoint where memory is full: from here on they are
            // known to be of this log.
            index.checkpoint(LogMark.startOf(chain.links().getFirst().segment()).encode());
        }
        return mark;
    }

    private QueueIndex openIndex() throws IOException {
        var with = new IndexSettings(indexFolder(settings), settings.indexMemoryBytes());
        try {
            return QueueIndex.open(with);
        } catch (IndexDamaged e) {
            tellDamaged(e, QueueIndex.setAside(indexFolder(settings), "damaged"));
            return QueueIndex.open(with);
        }
    }

    static Path indexFolder(SpoolSettings settings) {
        return settings.folder().resolve("index");
    }

    private void tellDamaged(IndexDamaged e, Path aside) {
        findings.add(
                "the index is damaged ("
                        + e.getMessage()
                        + "); it was moved to "
                        + aside
                        + " and is made anew from the log");
    }

    private void startAnew(Circumstances given) throws IOException {
        index.close();
        QueueIndex.setAside(indexFolder(settings), "other");
        openAnew(given);
    }

    private void openAnew(Circumstances given) throws IOException {
        index = openIndex();
        live = new LiveMessages(index);
        indexer = new Indexer(index, live, given.clock);
    }

    /// Whether the mark leads to a place in that log.
    static boolean isOf(LogChain chain, LogMark mark) {
        return chain.links().stream()
                .anyMatch(link ->
                        link.segment().sequence() == mark.position().segment()
                                && link.segment().generation() == mark.generation()
                                && link.limit() >= mark.position().offset());
    }

    /// Messages in segments that are no longer there: a finding for each segment.
    ///
    /// @return those segments
    private List<Long> findMissing() throws IOException {
        var missing = new ArrayList<Long>();
        for (long sequence : index.segments()) {
            if (segments.stream().anyMatch(segment -> segment.sequence() == sequence)) {
                continue;
            }
            int before = damaged.size();
            Optional<QueueId> after = Optional.empty();
            List<QueueId> ids = index.inSegment(sequence, after, MISSED_AT_ONCE);
            while (!ids.isEmpty()) {
                for (QueueId id : ids) {
                    if (!live.unsettled(id).isEmpty()) {
                        damaged.add(id);
                    } else if (!live.isSettled(id)) {
                        // It has left the queue, and nothing is left to be told of it.
                        indexer.quarantined(id);
                    }
                }
                after = Optional.of(ids.getLast());
                ids = index.inSegment(sequence, after, MISSED_AT_ONCE);
            }
            int lost = damaged.size() - before;
            findings.add(
                    SpoolSegment.name(sequence)
                            + " is missing: "
                            + lost
                            + " messages that were in it are lost (the event log tells of each);"
                            + " all other mail is delivered");
            missing.add(sequence);
        }
        indexer.finish();
        return missing;
    }
}
