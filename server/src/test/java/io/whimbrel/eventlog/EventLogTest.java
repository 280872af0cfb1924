package io.whimbrel.eventlog;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.log.Position;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.spool.CommittedRecord;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

final class EventLogTest {
    private static final InstantSource CLOCK =
            InstantSource.fixed(Instant.parse("2026-11-23T12:00:00Z"));

    @TempDir private Path folder;
    private final Metrics metrics = new Metrics();
    private final List<CommittedRecord> log = Records.log(50, new Random(3));

    /// Gives what a test puts in; ends when the test says so.
    private static final class ScriptedSource implements EventLog.Source {
        private final BlockingQueue<List<CommittedRecord>> batches = new ArrayBlockingQueue<>(100);
        final BlockingQueue<Position> released = new ArrayBlockingQueue<>(100);
        volatile boolean isEnding;

        @Override
        public List<CommittedRecord> take(Duration wait) throws InterruptedException {
            List<CommittedRecord> batch = batches.poll(wait.toMillis(), TimeUnit.MILLISECONDS);
            return batch == null ? List.of() : batch;
        }

        @Override
        public boolean isAtEnd() {
            return isEnding && batches.isEmpty();
        }

        @Override
        public void release(Position position) {
            released.add(position);
        }
    }

    @Test
    void quiet_commitsAndReleases() throws Exception {
        var source = new ScriptedSource();
        source.batches.add(log.subList(0, 10));
        source.batches.add(log.subList(10, 50));
        try (EventLog events = open(FileChannel::open)) {
            assertThat(events.position()).isEqualTo(Position.START);
            events.start(source);
            assertThat(source.released.poll(10, TimeUnit.SECONDS)).isEqualTo(new Position(1, 50));
            assertThat(read()).isEqualTo(Records.lines(log));
            source.isEnding = true;
        }
        assertThat(metrics.eventsWritten.get()).isEqualTo((double) read().size());
    }

    @Test
    void close_drainsAClosedSpool_andTheNextRunGoesOnFromThere() throws Exception {
        var source = new ScriptedSource();
        for (int i = 0; i < 30; i++) {
            source.batches.add(log.subList(i, i + 1));
        }
        source.isEnding = true;
        try (EventLog events = open(FileChannel::open)) {
            events.start(source);
        }
        assertThat(read()).isEqualTo(Records.lines(log.subList(0, 30)));

        var rest = new ScriptedSource();
        rest.batches.add(log.subList(30, 50));
        rest.isEnding = true;
        try (EventLog events = open(FileChannel::open)) {
            assertThat(events.position()).isEqualTo(new Position(1, 30));
            events.start(rest);
        }
        assertThat(read()).isEqualTo(Records.lines(log));
    }

    @Test
    void failedWrite_isRepeatedAndNothingMoreIsTaken() throws Exception {
        var isOpen = new AtomicInteger();
        ChannelOpener failing =
                (path, options) -> {
                    // The cursor and its folder are opened first; the event file fails once.
                    if (path.toString().endsWith(".jsonl") && isOpen.getAndIncrement() == 0) {
                        throw new IOException("No space left on device");
                    }
                    return FileChannel.open(path, options);
                };
        var source = new ScriptedSource();
        source.batches.add(log.subList(0, 10));
        try (EventLog events = open(failing)) {
            events.start(source);
            assertThat(source.released.poll(10, TimeUnit.SECONDS)).isEqualTo(new Position(1, 10));
            source.isEnding = true;
        }
        assertThat(metrics.eventWriteFailures.get()).isEqualTo(1.0);
        assertThat(read()).isEqualTo(Records.lines(log.subList(0, 10)));
    }

    @Test
    void close_withoutStart_returnsAtOnce() throws IOException {
        open(FileChannel::open).close();

        assertThat(read()).isEmpty();
    }

    private EventLog open(ChannelOpener opener) throws IOException {
        var settings = new EventLogSettings(folder, 1024 * 1024, 10 * 1024 * 1024);
        return EventLog.open(settings, metrics, CLOCK, opener);
    }

    private List<String> read() throws IOException {
        var lines = new ArrayList<String>();
        new EventReader(folder).all(lines::add);
        return lines;
    }
}
