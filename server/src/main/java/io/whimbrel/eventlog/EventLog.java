package io.whimbrel.eventlog;

import io.whimbrel.log.Position;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.spool.CommittedRecord;
import io.whimbrel.spool.CommittedRecords;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Tells every durable fact as a JSON line, exactly once, in files. Thread-safe.
///
/// One thread reads the spool's log from a durable cursor on. Lines are visible as soon as they are
/// taken; they are synced, and the cursor moved, once a second under load, at 4 MiB, and when
/// nothing came for 200 ms. Where the disk fails, the same lines are tried again each second, and
/// nothing further is taken: once its bounded buffer is full, the spool refuses mail with a reason
/// and deliveries wait; all goes on when lines can be written again.
///
/// Wiring: [#open], then [io.whimbrel.spool.Spool#records] from [#position], then [#start]. At the
/// end close the spool first, then this.
public final class EventLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);

    private static final Duration COMMIT_MOST = Duration.ofSeconds(1);
    private static final Duration QUIET = Duration.ofMillis(200);
    private static final Duration CLOSE_MOST = Duration.ofSeconds(10);

    private final EventStore store;
    private final Metrics metrics;
    private final InstantSource clock;
    private final Position start;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean isStarted;

    /// Where records come from: the spool, or a test.
    interface Source {
        /// As [CommittedRecords#take].
        List<CommittedRecord> take(Duration wait) throws InterruptedException;

        /// As [CommittedRecords#isAtEnd].
        boolean isAtEnd();

        /// As [CommittedRecords#release].
        void release(Position position);
    }

    private record SpoolSource(CommittedRecords records) implements Source {
        @Override
        public List<CommittedRecord> take(Duration wait) throws InterruptedException {
            return records.take(wait);
        }

        @Override
        public boolean isAtEnd() {
            return records.isAtEnd();
        }

        @Override
        public void release(Position position) {
            records.release(position);
        }
    }

    /// One write or commit.
    private interface DiskStep {
        void run() throws IOException;
    }

    private EventLog(EventStore store, Metrics metrics, InstantSource clock) {
        this.store = store;
        this.metrics = metrics;
        this.clock = clock;
        this.start = store.durableNext();
    }

    /// Finds where the last run came to. Nothing is written to event files before [#start].
    ///
    /// @throws IOException where the folder cannot be used; the message names the file
    public static EventLog open(EventLogSettings settings, Metrics metrics, InstantSource clock)
            throws IOException {
        return open(settings, metrics, clock, FileChannel::open);
    }

    static EventLog open(
            EventLogSettings settings, Metrics metrics, InstantSource clock, ChannelOpener opener)
            throws IOException {
        return new EventLog(EventStore.open(settings, opener, clock.instant()), metrics, clock);
    }

    /// Where reading the spool's log must begin.
    public Position position() {
        return start;
    }

    /// Begins to write, on a thread of its own.
    public void start(CommittedRecords records) {
        start(new SpoolSource(records));
    }

    void start(Source source) {
        // File I/O holds its carrier, so this is a platform thread.
        Thread.ofPlatform().name("eventlog-1").daemon().start(() -> run(source));
        isStarted = true;
    }

    /// Waits until everything in a closed spool has been written, at most ten seconds. What could
    /// not be written is derived again at the next start.
    @Override
    public void close() {
        if (!isStarted) {
            return;
        }
        try {
            if (!ended.await(CLOSE_MOST.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("the event log is behind; it goes on at the next start");
            }
            stopping.countDown();
            ended.await(CLOSE_MOST.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            stopping.countDown();
            Thread.currentThread().interrupt();
        }
    }

    private void run(Source source) {
        try {
            copy(source);
        } catch (InterruptedException _) {
            LOG.info("the event log was interrupted; it goes on at the next start");
        } catch (RuntimeException bug) {
            // Better a node that stops taking mail, as it will, than one that forgets events.
            metrics.bugs.inc();
            LOG.error("the event log has stopped", bug);
        } finally {
            store.close();
            ended.countDown();
        }
    }

    private void copy(Source source) throws InterruptedException {
        Instant committedAt = clock.instant();
        boolean isGoing = true;
        while (isGoing && stopping.getCount() > 0 && !source.isAtEnd()) {
            List<CommittedRecord> batch = source.take(store.isDirty() ? QUIET : COMMIT_MOST);
            isGoing = append(source, batch);
            Instant now = clock.instant();
            boolean isDue = batch.isEmpty() || !now.isBefore(committedAt.plus(COMMIT_MOST));
            if (isGoing && store.isDirty()) {
                isGoing = isDue ? commit(source) : insist(() -> store.flush(clock.instant()));
            }
            committedAt = isDue ? now : committedAt;
        }
        if (isGoing) {
            commit(source);
        }
    }

    private boolean append(Source source, List<CommittedRecord> batch) throws InterruptedException {
        int lines = 0;
        for (CommittedRecord committed : batch) {
            lines += store.append(committed);
            if (store.isFull() && !commit(source)) {
                return false;
            }
        }
        metrics.eventsWritten.inc(lines);
        return true;
    }

    private boolean commit(Source source) throws InterruptedException {
        return insist(() -> source.release(store.commit(clock.instant())));
    }

    /// Repeats `step` each second until it succeeds.
    ///
    /// @return false where the node stopped before
    private boolean insist(DiskStep step) throws InterruptedException {
        while (true) {
            try {
                step.run();
                return true;
            } catch (IOException e) {
                metrics.eventWriteFailures.inc();
                LOG.error("cannot write events, trying again in a second: {}", e.toString());
                if (stopping.await(1, TimeUnit.SECONDS)) {
                    return false;
                }
            }
        }
    }
}
