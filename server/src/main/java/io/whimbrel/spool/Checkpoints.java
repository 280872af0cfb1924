package io.whimbrel.spool;

import io.whimbrel.index.QueueIndex;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// Decides when the index is made durable, and does it. Confined to the index thread.
///
/// A mark of the log is taken first and used a little later: what was accepted before it and
/// delivered meanwhile needs no row. The checkpoint may hold newer rows than the mark says, never
/// older ones, and reading records of the log again changes nothing.
final class Checkpoints {
    /// More than this is never read at a start, but for what comes while a checkpoint is made.
    private static final long LOG_BYTES_MOST = 128L << 20;

    private static final Duration BETWEEN_MOST = Duration.ofSeconds(30);
    private static final Duration BETWEEN_LEAST = Duration.ofMillis(500);

    private final QueueIndex index;
    private final Indexer indexer;
    private final LiveMessages live;
    private final SpoolWriter writer;
    private final Duration markAge;
    private Instant changedAt = Instant.MAX;
    private long writtenBefore;
    private boolean isMarkAsked;
    private Instant notBefore = Instant.MIN;

    /// @param markAge a mark is used when it is so old
    Checkpoints(
            QueueIndex index,
            Indexer indexer,
            LiveMessages live,
            SpoolWriter writer,
            Duration markAge) {
        this.index = index;
        this.indexer = indexer;
        this.live = live;
        this.writer = writer;
        this.markAge = markAge;
    }

    /// Makes a checkpoint where one is due.
    void step(Instant now) throws IOException {
        if (changedAt.equals(Instant.MAX)) {
            // The start.
            changedAt = now;
        }
        writer.damaged().tryAgain(now);
        if (!isMarkAsked) {
            if (isDue(now)) {
                ask(now);
            }
            return;
        }
        Optional<LogMark> mark = writer.wantedMark();
        boolean isOld = !now.isBefore(changedAt.plus(markAge)) && !now.isBefore(notBefore);
        if (mark.isEmpty() || !isOld) {
            return;
        }
        if (make(mark.get())) {
            isMarkAsked = false;
            changedAt = now;
        } else if (markAge.isPositive()) {
            notBefore = now.plus(BETWEEN_LEAST);
        }
    }

    /// Makes a checkpoint of `mark`; false where it has to wait for a walk, for the event log, or
    /// for messages that the start left out: the next one would not find them.
    boolean make(LogMark mark) throws IOException {
        boolean mustWait = indexer.isWalking() || writer.damaged().hasLeftOut();
        // Asked before anything is done, for it may stay so for long.
        if (mustWait || live.isNeededBefore(mark.position())) {
            return false;
        }
        int number = writer.checkpointBegins();
        indexer.writeOlderThan(mark.position());
        if (indexer.isWalking() || live.isNeededBefore(mark.position())) {
            return false;
        }
        index.checkpoint(mark.encode());
        writer.checkpointed(number, mark.position());
        return true;
    }

    private void ask(Instant now) {
        isMarkAsked = true;
        changedAt = now;
        writtenBefore = writer.writtenBytes();
        writer.wantMark();
    }

    private boolean isDue(Instant now) {
        long bytes = writer.writtenBytes() - writtenBefore;
        if (markAge.isPositive() && now.isBefore(changedAt.plus(BETWEEN_LEAST))) {
            return false;
        }
        boolean isLate = now.isAfter(changedAt.plus(BETWEEN_MOST));
        return writer.isCheckpointWanted() || bytes > LOG_BYTES_MOST || (bytes > 0 && isLate);
    }
}
