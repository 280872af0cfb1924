package io.whimbrel.spool;

import io.whimbrel.index.IndexDamaged;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.SegmentCensus;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.time.Pause;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
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
        Pause.untilEnd(thread);
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
}
