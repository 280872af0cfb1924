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
import static io.whimbrel.spool.SpoolFixtures.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.log.Position;
import io.whimbrel.mail.QueueScope;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/// An event log that takes nothing for a while, as where it cannot write.
@Timeout(120)
final class StuckEventLogTest {
    private static final int RECORDS = 1024;
    private static final int BATCHES = CommittedRecords.WAITING_MAX / RECORDS;

    @Test
    void eventLogThatTakesNothing_refusesMail_stopsDeliveries_untilItGoesOn(@TempDir Path folder)
            throws Exception {
        try (Spool spool = Spool.open(settings(folder, 8 << 20), Position.START, CLOCK)) {
            CommittedRecords records = spool.records(Position.START);
            SpooledMessage message = accept(spool, envelope(2), bytes(100, 1));
            fill(spool, message);

            // Callers are released before the reader is told.
            while (spool.refusal().isEmpty()) {
                Thread.onSpinWait();
            }
            assertThat(spool.refusal()).contains(SpoolWriter.UNTOLD);
            assertThat(offer(spool, envelope(1), bytes(100, 2)))
                    .isEqualTo(new AcceptResult.Refused(SpoolWriter.UNTOLD));
            var hold =
                    new SpoolRecord.Operator(
                            NOW, new SpoolRecord.OperatorAction.Hold(QueueScope.ALL, ""));
            assertThatThrownBy(() -> spool.appendAndWait(batch(hold)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("event log");
            var durable = new CountDownLatch(1);
            var outcome = batch(delivered(message.id(), 0));
            Thread delivery =
                    Thread.ofPlatform()
                            .start(() -> spool.append(outcome, _ -> durable.countDown()));
            while (delivery.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            assertThat(durable.getCount()).isEqualTo(1);

            int told = takeAll(records);
            delivery.join();
            durable.await();
            assertThat(told + takeAll(records)).isEqualTo(2 + BATCHES * RECORDS);
            accept(spool, envelope(1), bytes(100, 3));
            spool.appendAndWait(batch(hold));
        }
    }

    @Test
    void stop_takesInWhatWasDelivered_thoughTheEventLogTakesNothing(@TempDir Path folder)
            throws Exception {
        try (Spool spool = Spool.open(settings(folder, 8 << 20), Position.START, CLOCK)) {
            CommittedRecords records = spool.records(Position.START);
            SpooledMessage message = accept(spool, envelope(2), bytes(100, 1));
            fill(spool, message);
            while (spool.refusal().isEmpty()) {
                Thread.onSpinWait();
            }
            var durable = new CountDownLatch(1);
            var outcome = batch(delivered(message.id(), 0));
            Thread delivery =
                    Thread.ofPlatform()
                            .start(() -> spool.append(outcome, _ -> durable.countDown()));
            while (delivery.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }

            spool.stopBegins();

            delivery.join();
            durable.await();
            assertThat(spool.refusal()).as("it is stuck still").contains(SpoolWriter.UNTOLD);
            assertThat(takeAll(records)).isEqualTo(2 + BATCHES * RECORDS);
        }
    }

    @Test
    void checkpoint_thatTheEventLogKeepsBack_isNotBegun() throws Exception {
        var now = new AtomicReference<>(NOW);
        Spool spool = IndexHome.open(new FaultyFiles(), 1 << 20, 0, now::get);
        CommittedRecords records = spool.records(Position.START);
        SpooledMessage held = accept(spool, envelope(1), bytes(100, 1));
        SpooledMessage done = accept(spool, envelope(1), bytes(100, 2));
        spool.appendAndWait(batch(delivered(done.id(), 0)));
        now.set(NOW.plusSeconds(60));
        step(spool);
        assertThat(held.row()).isEmpty();

        takeAll(records);
        step(spool);

        assertThat(held.row()).as("what a checkpoint begins with").isPresent();
        spool.close();
    }

    private static void step(Spool spool) {
        for (int i = 0; i < 4; i++) {
            spool.step(Inbox.Wake.NUDGE);
        }
    }

    private static void fill(Spool spool, SpooledMessage message) throws IOException {
        SpoolRecord one = deferred(message.id(), 1, NOW, 1);
        var many = new SpoolBatch(Collections.nCopies(RECORDS, one), List.of());
        for (int i = 0; i < BATCHES; i++) {
            spool.appendAndWait(many);
        }
    }

    private static int takeAll(CommittedRecords records) throws InterruptedException {
        int count = 0;
        for (var taken = records.take(Duration.ofMillis(200));
                !taken.isEmpty();
                taken = records.take(Duration.ofMillis(200))) {
            records.release(taken.getLast().next());
            count += taken.size();
        }
        return count;
    }
}
