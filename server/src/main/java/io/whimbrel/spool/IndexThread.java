package io.whimbrel.spool;

import io.whimbrel.index.IndexDamaged;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.SegmentCensus;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// The thread of the index: changes, looks and checkpoints in turn, until it is closed. Where the
/// disk fails it tries again, and mail stays in memory meanwhile.
final class IndexThread {
    private static final Logger LOG = LoggerFactory.getLogger(IndexThread.class);
    private static final Duration WHEN_IDLE = Duration.ofMillis(20);
    private static final Duration AFTER_TROUBLE = Duration.ofSeconds(1);

    private final Indexer indexer;
    private final Checkpoints checkpoints;
    private final QueueIndex index;
    private final Path folder;
    private final InstantSource clock;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    /// The last round failed.
    private volatile boolean isInTrouble;

    /// @param folder of the index
    record Parts(
            Indexer indexer,
            Checkpoints checkpoints,
            QueueIndex index,
            Path folder,
            InstantSource clock) {}

    IndexThread(Parts parts) {
        this.indexer = parts.indexer;
        this.checkpoints = parts.checkpoints;
        this.index = parts.index;
        this.folder = parts.folder;
        this.clock = parts.clock;
        this.thread = Thread.ofPlatform().name("index-1").start(this::run);
    }

    /// Waits until every change noted before is in rows.
    ///
    /// @throws IOException as [Spool#awaitIndex]
    void awaitRows(BooleanSupplier isStopped) throws IOException {
        requireHealth();
        var answer = new ArrayBlockingQueue<Boolean>(1);
        indexer.written(answer);
        try {
            while (answer.poll(100, TimeUnit.MILLISECONDS) == null) {
                requireHealth();
                if (isStopped.getAsBoolean() || !thread.isAlive()) {
                    throw new IOException(SpoolWriter.CLOSED.text());
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new IOException(SpoolWriter.CLOSED.text());
        }
    }

    private void requireHealth() throws IOException {
        if (isInTrouble) {
            throw new IOException("the index cannot be written at present; see the log");
        }
    }

    /// Ends the thread and waits for it.
    void close() {
        closing.countDown();
        join(thread);
    }

    private void run() {
        while (closing.getCount() > 0) {
            Duration pause = round();
            index.damage().ifPresent(this::endTheNode);
            try {
                if (pause.isPositive() && closing.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
                    return;
                }
            } catch (InterruptedException _) {
                // Nobody interrupts this thread; should it happen, it goes on.
                LOG.debug("interrupted");
            }
        }
    }

    /// Mail that rests cannot be found any more, but nothing of it is lost: the next start finds no
    /// index and makes one from the log.
    private void endTheNode(IndexDamaged damage) {
        try {
            Path aside = QueueIndex.setAside(folder, "damaged");
            LOG.error(
                    "the index is damaged ({}) and was moved to {}; the node ends at once, and the"
                            + " next start makes the index anew from the log",
                    damage.getMessage(),
                    aside);
        } catch (IOException e) {
            LOG.error(
                    "{}, and cannot be moved: {}; the node ends",
                    damage.getMessage(),
                    e.getMessage());
        }
        Runtime.getRuntime().halt(Spool.EXIT_BROKEN);
    }

    private Duration round() {
        try {
            boolean worked = indexer.step();
            checkpoints.step(clock.instant());
            isInTrouble = false;
            return worked ? Duration.ZERO : WHEN_IDLE;
        } catch (IOException e) {
            LOG.error("the index: {}; tried again", e.getMessage());
            isInTrouble = true;
            return AFTER_TROUBLE;
        } catch (RuntimeException bug) {
            LOG.error("the index thread goes on after a bug", bug);
            isInTrouble = true;
            return AFTER_TROUBLE;
        }
    }

    /// Adds up what rows need of each segment, so that segments can be reclaimed. Takes seconds
    /// with millions of rows.
    static void count(SegmentCensus census, List<SpoolSegment> segments, Runnable whenDone) {
        try (census) {
            Map<Long, Long> sums = census.sum();
            for (SpoolSegment segment : segments) {
                segment.addPinned(sums.getOrDefault(segment.sequence(), 0L));
            }
            whenDone.run();
        } catch (IOException | IllegalStateException e) {
            LOG.error("no segment is reclaimed before the next start: {}", e.getMessage());
        }
    }

    /// Waits for the end of a thread, interrupted or not.
    static void join(Thread thread) {
        boolean isInterrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Decides when the index is made durable, and does it. Confined to the index thread.
    ///
    /// A mark of the log is taken first and used a little later: what was accepted before it and
    /// delivered meanwhile needs no row. The checkpoint may hold newer rows than the mark says,
    /// never older ones, and reading records of the log again changes nothing.
    static final class Checkpoints {
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

        /// Makes a checkpoint of `mark`; false where it has to wait for a walk, for the event log,
        /// or for messages that the start left out: the next one would not find them.
        boolean make(LogMark mark) throws IOException {
            boolean mustWait = indexer.isWalking() || writer.damaged().hasLeftOut();
            // Asked before anything is done, for it may stay so for long.
            if (mustWait || live.isNeededBefore(mark.position())) {
                return false;
            }
            int number = writer.checkpointBegins();
            indexer.noteOlderThan(mark.position());
            indexer.writeAll();
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
}
