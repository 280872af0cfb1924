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

import io.whimbrel.log.LogFormat;
import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.smtp.SmtpReply;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// A disk that fails or is full, and files that are used again; and what the spool makes of it.
final class SpoolFaultTest extends FaultyDiskFixture {
    @Test
    void eachAccept_ofOneClient_costsOneSync() throws IOException {
        Spool spool = open();
        int before = syncs(FaultyFiles.Sync.RECORDS);
        for (int i = 0; i < 7; i++) {
            accept(spool, envelope(1), bytes(5000, i));
        }
        assertThat(syncs(FaultyFiles.Sync.RECORDS) - before).isEqualTo(7);
    }

    @Test
    void waitingTogether_shareOneSync() throws IOException {
        Spool spool = open();
        int before = syncs(FaultyFiles.Sync.RECORDS);
        var flights = new ArrayList<Inbox.Submission>();
        for (int i = 0; i < 7; i++) {
            IncomingBody body = spool.newBody();
            body.write(bytes(1000, i), 0, 1000);
            flights.add(spool.submit(envelope(1), body, body.lastPart(), ""));
        }
        flights.forEach(flight -> assertThat(spool.await(flight)).isEmpty());
        assertThat(syncs(FaultyFiles.Sync.RECORDS) - before).isEqualTo(1);
    }

    @Test
    void spare_isOnTheDisk_beforeItIsTaken() throws IOException {
        Spool spool = open();
        for (int i = 0; i < 40; i++) {
            accept(spool, envelope(1), bytes(10_000, i));
        }
        assertThat(files.headerSyncBytesMost).isEqualTo(LogFormat.HEADER_BYTES);
    }

    @Test
    void failedSync_refusesMail_andKeepsOutcomes() throws IOException {
        Spool spool = open();
        SpooledMessage first = accept(spool, envelope(2), bytes(1000, 1));
        String broken = newest();
        files.failsSync = broken::equals;
        var durable = new ArrayList<String>();
        spool.append(batch(delivered(first.id(), 0)), _ -> durable.add("outcome"));
        assertRefused(offer(spool, envelope(1), bytes(1000, 2)), 451);
        assertThat(durable).isEmpty();
        spool.step(Inbox.Wake.WORK);
        assertThat(durable).containsExactly("outcome");
        assertThat(newest()).isNotEqualTo(broken);

        int operations = (int) files.operations;
        assertRefused(offer(spool, envelope(1), bytes(1000, 3)), 451);
        assertThat(files.operations).as("refused at the door").isEqualTo(operations);
        Spool restarted = reopenAfterKill();
        assertThat(ids(restarted)).containsExactly(first.id());
        assertThat(queued(restarted).getFirst().waiting().getFirst().recipients().size())
                .isEqualTo(1);
    }

    @Test
    void failedWrite_isAsBad_asAFailedSync() throws IOException {
        Spool spool = open();
        SpooledMessage first = accept(spool, envelope(1), bytes(1000, 1));
        files.failsWrite = newest()::equals;
        assertRefused(offer(spool, envelope(1), bytes(1000, 2)), 451);
        files.failsWrite = _ -> false;
        assertRefused(offer(spool, envelope(1), bytes(1000, 2)), 451);
        spool.append(batch(delivered(first.id(), 0)), _ -> {});
        spool.step(Inbox.Wake.WORK);
        assertThat(queued(reopenAfterKill())).isEmpty();
    }

    @Test
    void refusedMail_whoseBytesReachedTheDisk_doesNotComeBack() throws IOException {
        Spool spool = open();
        SpooledMessage first = accept(spool, envelope(1), bytes(1000, 1));
        files.failsSync = newest()::equals;
        assertRefused(offer(spool, envelope(1), bytes(1000, 2)), 451);
        // The writer makes the end of the good part durable, although nothing else waits.
        spool.step(Inbox.Wake.WORK);
        Spool restarted = reopenAfterKill();
        Recovery recovery = restarted.takeRecovery();
        assertThat(ids(restarted)).containsExactly(first.id());
        assertThat(recovery.findings()).isEmpty();
    }

    @Test
    void brokenFile_isNeverTouchedAgain() throws IOException {
        Spool spool = open();
        accept(spool, envelope(1), bytes(1000, 1));
        String broken = newest();
        files.failsSync = broken::equals;
        assertRefused(offer(spool, envelope(1), bytes(1000, 2)), 451);
        byte[] content = files.content(broken).clone();
        files.failsSync =
                name -> {
                    assertThat(name).isNotEqualTo(broken);
                    return false;
                };
        files.failsWrite =
                name -> {
                    assertThat(name).isNotEqualTo(broken);
                    return false;
                };
        for (int i = 0; i < 3; i++) {
            spool.append(batch(deferred(new QueueId(1), 1, NOW, 0)), _ -> {});
            spool.step(Inbox.Wake.WORK);
        }
        assertThat(files.content(broken)).isEqualTo(content);
    }

    @Test
    void outcomes_waitInMemory_untilSomeSegmentWorks() throws IOException {
        Spool spool = open();
        SpooledMessage first = accept(spool, envelope(1), bytes(1000, 1));
        files.failsSync = _ -> true;
        var durable = new ArrayList<String>();
        spool.append(batch(delivered(first.id(), 0)), _ -> durable.add("outcome"));
        for (int i = 0; i < 5; i++) {
            spool.step(Inbox.Wake.WORK);
        }
        assertThatThrownBy(() -> spool.appendAndWait(batch(delivered(first.id(), 0))))
                .isInstanceOf(IOException.class);
        assertThat(durable).isEmpty();
        files.failsSync = _ -> false;
        spool.step(Inbox.Wake.WORK);
        assertThat(durable).containsExactly("outcome");
        assertThat(queued(reopenAfterKill())).isEmpty();
    }

    /// As many as the inbox holds, and one that the writer holds.
    private static void fillWithOutcomes(Spool spool, QueueId id) {
        spool.append(batch(delivered(id, 0)), _ -> {});
        spool.step(Inbox.Wake.WORK);
        for (int i = 0; i < 8192; i++) {
            spool.append(batch(delivered(id, 0)), _ -> {});
        }
    }

    @Test
    void fullOfOutcomes_whileTheDiskFails_tellsWhoeverWaits() throws IOException {
        Spool spool = open();
        SpooledMessage first = accept(spool, envelope(2), bytes(1000, 1));
        IncomingBody begun = spool.newBody();
        begun.write(bytes(1000, 2), 0, 1000);
        files.failsSync = _ -> true;
        fillWithOutcomes(spool, first.id());
        // Whoever tried the disk again and again would run out of it.
        files.operationsLeft = 1000;
        var hold =
                new SpoolRecord.Operator(
                        NOW, new SpoolRecord.OperatorAction.Hold(QueueScope.ALL, "broken"));

        assertThatThrownBy(() -> spool.appendAndWait(batch(hold)))
                .isInstanceOf(IOException.class)
                .hasMessage("The mail system cannot write to its disk");
        Inbox.Submission mail = spool.submit(envelope(1), begun, begun.lastPart(), "");
        assertThat(spool.await(mail)).hasValueSatisfying(r -> assertThat(r.code()).isEqualTo(451));

        files.operationsLeft = Long.MAX_VALUE;
        files.failsSync = _ -> false;
        spool.step(Inbox.Wake.WORK);
        spool.appendAndWait(batch(hold));
        Spool restarted = reopenAfterKill();
        Recovery recovery = restarted.takeRecovery();
        assertThat(recovery.operatorActions()).containsExactly(hold);
        assertThat(queued(restarted).getFirst().waiting().getFirst().recipients().size())
                .isEqualTo(1);
    }

    @Test
    @Timeout(60)
    void waitingForRoom_whenTheDiskFails_isTold() throws InterruptedException {
        var inbox = new Inbox(Duration.ofMillis(20), CLOCK);
        while (!inbox.wouldWait(Inbox.Kind.OUTCOME)) {
            inbox.put(new Inbox.Submission(Inbox.Kind.OUTCOME, List.of(), _ -> {}), false);
        }
        var answers = new ArrayList<Optional<SmtpReply>>();
        var waited = new Inbox.Submission(Inbox.Kind.WAITED, List.of(), _ -> {});
        Thread operator = Thread.ofPlatform().start(() -> answers.add(inbox.put(waited, true)));
        while (operator.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        assertThat(inbox.takeRefusable(SpoolWriter.NO_ROOM)).isEmpty();
        operator.join();

        assertThat(answers).containsExactly(Optional.of(SpoolWriter.NO_ROOM));
        assertThat(inbox.wouldWait(Inbox.Kind.OUTCOME)).isTrue();
        inbox.diskWorks();
        assertThat(inbox.wouldWait(Inbox.Kind.WAITED)).isTrue();
    }

    @Test
    void failedFolderSync_givesTheSegmentUp() throws IOException {
        Spool spool = open();
        SpooledMessage first = accept(spool, envelope(1), bytes(1000, 1));
        files.failsSync = name -> name.isEmpty() || name.equals(newest());
        assertRefused(offer(spool, envelope(1), bytes(1000, 2)), 451);
        spool.append(batch(delivered(first.id(), 0)), _ -> {});
        spool.step(Inbox.Wake.WORK);
        spool.step(Inbox.Wake.WORK);
        files.failsSync = _ -> false;
        spool.step(Inbox.Wake.WORK);
        Spool restarted = reopenAfterKill();
        Recovery recovery = restarted.takeRecovery();
        assertThat(queued(restarted)).isEmpty();
        assertThat(recovery.findings()).isEmpty();
    }

    @Test
    void fullDisk_refusesMail_takesOutcomes_andResumes() throws Exception {
        reserve = 4 * SEGMENT;
        files.capacity = 16 * SEGMENT;
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        var accepted = new ArrayList<SpooledMessage>();
        AcceptResult last = offer(spool, envelope(1), bytes(10_000, 0));
        while (last instanceof AcceptResult.Stored(SpooledMessage message)) {
            accepted.add(message);
            last = offer(spool, envelope(1), bytes(10_000, accepted.size()));
        }
        assertRefused(last, 452);
        // One spare is part of the reserve.
        assertThat(files.usableBytes() + SEGMENT).isGreaterThanOrEqualTo(reserve);
        assertThat(accepted).hasSizeGreaterThan(30);
        for (int i = 0; i < accepted.size(); i++) {
            QueueId id = accepted.get(i).id();
            for (int attempt = 1; attempt < 10; attempt++) {
                spool.appendAndWait(batch(deferred(id, attempt, NOW, 0)));
            }
            var report = new SpoolBatch.Report(envelope(1), bytes(500, i), id);
            var made =
                    spool.appendAndWait(new SpoolBatch(List.of(delivered(id, 0)), List.of(report)));
            spool.appendAndWait(batch(delivered(made.getFirst().id(), 0)));
        }
        assertRefused(offer(spool, envelope(1), bytes(10_000, 1)), 452);
        for (var taken = records.take(Duration.ZERO);
                !taken.isEmpty();
                taken = records.take(Duration.ZERO)) {
            records.release(taken.getLast().next());
        }
        for (int i = 0; i < 5; i++) {
            // A mark, a checkpoint, then the segments may go.
            spool.step(Inbox.Wake.NUDGE);
        }
        accept(spool, envelope(1), bytes(10_000, 2));
        assertThat(ids(reopenAfterKill())).hasSize(1);
    }

    @Test
    void noDescriptors_refuseMailAsAFullDiskDoes_andPass() throws IOException {
        Spool spool = open();
        files.failsOpen = true;
        int accepted = 0;
        AcceptResult last = offer(spool, envelope(1), bytes(10_000, 0));
        while (last instanceof AcceptResult.Stored) {
            accepted++;
            last = offer(spool, envelope(1), bytes(10_000, accepted));
        }
        assertRefused(last, 452);
        files.failsOpen = false;
        accept(spool, envelope(1), bytes(10_000, accepted));
        assertThat(ids(reopenAfterKill())).hasSize(accepted + 1);
    }

    /// The name of the newest segment may be in memory only, and that segment may be the only one
    /// that knows which are gone: a power cut that kept their new names and lost its own would look
    /// like damage.
    @Test
    void start_makesNamesDurable_beforeItUsesOldFiles() throws IOException {
        Spool spool = open();
        accept(spool, envelope(1), bytes(1000, 1));
        files = files.afterKill();
        open();
        assertThat(syncs(FaultyFiles.Sync.FOLDER))
                .as("once for the names found, once for the fresh segment")
                .isEqualTo(2);
    }

    @Test
    void fullDisk_leavesNoHalfSpare() throws IOException {
        files.capacity = 5 * SEGMENT / 2;
        Spool spool = open();
        accept(spool, envelope(1), bytes(1000, 1));
        assertThat(files.list())
                .allSatisfy(name -> assertThat(files.content(name)).hasSize(SEGMENT));
    }

    @Test
    void mail_doesNotEatTheReserve_evenWithoutASecondToLook() throws IOException {
        reserve = 3 * SEGMENT;
        files.capacity = 9 * SEGMENT;
        Spool spool = open();
        var flights = new ArrayList<Inbox.Submission>();
        for (int i = 0; i < 200; i++) {
            IncomingBody body = spool.newBody();
            body.write(bytes(4000, i), 0, 4000);
            flights.add(spool.submit(envelope(1), body, body.lastPart(), ""));
        }
        long refused = flights.stream().filter(f -> spool.await(f).isPresent()).count();
        assertThat(refused).isBetween(50L, 199L);
        assertThat(files.usableBytes()).isGreaterThanOrEqualTo(reserve - SEGMENT);
        assertThat(ids(reopenAfterKill())).hasSize((int) (200 - refused));
    }

    @Test
    void reclaimedFile_neverShowsOldBytes() throws Exception {
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        SpooledMessage old = accept(spool, envelope(1), bytes(9000, 1));
        spool.forgetBody(old);
        BodyReader reader = spool.read(old);
        spool.appendAndWait(batch(delivered(old.id(), 0)));
        SpoolFiles.SpoolFile file = old.location().body().getFirst().segment().file();
        var random = new Random(1);
        boolean isReused = false;
        while (!isReused) {
            SpooledMessage next = accept(spool, envelope(1), bytes(9000, random.nextLong()));
            spool.appendAndWait(batch(delivered(next.id(), 0)));
            for (CommittedRecord record : records.take(Duration.ZERO)) {
                records.release(record.next());
            }
            SpoolSegment reused = next.location().body().getFirst().segment();
            SpoolSegment first = old.location().body().getFirst().segment();
            isReused = reused.file().equals(file) && reused.sequence() > first.sequence();
        }
        assertThatThrownBy(reader::nextPart)
                .isInstanceOf(IOException.class)
                .hasMessageContaining(old.id().toString());
    }

    @Test
    void straggler_isCarriedForward_withItsState_underItsReader() throws Exception {
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        byte[] body = bytes(40_000, 7);
        SpooledMessage straggler = accept(spool, envelope(3), body);
        spool.forgetBody(straggler);
        var hold =
                new SpoolRecord.Operator(
                        NOW, new SpoolRecord.OperatorAction.Hold(QueueScope.ALL, "x"));
        spool.appendAndWait(batch(delivered(straggler.id(), 1), hold));
        spool.appendAndWait(batch(deferred(straggler.id(), 3, NOW.plusSeconds(9), 2)));
        BodyReader reader = spool.read(straggler);
        byte[] firstPart = reader.nextPart();
        for (int i = 0; i < 200; i++) {
            SpooledMessage next = accept(spool, envelope(1), bytes(9000, i));
            spool.appendAndWait(batch(delivered(next.id(), 0)));
            for (CommittedRecord record : records.take(Duration.ZERO)) {
                records.release(record.next());
            }
        }
        assertThat(files.list().stream().filter(name -> name.startsWith("segment-")).count())
                .isLessThan(12);
        var whole = new ByteArrayOutputStream();
        whole.writeBytes(firstPart);
        for (byte[] part = reader.nextPart(); part.length > 0; part = reader.nextPart()) {
            whole.writeBytes(part);
        }
        assertThat(whole.toByteArray()).isEqualTo(body);
        Spool again = reopenAfterKill();
        Recovery recovery = again.takeRecovery();
        assertThat(recovery.operatorActions()).containsExactly(hold);
        assertThat(ids(again)).containsExactly(straggler.id());
        RecoveredMessage found = queued(again).getFirst();
        assertThat(found.waiting())
                .extracting(RecoveredMessage.Waiting::attempts)
                .containsExactlyInAnyOrder(0, 3);
        assertThat(read(again, found.message())).isEqualTo(body);
    }

    @Test
    void close_underLoad_keepsWhatWasAcknowledged() throws IOException {
        Spool spool = open();
        var flights = new ArrayList<Inbox.Submission>();
        for (int i = 0; i < 50; i++) {
            IncomingBody body = spool.newBody();
            body.write(bytes(1000, i), 0, 1000);
            flights.add(spool.submit(envelope(1), body, body.lastPart(), ""));
        }
        spool.close();
        long durable = flights.stream().filter(flight -> flight.await().isEmpty()).count();
        assertThat(durable).isEqualTo(50);
        assertRefused(offer(spool, envelope(1), bytes(10, 1)), 451);
        Spool restarted = reopenAfterKill();
        Recovery recovery = restarted.takeRecovery();
        assertThat(queued(restarted)).hasSize(50);
        assertThat(recovery.findings()).isEmpty();
    }

    @Test
    void close_onADiskThatFails_ends() throws IOException {
        Spool spool = open();
        SpooledMessage first = accept(spool, envelope(1), bytes(1000, 1));
        files.failsSync = _ -> true;
        var durable = new ArrayList<String>();
        spool.append(batch(delivered(first.id(), 0)), _ -> durable.add("outcome"));
        spool.close();
        assertThat(durable).isEmpty();
        files.failsSync = _ -> false;
        files = files.afterCut(new Random(1));
        assertThat(ids(open())).containsExactly(first.id());
    }

    @Test
    void refusal_tells_beforeAMessageIsSent() throws IOException {
        Spool spool = open();
        assertThat(spool.refusal()).isEmpty();
        files.failsSync = newest()::equals;
        assertRefused(offer(spool, envelope(1), bytes(10, 1)), 451);
        assertThat(spool.refusal()).isPresent();
    }

    private int syncs(FaultyFiles.Sync kind) {
        return files.syncs.getOrDefault(kind, 0);
    }

    private static void assertRefused(AcceptResult result, int code) {
        assertThat(result).isInstanceOf(AcceptResult.Refused.class);
        assertThat(((AcceptResult.Refused) result).reply().code()).isEqualTo(code);
    }
}
