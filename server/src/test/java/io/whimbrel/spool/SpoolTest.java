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
import static io.whimbrel.spool.SpoolFixtures.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.log.Position;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The spool on a real disk, with its threads.
final class SpoolTest {
    private static final long MIB = 1 << 20;

    @TempDir Path folder;

    private Spool open() throws IOException {
        return Spool.open(settings(folder, MIB), Position.START, CLOCK);
    }

    @Test
    void awaitIndex_whileTheIndexIsBusy_endsWhenToldTo() throws Exception {
        var isAsked = new CountDownLatch(1);
        var goesOn = new CountDownLatch(1);
        try (Spool spool = open()) {
            SpooledMessage message = accept(spool, envelope(1), bytes(100, 1));
            spool.rest(message, RecipientNumbers.all(1), 0);
            spool.start(
                    asked(() -> {
                        isAsked.countDown();
                        goesOn.await();
                        return new Waking.Room.Later(Duration.ofDays(1));
                    }));
            isAsked.await();
            assertThatThrownBy(() -> spool.awaitIndex(() -> true))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("stopping");
            goesOn.countDown();
            spool.awaitIndex(() -> false);
        }
    }

    @Test
    void awaitIndex_whileTheIndexFails_saysSo() throws Exception {
        var isAsked = new CountDownLatch(1);
        try (Spool spool = open()) {
            SpooledMessage message = accept(spool, envelope(1), bytes(100, 1));
            spool.rest(message, RecipientNumbers.all(1), 0);
            spool.start(
                    asked(() -> {
                        isAsked.countDown();
                        throw new IllegalStateException("a test makes the index thread fail");
                    }));
            isAsked.await();
            // For the second that follows.
            assertThatThrownBy(() -> spool.awaitIndex(() -> false))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot be written at present");
        }
    }

    private static Waking asked(Callable<Waking.Room> answer) {
        return new Waking() {
            @Override
            public Room room(QueueName queue) {
                try {
                    return answer.call();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }

            @Override
            public void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore) {}
        };
    }

    @Test
    void bodyMemory_isBounded_andADeferralFreesIt() throws IOException {
        try (Spool spool = open()) {
            var accepted = new ArrayList<SpooledMessage>();
            for (int i = 0; i < 8; i++) {
                accepted.add(accept(spool, envelope(1), bytes(200_000, i)));
            }
            assertThat(accepted.stream().filter(SpooledMessage::isInMemory)).hasSize(5);
            assertThat(accepted.getLast().isInMemory()).isFalse();
            assertThat(read(spool, accepted.getLast())).isEqualTo(bytes(200_000, 7));

            QueueId first = accepted.getFirst().id();
            spool.appendAndWait(batch(deferred(first, 1, NOW.plusSeconds(600), 0)));
            assertThat(accepted.getFirst().isInMemory()).isFalse();
            assertThat(accept(spool, envelope(1), bytes(200_000, 9)).isInMemory()).isTrue();
            assertThat(read(spool, accepted.getFirst())).isEqualTo(bytes(200_000, 0));
        }
    }

    @Test
    void accepted_isReadBack_fromMemoryAndFromDisk() throws IOException {
        byte[] body = bytes(5000, 1);
        try (Spool spool = open()) {
            SpooledMessage message = accept(spool, envelope(2), body);
            assertThat(read(spool, message)).isEqualTo(body);
            assertThat(message.isInMemory()).isTrue();
            spool.forgetBody(message);
            assertThat(message.isInMemory()).isFalse();
            assertThat(read(spool, message)).isEqualTo(body);
        }
    }

    @Test
    void accepted_survivesRestart_withEnvelope() throws IOException {
        byte[] body = bytes(5000, 1);
        Envelope envelope = envelope(3);
        SpooledMessage before;
        try (Spool spool = open()) {
            before = accept(spool, envelope, body);
        }
        try (Spool spool = open()) {
            Recovery recovery = spool.takeRecovery();
            assertThat(recovery.findings()).isEmpty();
            assertThat(queued(spool)).hasSize(1);
            RecoveredMessage recovered = queued(spool).getFirst();
            assertThat(recovered.message().id()).isEqualTo(before.id());
            assertThat(recovered.message().envelope()).isEqualTo(envelope);
            assertThat(recovered.message().size()).isEqualTo(5000);
            assertThat(recovered.waiting())
                    .containsExactly(
                            new RecoveredMessage.Waiting(RecipientNumbers.all(3), 0, NOW, false));
            assertThat(read(spool, recovered.message())).isEqualTo(body);
        }
    }

    @Test
    void emptyBody_isAMessageToo() throws IOException {
        try (Spool spool = open()) {
            assertThat(read(spool, accept(spool, envelope(1), new byte[0]))).isEmpty();
        }
        try (Spool spool = open()) {
            assertThat(queued(spool)).hasSize(1);
        }
    }

    @Test
    void bodyOf50Mib_passesThroughSmallSegments() throws IOException {
        byte[] body = bytes(50 << 20, 2);
        try (Spool spool = open()) {
            assertThat(read(spool, accept(spool, envelope(1), body))).isEqualTo(body);
        }
        try (Spool spool = open()) {
            SpooledMessage message = queued(spool).getFirst().message();
            assertThat(read(spool, message)).isEqualTo(body);
        }
    }

    @Test
    void envelopeLargerThanABatch_isAccepted() throws IOException {
        Envelope envelope = envelope(RecordCodec.RECIPIENTS_MAX);
        try (Spool spool = open()) {
            accept(spool, envelope, bytes(100, 3));
        }
        try (Spool spool = open()) {
            assertThat(queued(spool).getFirst().message().envelope()).isEqualTo(envelope);
        }
    }

    @Test
    void moreThan100000Recipients_areAMistakeOfTheCaller() throws IOException {
        try (Spool spool = open()) {
            Envelope envelope = envelope(RecordCodec.RECIPIENTS_MAX + 1);
            assertThatThrownBy(() -> accept(spool, envelope, new byte[1]))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void recipientStates_surviveRestart() throws IOException {
        try (Spool spool = open()) {
            SpooledMessage message = accept(spool, envelope(4), bytes(100, 4));
            spool.appendAndWait(batch(delivered(message.id(), 1)));
            spool.appendAndWait(batch(deferred(message.id(), 2, NOW.plusSeconds(60), 0, 3)));
        }
        try (Spool spool = open()) {
            assertThat(queued(spool).getFirst().waiting())
                    .containsExactlyInAnyOrder(
                            new RecoveredMessage.Waiting(
                                    RecipientNumbers.of(0, 3), 2, NOW.plusSeconds(60), true),
                            new RecoveredMessage.Waiting(RecipientNumbers.of(2), 0, NOW, false));
        }
    }

    @Test
    void settledMessages_doNotComeBack() throws IOException {
        try (Spool spool = open()) {
            SpooledMessage message = accept(spool, envelope(2), bytes(100, 4));
            spool.appendAndWait(batch(delivered(message.id(), 0)));
            spool.appendAndWait(batch(delivered(message.id(), 1)));
            assertThat(message.isInMemory()).isFalse();
        }
        try (Spool spool = open()) {
            assertThat(queued(spool)).isEmpty();
        }
    }

    @Test
    void report_isSpooledWithItsCause() throws IOException {
        byte[] notice = bytes(2000, 5);
        try (Spool spool = open()) {
            SpooledMessage cause = accept(spool, envelope(1), bytes(100, 4));
            var report = new SpoolBatch.Report(envelope(1), notice, cause.id());
            var done =
                    spool.appendAndWait(
                            new SpoolBatch(List.of(delivered(cause.id(), 0)), List.of(report)));
            assertThat(read(spool, done.getFirst())).isEqualTo(notice);
        }
        try (Spool spool = open()) {
            List<RecoveredMessage> messages = queued(spool);
            assertThat(messages).hasSize(1);
            assertThat(read(spool, messages.getFirst().message())).isEqualTo(notice);
        }
    }

    @Test
    void batchLargerThanASegment_isWrittenAsOne() throws IOException {
        byte[] notice = bytes(256 << 10, 6);
        var reports = new ArrayList<SpoolBatch.Report>();
        try (Spool spool = open()) {
            SpooledMessage cause = accept(spool, envelope(9), bytes(100, 4));
            for (int i = 0; i < 9; i++) {
                reports.add(new SpoolBatch.Report(envelope(1), notice, cause.id()));
            }
            var settled = delivered(cause.id(), 0, 1, 2, 3, 4, 5, 6, 7, 8);
            assertThat(spool.appendAndWait(new SpoolBatch(List.of(settled), reports))).hasSize(9);
        }
        try (Spool spool = open()) {
            List<RecoveredMessage> messages = queued(spool);
            assertThat(messages).hasSize(9);
            assertThat(read(spool, messages.getLast().message())).isEqualTo(notice);
            var tooMany = new SpoolBatch(List.of(), Collections.nCopies(70, reports.getFirst()));
            assertThatThrownBy(() -> spool.appendAndWait(tooMany))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("16 MiB");
        }
    }

    @Test
    void operatorActions_surviveRestart_untilEnded() throws IOException {
        QueueScope domain =
                new QueueScope(
                        Optional.empty(),
                        Optional.of(new DomainName("example.com")),
                        Optional.empty(),
                        Optional.empty());
        var hold = new SpoolRecord.Operator(NOW, new SpoolRecord.OperatorAction.Hold(domain, "x"));
        var suspend =
                new SpoolRecord.Operator(
                        NOW,
                        new SpoolRecord.OperatorAction.Suspend(
                                QueueScope.ALL, Duration.ofHours(1), "y"));
        try (Spool spool = open()) {
            spool.appendAndWait(batch(hold, suspend));
        }
        try (Spool spool = open()) {
            assertThat(spool.takeRecovery().operatorActions())
                    .containsExactlyInAnyOrder(hold, suspend);
            spool.appendAndWait(
                    batch(
                            new SpoolRecord.Operator(
                                    NOW, new SpoolRecord.OperatorAction.Release(domain)),
                            new SpoolRecord.Operator(
                                    NOW, new SpoolRecord.OperatorAction.Resume(QueueScope.ALL))));
        }
        try (Spool spool = open()) {
            assertThat(spool.takeRecovery().operatorActions()).isEmpty();
        }
    }

    @Test
    void retryNow_survivesRestart() throws IOException {
        try (Spool spool = open()) {
            SpooledMessage message = accept(spool, envelope(1), bytes(100, 4));
            spool.appendAndWait(batch(deferred(message.id(), 1, NOW.plusSeconds(600), 0)));
            spool.appendAndWait(
                    batch(
                            new SpoolRecord.Operator(
                                    NOW.plusSeconds(1),
                                    new SpoolRecord.OperatorAction.RetryNow(QueueScope.ALL))));
        }
        try (Spool spool = open()) {
            assertThat(queued(spool).getFirst().waiting().getFirst().dueAt())
                    .isEqualTo(NOW.plusSeconds(1));
        }
    }

    @Test
    void secondOpen_isRefused_byName() throws IOException {
        try (Spool _ = open()) {
            assertThatThrownBy(this::open)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("another process uses the spool")
                    .hasMessageContaining(folder.toString());
        }
        open().close();
    }

    @Test
    void append_callsBack_afterTheSync() throws Exception {
        try (Spool spool = open()) {
            SpooledMessage message = accept(spool, envelope(1), bytes(10, 1));
            var called = new CountDownLatch(1);
            spool.append(batch(delivered(message.id(), 0)), _ -> called.countDown());
            assertThat(called.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void records_comeLive_andAgainAfterRestart_fromAnyPosition() throws Exception {
        var live = new ArrayList<CommittedRecord>();
        try (Spool spool = open()) {
            CommittedRecords records = spool.records(Position.START);
            for (int i = 0; i < 5; i++) {
                SpooledMessage message = accept(spool, envelope(3), bytes(300_000, i));
                spool.appendAndWait(batch(deferred(message.id(), 1, NOW, 0)));
                spool.appendAndWait(batch(delivered(message.id(), 0, 1, 2)));
            }
            accept(spool, envelope(2), bytes(10, 9));
            while (live.size() < 16) {
                live.addAll(records.take(Duration.ofSeconds(5)));
            }
        }
        for (int start = 0; start <= live.size(); start++) {
            Position from = start == 0 ? Position.START : live.get(start - 1).next();
            try (Spool spool = open()) {
                CommittedRecords records = spool.records(from);
                var again = new ArrayList<CommittedRecord>();
                while (again.size() < live.size() - start) {
                    again.addAll(records.take(Duration.ofSeconds(5)));
                }
                assertThat(again.stream().map(CommittedRecord::record))
                        .isEqualTo(live.stream().skip(start).map(CommittedRecord::record).toList());
                assertThat(again.stream().map(r -> r.message().orElseThrow().envelope()))
                        .isEqualTo(
                                live.stream()
                                        .skip(start)
                                        .map(r -> r.message().orElseThrow().envelope())
                                        .toList());
                assertThat(records.take(Duration.ZERO)).isEmpty();
            }
        }
    }

    @Test
    void close_endsTheRecords() throws Exception {
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        accept(spool, envelope(1), bytes(10, 1));
        spool.close();
        assertThat(records.isAtEnd()).isFalse();
        assertThat(records.take(Duration.ZERO)).hasSize(1);
        assertThat(records.isAtEnd()).isTrue();
    }

    @Test
    void ids_ascend_evenWhenTheClockGoesBack() throws IOException {
        SpooledMessage first;
        try (Spool spool = open()) {
            first = accept(spool, envelope(1), bytes(10, 1));
        }
        var earlier = InstantSource.fixed(NOW.minusSeconds(86_400));
        try (Spool spool = Spool.open(settings(folder, MIB), Position.START, earlier)) {
            assertThat(spool.newBody().id()).isGreaterThan(first.id());
        }
    }

    @Test
    void manyClients_closeUnderLoad_nothingAcknowledgedIsLost() throws Exception {
        Set<QueueId> stored = ConcurrentHashMap.newKeySet();
        Set<QueueId> settled = ConcurrentHashMap.newKeySet();
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        Thread reader = Thread.startVirtualThread(() -> releaseAll(records));
        var clients = new ArrayList<Thread>();
        var enough = new CountDownLatch(300);
        for (int i = 0; i < 32; i++) {
            byte[] body = bytes(i % 8 == 0 ? 400_000 : 5000, i);
            clients.add(
                    Thread.startVirtualThread(() -> {
                        while (offer(spool, envelope(2), body)
                                instanceof AcceptResult.Stored(var message)) {
                            stored.add(message.id());
                            spool.append(
                                    batch(delivered(message.id(), 0, 1)),
                                    _ -> settled.add(message.id()));
                            enough.countDown();
                        }
                    }));
        }
        assertThat(enough.await(30, TimeUnit.SECONDS)).isTrue();
        spool.close();
        for (Thread client : clients) {
            client.join();
        }
        reader.join();
        stored.removeAll(settled);
        try (Spool again = open()) {
            Recovery recovery = again.takeRecovery();
            assertThat(recovery.findings()).isEmpty();
            assertThat(queued(again).stream().map(found -> found.message().id()))
                    .containsAll(stored)
                    .doesNotContainAnyElementsOf(settled);
        }
    }

    private static void releaseAll(CommittedRecords records) {
        try {
            while (!records.isAtEnd()) {
                for (CommittedRecord record : records.take(Duration.ofSeconds(1))) {
                    records.release(record.next());
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void holdByAge_survivesARestart_untilALaterAgeIsReleased() throws IOException {
        QueueScope older = QueueScope.ALL.noLaterThan(new QueueId(5));
        var hold = new SpoolRecord.Operator(NOW, new SpoolRecord.OperatorAction.Hold(older, "x"));
        try (Spool spool = open()) {
            spool.appendAndWait(
                    batch(
                            hold,
                            new SpoolRecord.Operator(
                                    NOW, new SpoolRecord.OperatorAction.Release(QueueScope.ALL))));
        }
        try (Spool spool = open()) {
            assertThat(spool.takeRecovery().operatorActions()).containsExactly(hold);
            QueueScope later = QueueScope.ALL.noLaterThan(new QueueId(6));
            spool.appendAndWait(
                    batch(
                            new SpoolRecord.Operator(
                                    NOW, new SpoolRecord.OperatorAction.Release(later))));
        }
        try (Spool spool = open()) {
            assertThat(spool.takeRecovery().operatorActions()).isEmpty();
        }
    }
}
