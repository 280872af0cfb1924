package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.accept;
import static io.whimbrel.spool.SpoolFixtures.batch;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.deferred;
import static io.whimbrel.spool.SpoolFixtures.delivered;
import static io.whimbrel.spool.SpoolFixtures.envelope;
import static io.whimbrel.spool.SpoolFixtures.queued;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.RecipientNumbers;

import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// A damaged message leaves the queue, and the event log is told once, whatever is killed when.
final class QuarantinedMailTest {
    private static final int SEGMENT = 256 << 10;

    private FaultyFiles files = new FaultyFiles();
    private Instant now = SpoolFixtures.NOW;

    private Spool open() throws IOException {
        return IndexHome.open(files, SEGMENT, 0, () -> now);
    }

    private Spool reopenAfterKill() throws IOException {
        files = files.afterKill();
        return open();
    }

    private void damage(SpoolSegment.Place place) {
        files.damage(place.segment().name(), place.offset() + 60, 1);
    }

    private static List<CommittedRecord> events(Spool spool) throws Exception {
        return take(spool.records(Position.START));
    }

    private static List<CommittedRecord> take(CommittedRecords records) throws Exception {
        var all = new ArrayList<CommittedRecord>();
        for (var taken = records.take(Duration.ZERO);
                !taken.isEmpty();
                taken = records.take(Duration.ZERO)) {
            all.addAll(taken);
        }
        return all;
    }

    private static List<CommittedRecord> quarantines(List<CommittedRecord> events) {
        return events.stream()
                .filter(event -> event.record() instanceof SpoolRecord.Quarantined)
                .toList();
    }

    private static long accepts(List<CommittedRecord> events) {
        return events.stream()
                .filter(event -> event.record() instanceof SpoolRecord.Accepted)
                .count();
    }

    @Test
    void damageFoundAtAStart_isOneEvent_forRecipientsThatWereQueued() throws Exception {
        Spool spool = open();
        SpooledMessage bad = accept(spool, envelope(3), bytes(40_000, 1));
        accept(spool, envelope(1), bytes(900, 2));
        spool.appendAndWait(batch(delivered(bad.id(), 1)));
        spool.step(Inbox.Wake.IDLE);
        damage(bad.location().body().getFirst());
        for (int start = 0; start < 3; start++) {
            Spool again = reopenAfterKill();
            List<CommittedRecord> events = events(again);
            assertThat(accepts(events)).as("start %d", start).isEqualTo(2);
            assertThat(events).hasSize(4);
            CommittedRecord event = quarantines(events).getFirst();
            var record = (SpoolRecord.Quarantined) event.record();
            assertThat(record.id()).isEqualTo(bad.id());
            assertThat(record.recipients()).isEqualTo(RecipientNumbers.of(0, 2));
            assertThat(event.message().orElseThrow().envelope()).isEqualTo(bad.envelope());
            assertThat(queued(again)).hasSize(1);
        }
    }

    @Test
    void bodyFoundDamagedAtDelivery_leavesTheQueue_andIsToldOnce() throws Exception {
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        SpooledMessage bad = accept(spool, envelope(2), bytes(40_000, 1));
        spool.forgetBody(bad);
        damage(bad.location().body().getFirst());
        for (int attempt = 0; attempt < 2; attempt++) {
            assertThatThrownBy(() -> spool.read(bad).nextPart()).isInstanceOf(IOException.class);
            spool.step(Inbox.Wake.NUDGE);
        }

        assertThat(quarantines(take(records))).hasSize(1);
        assertThat(queued(spool)).isEmpty();
    }

    @Test
    void damageFoundWhenMailIsDue_isOneEvent_andHidesNoOtherMail() throws Exception {
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        SpooledMessage bad = accept(spool, envelope(2), bytes(900, 1));
        SpooledMessage good = accept(spool, envelope(1), bytes(900, 2));
        spool.rest(bad, RecipientNumbers.all(2), 0);
        spool.rest(good, RecipientNumbers.all(1), 0);
        spool.step(Inbox.Wake.IDLE);
        damage(bad.location().accepted());

        assertThat(queued(spool)).hasSize(1);
        var due = new ArrayList<SpooledMessage>();
        spool.start(new TakesAll(due));
        for (int i = 0; i < 5; i++) {
            spool.step(Inbox.Wake.NUDGE);
        }
        assertThat(due).extracting(SpooledMessage::id).containsExactly(good.id());
        List<CommittedRecord> told = quarantines(take(records));
        assertThat(told).hasSize(1);
        var record = (SpoolRecord.Quarantined) told.getFirst().record();
        assertThat(record.recipients()).isEqualTo(RecipientNumbers.all(2));
        assertThat(record.queues()).containsExactly(inQueue(2));
        for (int start = 0; start < 2; start++) {
            assertThat(quarantines(events(reopenAfterKill())))
                    .extracting(CommittedRecord::record)
                    .containsExactly(record);
        }
    }

    private static SpoolRecord.InQueue inQueue(int recipients) {
        var queue = new QueueName(envelope(1).stream(), new DomainName("example.com"));
        return new SpoolRecord.InQueue(queue, RecipientNumbers.all(recipients));
    }

    @Test
    void damageFoundWhenMailIsDue_leavesTheBadBytes_andTheGoodBody() throws Exception {
        Spool spool = open();
        byte[] body = bytes(900, 1);
        SpooledMessage bad = accept(spool, envelope(2), body);
        spool.rest(bad, RecipientNumbers.all(2), 0);
        spool.step(Inbox.Wake.IDLE);
        SpoolSegment.Place place = bad.location().accepted();
        damage(place);
        spool.start(new TakesAll(new ArrayList<>()));
        step(spool);

        assertThat(kept(place)).isEqualTo(written(place));
        byte[] message = files.content(SpoolFiles.QUARANTINE + bad.id() + ".message");
        assertThat(message).endsWith(body);
        assertThat(new String(message, StandardCharsets.ISO_8859_1)).doesNotContain("\nfrom ");
        String name = Quarantine.nameOf(place.segment(), place.offset());
        assertThat(files.afterCut(new Random(1)).exists(name)).as("durably").isTrue();
    }

    @Test
    void damagedBody_foundWhenMailIsCarried_leavesTheEnvelope() throws Exception {
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        SpooledMessage bad = accept(spool, envelope(2), bytes(900, 1));
        spool.appendAndWait(batch(deferred(bad.id(), 1, now.plusSeconds(100_000), 0, 1)));
        spool.rest(bad, RecipientNumbers.all(2), 1);
        SpoolSegment.Place place = bad.location().body().getFirst();
        damage(place);
        var told = new ArrayList<CommittedRecord>();
        for (int i = 0; i < 400 && told.isEmpty(); i++) {
            now = now.plusSeconds(1);
            SpooledMessage passing = accept(spool, envelope(1), bytes(9000, i));
            spool.appendAndWait(batch(delivered(passing.id(), 0)));
            for (CommittedRecord record : records.take(Duration.ZERO)) {
                records.release(record.next());
                told.addAll(quarantines(List.of(record)));
            }
        }

        assertThat(told).hasSize(1);
        assertThat(kept(place)).isEqualTo(written(place));
        String name = SpoolFiles.QUARANTINE + bad.id() + ".message";
        assertThat(new String(files.content(name), StandardCharsets.UTF_8))
                .contains(
                        "from <sender@example.org>",
                        "to <user0@example.com>",
                        "to <user1@example.com>");
    }

    private byte[] kept(SpoolSegment.Place place) {
        return files.content(Quarantine.nameOf(place.segment(), place.offset()));
    }

    /// As it stands there, damage included.
    private byte[] written(SpoolSegment.Place place) {
        byte[] all = files.content(place.segment().name());
        return Arrays.copyOfRange(all, place.offset(), place.offset() + place.length());
    }

    @Test
    void missingSegment_isOneFinding_andItsMailIsToldWithItsQueue() throws Exception {
        Spool spool = open();
        var resting = new ArrayList<SpooledMessage>();
        for (int i = 0; i < 60; i++) {
            now = now.plusSeconds(1);
            SpooledMessage message = accept(spool, envelope(2), bytes(9000, i));
            spool.appendAndWait(batch(deferred(message.id(), 1, now.plusSeconds(100_000), 0, 1)));
            spool.rest(message, RecipientNumbers.all(2), 1);
            resting.add(message);
        }
        SpoolSegment segment = resting.getFirst().location().accepted().segment();
        List<SpooledMessage> lost =
                resting.stream().filter(message -> message.location().isIn(segment)).toList();
        step(spool);
        var failed = new SpoolRecord.Deferred[lost.size()];
        for (int i = 0; i < failed.length; i++) {
            failed[i] = deferred(lost.get(i).id(), 2, now.plusSeconds(200_000), 0, 1);
        }
        spool.appendAndWait(batch(failed));
        files.lose(segment.name());
        var logged = new ListAppender<ILoggingEvent>();
        logged.start();
        var log = (Logger) LoggerFactory.getLogger(LiveMessages.class);
        log.addAppender(logged);
        Spool again = reopenAfterKill();
        log.detachAppender(logged);

        assertThat(again.takeRecovery().findings())
                .filteredOn(line -> line.contains(segment.name()))
                .singleElement()
                .asString()
                .contains(": " + lost.size() + " messages");
        assertThat(logged.list).as("a line for each record about it").isEmpty();
        assertThat(quarantines(events(again)))
                .hasSize(lost.size())
                .allSatisfy(event -> {
                    assertThat(event.message()).isEmpty();
                    var record = (SpoolRecord.Quarantined) event.record();
                    assertThat(record.queues()).containsExactly(inQueue(2));
                });
    }

    @Test
    void damageFoundWhenMailIsDue_staysInTheQueue_untilWhatIsLeftIsKept() throws Exception {
        Spool spool = open();
        CommittedRecords records = spool.records(Position.START);
        SpooledMessage bad = accept(spool, envelope(2), bytes(900, 1));
        spool.rest(bad, RecipientNumbers.all(2), 0);
        spool.step(Inbox.Wake.IDLE);
        damage(bad.location().accepted());
        files.failsWrite = name -> name.endsWith(".message");
        spool.start(new TakesAll(new ArrayList<>()));
        step(spool);
        assertThat(quarantines(take(records))).isEmpty();
        assertThat(spool.warnings()).singleElement().asString().contains("1 damaged message");

        files.failsWrite = _ -> false;
        step(spool);
        assertThat(quarantines(take(records))).as("before a minute is over").isEmpty();
        now = now.plusSeconds(60);
        step(spool);

        assertThat(quarantines(take(records))).hasSize(1);
        assertThat(spool.warnings()).isEmpty();
        assertThat(files.exists(SpoolFiles.QUARANTINE + bad.id() + ".message")).isTrue();
    }

    @Test
    void damageFoundAtAStart_keepsCheckpointsBack_untilWhatIsLeftIsKept() throws Exception {
        Spool spool = open();
        SpooledMessage bad = accept(spool, envelope(3), bytes(40_000, 1));
        spool.appendAndWait(batch(delivered(bad.id(), 1)));
        spool.step(Inbox.Wake.IDLE);
        damage(bad.location().body().getFirst());
        files = files.afterKill();
        files.failsWrite = name -> name.endsWith(".message");
        Spool again = open();
        CommittedRecords records = again.records(Position.START);
        assertThat(again.takeRecovery().findings())
                .anyMatch(line -> line.contains("no space of the spool is reclaimed"));
        assertThat(again.warnings()).singleElement().asString().contains("no space");
        SpooledMessage held = accept(again, envelope(1), bytes(900, 2));
        now = now.plusSeconds(90);
        step(again);
        assertThat(quarantines(take(records))).isEmpty();
        assertThat(held.row()).as("what a checkpoint begins with").isEmpty();

        files.failsWrite = _ -> false;
        now = now.plusSeconds(90);
        step(again);

        var record = (SpoolRecord.Quarantined) quarantines(take(records)).getFirst().record();
        assertThat(record.recipients()).isEqualTo(RecipientNumbers.of(0, 2));
        assertThat(again.warnings()).isEmpty();
        assertThat(held.row()).isPresent();
        Spool last = reopenAfterKill();
        assertThat(last.takeRecovery().findings())
                .noneMatch(line -> line.contains("message " + bad.id()));
        assertThat(quarantines(events(last))).hasSize(1);
        assertThat(queued(last)).hasSize(1);
    }

    private static void step(Spool spool) {
        for (int i = 0; i < 6; i++) {
            spool.step(Inbox.Wake.NUDGE);
        }
    }

    private record TakesAll(List<SpooledMessage> due) implements Waking {
        @Override
        public Room room(QueueName queue) {
            return new Room.Take(100);
        }

        @Override
        public void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore) {
            messages.forEach(one -> due.add(one.message()));
        }
    }
}
