package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.CLOCK;
import static io.whimbrel.spool.SpoolFixtures.NOW;
import static io.whimbrel.spool.SpoolFixtures.accept;
import static io.whimbrel.spool.SpoolFixtures.batch;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.deferred;
import static io.whimbrel.spool.SpoolFixtures.delivered;
import static io.whimbrel.spool.SpoolFixtures.envelope;
import static io.whimbrel.spool.SpoolFixtures.offer;
import static io.whimbrel.spool.SpoolFixtures.queued;
import static io.whimbrel.spool.SpoolFixtures.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.index.IndexSettings;
import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.log.LogFormat;
import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.RecipientNumbers;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// Two things that go wrong at once, or one at the worst moment.
final class SpoolMishapTest {
    private static final int SEGMENT = 64 << 10;

    private FaultyFiles files = new FaultyFiles();

    private Spool open() throws IOException {
        return IndexHome.open(files, SEGMENT, 0, CLOCK);
    }

    private Spool reopenAfterKill() throws IOException {
        files = files.afterKill();
        return open();
    }

    private static List<QueueId> ids(Spool spool) throws IOException {
        return queued(spool).stream().map(found -> found.message().id()).toList();
    }

    private String newest() {
        return files.list().stream()
                .filter(name -> name.startsWith("segment-"))
                .max(String::compareTo)
                .orElseThrow();
    }

    private static List<CommittedRecord> takeAll(CommittedRecords records) throws Exception {
        var all = new ArrayList<CommittedRecord>();
        for (var taken = records.take(Duration.ZERO);
                !taken.isEmpty();
                taken = records.take(Duration.ZERO)) {
            all.addAll(taken);
        }
        return all;
    }

    @Test
    void segmentThatWasGivenUp_doesNotHideLaterOutcomes() throws IOException {
        Spool spool = open();
        SpooledMessage first = accept(spool, envelope(1), bytes(1000, 1));
        for (int i = 0; i < 5; i++) {
            accept(spool, envelope(1), bytes(10_000, i));
        }
        files.failsSync = String::isEmpty;
        assertThat(offer(spool, envelope(1), bytes(14_000, 2)))
                .isInstanceOf(AcceptResult.Refused.class);
        files.failsSync = _ -> false;
        var durable = new ArrayList<String>();
        spool.append(batch(delivered(first.id(), 0)), _ -> durable.add("outcome"));
        spool.step(Inbox.Wake.WORK);
        spool.step(Inbox.Wake.WORK);
        assertThat(durable).containsExactly("outcome");
        FaultyFiles disk = files;
        for (int seed = 0; seed < 50; seed++) {
            files = disk.afterCut(new Random(seed));
            assertThat(ids(open())).as("seed %d", seed).doesNotContain(first.id());
        }
    }

    @Test
    void damagedVersion_isNotALaterVersion() throws IOException {
        Spool spool = open();
        SpooledMessage message = accept(spool, envelope(1), bytes(900, 1));
        spool.step(Inbox.Wake.IDLE);
        files.damage(newest(), 11, 0x40);
        assertThat(ids(reopenAfterKill())).containsExactly(message.id());
    }

    @Test
    void damagedBeginning_ofTheNewestSegment_costsAtMostItsFirstRecords() throws IOException {
        Spool spool = open();
        var accepted = new ArrayList<QueueId>();
        for (int i = 0; i < 5; i++) {
            accepted.add(accept(spool, envelope(1), bytes(900, i)).id());
        }
        spool.step(Inbox.Wake.IDLE);
        for (int offset = 0; offset < LogFormat.HEADER_BYTES + 200; offset++) {
            files.damage(newest(), offset, 0x55);
        }
        assertThat(ids(reopenAfterKill())).isEqualTo(accepted.subList(1, 5));
    }

    @Test
    void unreadableSector_costsWhatIsInIt_andNothingBehind() throws IOException {
        Spool spool = open();
        var accepted = new ArrayList<SpooledMessage>();
        for (int i = 0; i < 6; i++) {
            accepted.add(accept(spool, envelope(1), bytes(6000, i)));
        }
        spool.step(Inbox.Wake.IDLE);
        String name = newest();
        files = files.afterKill();
        files.badSectorIn = name;
        files.badSectorAt =
                accepted.get(2).location().body().getFirst().offset() / 512 * 512 + 1024;
        Spool again = open();
        Recovery recovery = again.takeRecovery();
        assertThat(recovery.findings()).isNotEmpty();
        assertThat(ids(again)).hasSizeGreaterThanOrEqualTo(4).contains(accepted.get(5).id());
        for (RecoveredMessage found : queued(again)) {
            assertThat(read(again, found.message())).hasSize(6000);
        }
    }

    @Test
    void cursorOfAnotherLog_losesNoEvents() throws Exception {
        Spool spool = open();
        spool.records(new Position(500, 9));
        for (int i = 0; i < 30; i++) {
            SpooledMessage message = accept(spool, envelope(1), bytes(9000, i));
            spool.appendAndWait(batch(delivered(message.id(), 0)));
        }
        Spool again = reopenAfterKill();
        assertThat(takeAll(again.records(new Position(500, 9)))).hasSize(60);
    }

    @Test
    void close_whileOldRecordsAreRead_skipsNone() throws Exception {
        Spool spool = open();
        for (int i = 0; i < 30; i++) {
            accept(spool, envelope(1), bytes(9000, i));
        }
        Spool again = reopenAfterKill();
        CommittedRecords records = again.records(Position.START);
        accept(again, envelope(1), bytes(10, 1));
        var isClosed = new boolean[1];
        files.failsRead =
                _ -> {
                    if (!isClosed[0]) {
                        isClosed[0] = true;
                        again.close();
                    }
                    return true;
                };
        var read = new ArrayList<CommittedRecord>();
        while (!records.isAtEnd()) {
            read.addAll(records.take(Duration.ZERO));
        }
        Spool last = reopenAfterKill();
        List<Position> all =
                takeAll(last.records(Position.START)).stream()
                        .map(CommittedRecord::position)
                        .toList();
        assertThat(all).hasSize(31);
        assertThat(read.stream().map(CommittedRecord::position))
                .isEqualTo(all.subList(0, read.size()));
    }

    @Test
    void outcomeOfASettledMessage_isNoEvent_neitherNowNorAfterAKill() throws Exception {
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        SpooledMessage message = accept(spool, envelope(1), bytes(10, 1));
        spool.appendAndWait(batch(delivered(message.id(), 0)));
        spool.appendAndWait(batch(delivered(message.id(), 0)));
        assertThat(takeAll(records)).hasSize(2);
        assertThat(takeAll(reopenAfterKill().records(Position.START))).hasSize(2);
    }

    /// Rows reach the disk without a checkpoint where memory is full; and the log is read in steps.
    @Test
    void lastOutcomeOfARowThatIsAhead_isTold_howeverMuchIsReadInBetween() throws Exception {
        Spool spool = IndexHome.open(files, 4 << 20, 0, CLOCK);
        SpooledMessage message = accept(spool, envelope(2), bytes(10, 1));
        spool.rest(message, RecipientNumbers.of(0, 1), 0);
        spool.close();
        byte[] mark = checkpoint();
        spool = IndexHome.open(files, 4 << 20, 0, CLOCK);
        CommittedRecords records = spool.records(Position.START);
        spool.appendAndWait(batch(delivered(message.id(), 0)));
        Position told = takeAll(records).getLast().next();
        for (int i = 0; i < 15; i++) {
            accept(spool, envelope(5000), bytes(10, i));
        }
        spool.appendAndWait(batch(delivered(message.id(), 1)));
        files = files.afterKill();
        leaveNoEntries(message.id(), mark);

        Spool again = IndexHome.open(files, 4 << 20, 0, CLOCK, told);

        assertThat(
                        takeAll(again.records(told)).stream()
                                .filter(one -> one.record() instanceof SpoolRecord.Settled))
                .hasSize(1);
    }

    /// What is written of it behind the copy is about the copy.
    @Test
    void copyOfAMessageWhoseRowIsAhead_takesThePlaceOfWhatWasReadBefore() throws Exception {
        Spool spool = open();
        SpooledMessage message = accept(spool, envelope(3), bytes(10, 1));
        spool.rest(message, RecipientNumbers.of(0, 1, 2), 0);
        pass(spool, spool.records(Position.START), 30);
        spool.close();
        byte[] mark = checkpoint();
        spool = open();
        CommittedRecords records = spool.records(Position.START);
        spool.appendAndWait(batch(delivered(message.id(), 0)));
        Position told = takeAll(records).getLast().next();
        Position original = place(spool, message.id());
        for (int i = 0; i < 20 && place(spool, message.id()).equals(original); i++) {
            pass(spool, records, 1);
        }
        assertThat(place(spool, message.id())).as("copied").isNotEqualTo(original);
        spool.appendAndWait(batch(delivered(message.id(), 1)));
        spool.appendAndWait(batch(delivered(message.id(), 2)));
        files = files.afterKill();
        leaveNoEntries(message.id(), mark);

        Spool again = IndexHome.open(files, SEGMENT, 0, CLOCK, told);
        CommittedRecords left = again.records(told);
        again.step(Inbox.Wake.WORK);
        again.step(Inbox.Wake.WORK);

        assertThat(
                        takeAll(left).stream()
                                .map(CommittedRecord::record)
                                .filter(one -> one instanceof SpoolRecord.Settled)
                                .map(one -> ((SpoolRecord.Settled) one).id())
                                .filter(message.id()::equals))
                .hasSize(2);
    }

    private static Position place(Spool spool, QueueId id) throws IOException {
        return queued(spool).stream()
                .map(RecoveredMessage::message)
                .filter(one -> one.id().equals(id))
                .findFirst()
                .orElseThrow()
                .location()
                .accepted()
                .start();
    }

    /// Mail that comes and goes at once.
    private static void pass(Spool spool, CommittedRecords records, int messages) throws Exception {
        for (int i = 0; i < messages; i++) {
            SpooledMessage message = accept(spool, envelope(1), bytes(9000, i));
            spool.appendAndWait(batch(delivered(message.id(), 0)));
            records.release(takeAll(records).getLast().next());
            spool.step(Inbox.Wake.WORK);
            spool.step(Inbox.Wake.WORK);
        }
    }

    private byte[] checkpoint() throws IOException {
        try (QueueIndex index = openIndex()) {
            return index.checkpoint().orElseThrow();
        }
    }

    private QueueIndex openIndex() throws IOException {
        files.index.abandon();
        return QueueIndex.open(new IndexSettings(files.index.folder().resolve("index"), 8 << 20));
    }

    private void leaveNoEntries(QueueId id, byte[] mark) throws IOException {
        try (QueueIndex index = openIndex()) {
            MessageRow row = index.message(id).orElseThrow();
            var empty =
                    new MessageRow(
                            id,
                            row.size(),
                            row.recipients(),
                            row.body(),
                            row.envelope(),
                            row.accepted(),
                            List.of());
            index.write(List.of(new QueueIndex.Change(id, Optional.of(row), Optional.of(empty))));
            index.checkpoint(mark);
        }
    }

    @Test
    void startThatFails_leavesNoThread() throws IOException {
        files.capacity = SEGMENT / 2;
        var settings =
                new SpoolSettings(
                        files.index.folder(), SEGMENT, Duration.ofMillis(20), 0, 1 << 20, 32 << 20);
        var start = new Spool.Start(CLOCK, Position.START, files, Spool.Drive.THREAD);
        assertThatThrownBy(() -> Spool.open(settings, start))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no room");
        assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
                .doesNotContain("spool-prepare-1");
    }

    @Test
    void fullDisk_reclaims_althoughOutcomesWaitForASegment() throws Exception {
        files.capacity = 5 * SEGMENT;
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        var accepted = new ArrayList<SpooledMessage>();
        AcceptResult last = offer(spool, envelope(1), bytes(10_000, 0));
        while (last instanceof AcceptResult.Stored(SpooledMessage message)) {
            accepted.add(message);
            last = offer(spool, envelope(1), bytes(10_000, accepted.size()));
        }
        for (SpooledMessage message : accepted) {
            spool.appendAndWait(batch(delivered(message.id(), 0)));
        }
        boolean isFull = false;
        while (!isFull) {
            try {
                spool.appendAndWait(batch(deferred(accepted.getFirst().id(), 1, NOW, 0)));
            } catch (IOException _) {
                isFull = true;
            }
        }
        var durable = new ArrayList<String>();
        spool.append(
                batch(deferred(accepted.getFirst().id(), 1, NOW, 0)), _ -> durable.add("outcome"));
        spool.step(Inbox.Wake.WORK);
        assertThat(durable).isEmpty();
        records.release(takeAll(records).getLast().next());
        for (int i = 0; i < 5; i++) {
            spool.step(Inbox.Wake.NUDGE);
        }
        assertThat(durable).containsExactly("outcome");
        accept(spool, envelope(1), bytes(10_000, 1));
    }

    @Test
    void tornTail_onAFullDisk_doesNotStopTheStart() throws IOException {
        Spool spool = open();
        SpooledMessage first = accept(spool, envelope(1), bytes(900, 1));
        files.ignored.add(FaultyFiles.Sync.RECORDS);
        SpooledMessage second = accept(spool, envelope(1), bytes(5000, 2));
        files.damage(newest(), second.location().accepted().offset() + 20, 1);
        fillDisk();
        Spool restarted = reopenAfterKill();
        Recovery recovery = restarted.takeRecovery();
        assertThat(ids(restarted)).containsExactly(first.id());
        assertThat(recovery.findings()).singleElement().asString().contains("cut short");
    }

    @Test
    void damagedMessage_onAFullDisk_isQuarantined_onceThereIsRoom() throws IOException {
        Spool spool = open();
        SpooledMessage damaged = accept(spool, envelope(2), bytes(40_000, 1));
        SpooledMessage good = accept(spool, envelope(1), bytes(900, 2));
        spool.step(Inbox.Wake.IDLE);
        SpoolSegment.Place part = damaged.location().body().get(1);
        files.damage(part.segment().name(), part.offset() + 300, 1);
        fillDisk();
        assertThat(ids(reopenAfterKill())).containsExactly(good.id());
        files.capacity = Long.MAX_VALUE / 2;
        Spool restarted = reopenAfterKill();
        Recovery recovery = restarted.takeRecovery();
        assertThat(ids(restarted)).containsExactly(good.id());
        assertThat(files.exists(SpoolFiles.QUARANTINE + damaged.id() + ".message")).isTrue();
        assertThat(recovery.findings()).anyMatch(line -> line.contains(damaged.id().toString()));
        assertThat(reopenAfterKill().takeRecovery().findings())
                .noneMatch(line -> line.contains("message " + damaged.id()));
    }

    @Test
    void damagedStraggler_doesNotKeepOthersFromBeingCarried() throws Exception {
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        var stragglers = new ArrayList<SpooledMessage>();
        for (int i = 0; i < 3; i++) {
            stragglers.add(accept(spool, envelope(1), bytes(900, i)));
        }
        SpoolSegment.Place rotten = stragglers.get(1).location().accepted();
        files.damage(rotten.segment().name(), rotten.offset() + 30, 1);
        for (int i = 0; i < 60; i++) {
            SpooledMessage next = accept(spool, envelope(1), bytes(9000, i));
            spool.appendAndWait(batch(delivered(next.id(), 0)));
            takeAll(records).forEach(record -> records.release(record.next()));
        }
        SpoolSegment oldest = stragglers.get(1).location().body().getFirst().segment();
        assertThat(stragglers.get(0).location().isIn(oldest)).isFalse();
        assertThat(stragglers.get(2).location().isIn(oldest)).isFalse();
    }

    /// Leaves no byte free; spares that are there stay.
    private void fillDisk() {
        files.capacity -= files.usableBytes();
    }
}
