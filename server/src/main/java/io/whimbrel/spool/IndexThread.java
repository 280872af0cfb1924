package io.whimbrel.spool;

import io.whimbrel.index.SegmentCensus;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The thread of the index: changes, looks and checkpoints in turn, until it is closed. Where the
/// disk fails it tries again, and mail stays in memory meanwhile.
final class IndexThread {
    private static final Logger LOG = LoggerFactory.getLogger(IndexThread.class);
    private static final Duration WHEN_IDLE = Duration.ofMillis(20);
    private static final Duration AFTER_TROUBLE = Duration.ofSeconds(1);

    private final Indexer indexer;
    private final Checkpoints checkpoints;
    private final InstantSource clock;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    private volatile boolean isInTrouble;

    IndexThread(Indexer indexer, Checkpoints checkpoints, InstantSource clock) {
        this.indexer = indexer;
        this.checkpoints = checkpoints;
        this.clock = clock;
        this.thread = Thread.ofPlatform().name("index-1").start(this::run);
    }

    /// Whether the index cannot be written at present. Thread-safe.
    boolean isInTrouble() {
        return isInTrouble;
    }

    boolean isAlive() {
        return thread.isAlive();
    }

    /// Ends the thread and waits for it.
    void close() {
        closing.countDown();
        join(thread);
    }

    private void run() {
        while (closing.getCount() > 0) {
            Duration pause = round();
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
}
