package io.whimbrel.eventlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.log.Position;
import io.whimbrel.spool.CommittedRecord;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

final class EventStoreTest {
    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
    private static final long MIB = 1024 * 1024;

    @TempDir private Path data;

    @Test
    void powerCutsAndFaults_loseAndForgeNothing() throws IOException {
        int cuts = 0;
        int faults = 0;
        for (long seed = 0; seed < 60; seed++) {
            var random = new Random(seed);
            Path folder = data.resolve("seed" + seed);
            List<CommittedRecord> log = Records.log(60, random);
            var disk = new PowerCutDisk(random);
            var settings = new EventLogSettings(folder, 2000, MIB);
            int next = 0;
            int released = 0;
            while (released < log.size()) {
                disk.failures = random.nextInt(3) == 0 ? 60_000 : 0;
                EventStore store;
                try {
                    store = EventStore.open(settings, disk, NOW);
                } catch (IOException _) {
                    continue;
                }
                assertThat(indexOf(store.durableNext()))
                        .as("seed " + seed + ": what was released must not be needed")
                        .isGreaterThanOrEqualTo(released);
                next = indexOf(store.durableNext());
                int end = Math.min(log.size(), next + random.nextInt(30));
                released = Math.max(released, run(store, log.subList(next, end), random));
                store.close();
                // Where the power stays, the node was killed: the page cache lives on.
                if (released < log.size() && random.nextInt(3) > 0) {
                    disk.cutPower(folder);
                    cuts++;
                }
            }
            faults += disk.failed;
            assertThat(brief(read(folder))).as("seed " + seed).isEqualTo(brief(Records.lines(log)));
        }
        assertThat(cuts).isGreaterThan(100);
        assertThat(faults).isGreaterThan(30);
    }

    /// Appends, flushes and commits at random until the end or a failure that is not repeated;
    /// returns how far the spool was told to forget.
    private static int run(EventStore store, List<CommittedRecord> log, Random random) {
        Position released = store.durableNext();
        for (CommittedRecord committed : log) {
            store.append(committed);
            boolean isCommit = store.isFull() || random.nextInt(4) == 0;
            boolean isDone = false;
            while (!isDone) {
                try {
                    if (isCommit) {
                        released = store.commit(NOW);
                    } else if (random.nextBoolean()) {
                        store.flush(NOW);
                    }
                    isDone = true;
                } catch (IOException _) {
                    if (random.nextInt(3) == 0) {
                        return indexOf(released);
                    }
                }
            }
        }
        return indexOf(released);
    }

    @Test
    void crash_withAnyTail_continuesWhereTheCursorStands() throws IOException {
        List<CommittedRecord> log = Records.log(4, new Random(7));
        byte[] tail = String.join("\n", Records.lines(log.subList(2, 4))).getBytes(UTF_8);
        for (int length = 0; length < tail.length; length += 37) {
            Path folder = data.resolve("tail" + length);
            EventStore store = open(folder);
            store.append(log.get(0));
            store.append(log.get(1));
            assertThat(store.commit(NOW)).isEqualTo(new Position(1, 2));
            store.append(log.get(2));
            store.flush(NOW);
            store.close();
            Path file = EventFile.list(folder).getFirst().path();
            long durable =
                    Records.lines(log.subList(0, 2)).stream().mapToLong(l -> l.length() + 1).sum();
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(durable);
                channel.write(ByteBuffer.wrap(tail, 0, length), durable);
            }

            EventStore again = open(folder);
            assertThat(again.durableNext()).isEqualTo(new Position(1, 2));
            assertThat(read(folder)).isEqualTo(Records.lines(log.subList(0, 2)));
            again.append(log.get(2));
            again.append(log.get(3));
            again.commit(NOW);
            again.close();
            assertThat(read(folder)).isEqualTo(Records.lines(log));
        }
    }

    @Test
    void damagedByteOfTheCursor_costsNothing() throws IOException {
        List<CommittedRecord> log = Records.log(3, new Random(8));
        for (int at = 0; at < 2 * EventCursor.SLOT_BYTES; at += 257) {
            Path folder = data.resolve("torn" + at);
            EventStore store = open(folder);
            store.append(log.getFirst());
            store.commit(NOW);
            store.close();
            Path cursor = folder.resolve(EventCursor.FILE_NAME);
            byte[] bytes = Files.readAllBytes(cursor);
            bytes[at] ^= 0x40;
            Files.write(cursor, bytes);

            assertThat(open(folder).durableNext()).isEqualTo(new Position(1, 1));
        }
    }

    @Test
    void tornCursorSlot_leavesTheOther() throws IOException {
        List<CommittedRecord> log = Records.log(3, new Random(8));
        EventStore store = open(data);
        store.append(log.getFirst());
        store.commit(NOW);
        store.append(log.get(1));
        store.commit(NOW);
        store.close();
        Path cursor = data.resolve(EventCursor.FILE_NAME);
        byte[] bytes = Files.readAllBytes(cursor);
        // The third turn: that of the second commit.
        Arrays.fill(bytes, EventCursor.SLOT_BYTES, 2 * EventCursor.SLOT_BYTES, (byte) 0);
        Files.write(cursor, bytes);
        assertThat(open(data).durableNext()).isEqualTo(new Position(1, 1));
    }

    @Test
    void fullFile_isFollowedByTheNext_andTheOldestGo() throws IOException {
        var settings = new EventLogSettings(data, 1000, 5000);
        EventStore store = EventStore.open(settings, FileChannel::open, NOW);
        List<CommittedRecord> log = Records.log(100, new Random(9));
        for (CommittedRecord committed : log) {
            store.append(committed);
            if (store.isFull()) {
                store.commit(NOW);
            }
        }
        store.commit(NOW);
        store.close();

        List<EventFile> files = EventFile.list(data);
        long total = 0;
        for (EventFile file : files) {
            total += Files.size(file.path());
        }
        assertThat(files).hasSizeBetween(2, 5);
        assertThat(total).isLessThanOrEqualTo(5000);
        assertThat(files.getFirst().name()).startsWith("events-20261123T120000Z-000000");
        List<String> kept = read(data);
        List<String> all = Records.lines(log);
        assertThat(kept).isEqualTo(all.subList(all.size() - kept.size(), all.size()));
    }

    @Test
    void missingCursor_tellsAllAgainInANewFile() throws IOException {
        List<CommittedRecord> log = Records.log(2, new Random(10));
        EventStore store = open(data);
        store.append(log.getFirst());
        store.commit(NOW);
        store.close();
        Files.delete(data.resolve(EventCursor.FILE_NAME));

        EventStore again = open(data);
        assertThat(again.durableNext()).isEqualTo(Position.START);
        log.forEach(again::append);
        again.commit(NOW);
        again.close();
        assertThat(EventFile.list(data)).hasSize(2);
        var expected = new ArrayList<>(Records.lines(log.subList(0, 1)));
        expected.addAll(Records.lines(log));
        assertThat(read(data)).isEqualTo(expected);
    }

    @Test
    void fileRemovedByOthers_losesOnlyWhatWasInIt() throws IOException {
        List<CommittedRecord> log = Records.log(3, new Random(11));
        EventStore store = open(data);
        store.append(log.get(0));
        store.commit(NOW);
        Files.delete(EventFile.list(data).getFirst().path());
        store.append(log.get(1));
        assertThatThrownBy(() -> store.commit(NOW))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("was removed");
        assertThat(store.commit(NOW)).isEqualTo(new Position(1, 2));
        store.append(log.get(2));
        store.commit(NOW);
        store.close();

        assertThat(read(data)).isEqualTo(Records.lines(log.subList(1, 3)));
    }

    private static EventStore open(Path folder) throws IOException {
        return EventStore.open(new EventLogSettings(folder, MIB, MIB), FileChannel::open, NOW);
    }

    /// Record and recipient of each line; damaged lines stay as they are.
    private static String brief(List<String> lines) {
        return lines.stream()
                .map(line -> line.replaceAll(".*recipient\":\"(.)@.*record ([0-9]+) .*\\}", "$2$1"))
                .collect(Collectors.joining(" "));
    }

    private static int indexOf(Position position) {
        return (int) position.offset();
    }

    private static List<String> read(Path folder) throws IOException {
        var lines = new ArrayList<String>();
        new EventReader(folder).all(lines::add);
        return lines;
    }
}
