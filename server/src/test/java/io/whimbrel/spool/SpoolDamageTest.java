package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.accept;
import static io.whimbrel.spool.SpoolFixtures.batch;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.delivered;
import static io.whimbrel.spool.SpoolFixtures.envelope;
import static io.whimbrel.spool.SpoolFixtures.queued;
import static io.whimbrel.spool.SpoolFixtures.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.log.LogFormat;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.QueueId;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A disk that changes or loses what was acknowledged; and what the next start makes of it.
final class SpoolDamageTest extends FaultyDiskFixture {
    @Test
    void flippedByte_anywhereInAcknowledgedData_costsAtMostThatRecord() throws IOException {
        for (int offset = LogFormat.HEADER_BYTES; offset < 9000; offset += 61) {
            files = new FaultyFiles();
            Spool spool = open();
            var accepted = new ArrayList<SpooledMessage>();
            for (int i = 0; i < 5; i++) {
                accepted.add(accept(spool, envelope(1), bytes(900, i)));
            }
            spool.step(Inbox.Wake.IDLE);
            String name = newest();
            files.damage(name, offset, 0x40);
            files = files.afterKill();
            Spool again = open();
            Recovery recovery = again.takeRecovery();
            List<QueueId> left = ids(again);
            boolean isBehindTheLog = offset >= endOfLog(name);
            assertThat(recovery.findings()).as("at %d", offset).hasSizeLessThanOrEqualTo(2);
            assertThat(recovery.findings().isEmpty()).isEqualTo(isBehindTheLog);
            assertThat(recovery.findings()).allMatch(line -> line.contains(name));
            assertThat(left).hasSizeGreaterThanOrEqualTo(4);
            for (RecoveredMessage found : queued(again)) {
                int index =
                        accepted.stream()
                                .map(SpooledMessage::id)
                                .toList()
                                .indexOf(found.message().id());
                assertThat(read(again, found.message())).isEqualTo(bytes(900, index));
            }
            if (left.size() == 4) {
                // Out of the queue for good: the next start says nothing more about it.
                assertThat(ids(reopenAfterKill())).isEqualTo(left);
            }
        }
    }

    @Test
    void damagedBody_isQuarantined_byName() throws IOException {
        Spool spool = open();
        SpooledMessage damaged = accept(spool, envelope(2), bytes(40_000, 1));
        SpooledMessage good = accept(spool, envelope(1), bytes(900, 2));
        spool.step(Inbox.Wake.IDLE);
        SpoolSegment.Place part = damaged.location().body().get(1);
        files.damage(part.segment().name(), part.offset() + 300, 1);
        Spool restarted = reopenAfterKill();
        Recovery recovery = restarted.takeRecovery();
        assertThat(ids(restarted)).containsExactly(good.id());
        assertThat(recovery.findings())
                .anyMatch(line ->
                        line.contains("message " + damaged.id())
                                && line.contains(damaged.id() + ".message"));
        String kept =
                new String(
                        files.content(SpoolFiles.QUARANTINE + damaged.id() + ".message"),
                        StandardCharsets.ISO_8859_1);
        assertThat(kept)
                .contains("from <sender@example.org>", "to <user0@example.com>")
                .contains("to <user1@example.com>");
        assertThat(kept.length()).isGreaterThan(20_000);
    }

    @Test
    void damageToADeliveredMessage_isNoLoss() throws IOException {
        Spool spool = open();
        SpooledMessage message = accept(spool, envelope(1), bytes(9000, 1));
        spool.appendAndWait(batch(delivered(message.id(), 0)));
        spool.step(Inbox.Wake.IDLE);
        SpoolSegment.Place part = message.location().body().getFirst();
        files.damage(part.segment().name(), part.offset() + 300, 1);
        Spool restarted = reopenAfterKill();
        Recovery recovery = restarted.takeRecovery();
        assertThat(queued(restarted)).isEmpty();
        assertThat(recovery.findings()).hasSize(1);
    }

    @Test
    void damagedHeader_costsNothing() throws IOException {
        for (int copies = 1; copies <= 2; copies++) {
            files = new FaultyFiles();
            Spool spool = open();
            SpooledMessage message = accept(spool, envelope(1), bytes(900, 1));
            spool.step(Inbox.Wake.IDLE);
            for (int copy = 0; copy < copies; copy++) {
                files.damage(newest(), copy * 2048 + 30, 1);
            }
            assertThat(ids(reopenAfterKill())).containsExactly(message.id());
            assertThat(ids(reopenAfterKill())).containsExactly(message.id());
        }
    }

    @Test
    void tornTail_isCut_keptAndTold() throws IOException {
        Spool spool = open();
        SpooledMessage first = accept(spool, envelope(1), bytes(900, 1));
        String name = newest();
        files.ignored.add(FaultyFiles.Sync.RECORDS);
        SpooledMessage second = accept(spool, envelope(1), bytes(5000, 2));
        files.damage(name, second.location().accepted().offset() + 20, 1);
        files = files.afterKill();
        Spool again = open();
        Recovery recovery = again.takeRecovery();
        assertThat(ids(again)).containsExactly(first.id());
        assertThat(recovery.findings()).singleElement().asString().contains("cut short", name);
        // The tail is not looked at again.
        Spool restarted = reopenAfterKill();
        recovery = restarted.takeRecovery();
        assertThat(ids(restarted)).containsExactly(first.id());
        assertThat(recovery.findings()).isEmpty();
    }

    @Test
    void missingSegment_isNamed_theRestIsDelivered() throws IOException {
        Spool spool = open();
        var accepted = new ArrayList<SpooledMessage>();
        for (int i = 0; i < 30; i++) {
            accepted.add(accept(spool, envelope(1), bytes(9000, i)));
        }
        SpoolSegment lost = accepted.get(10).location().accepted().segment();
        files.lose(lost.name());
        Spool restarted = reopenAfterKill();
        Recovery recovery = restarted.takeRecovery();
        assertThat(recovery.findings()).anyMatch(line -> line.contains(lost.name()));
        List<QueueId> expected =
                accepted.stream()
                        .filter(message -> !message.location().accepted().segment().equals(lost))
                        .map(SpooledMessage::id)
                        .toList();
        assertThat(ids(restarted)).isEqualTo(expected);
    }

    @Test
    void missingOldestSegment_isNamed_whileItIsNeeded() throws IOException {
        Spool spool = open();
        var accepted = new ArrayList<SpooledMessage>();
        for (int i = 0; i < 30; i++) {
            accepted.add(accept(spool, envelope(1), bytes(9000, i)));
        }
        SpoolSegment lost = accepted.getFirst().location().accepted().segment();
        files.lose(lost.name());
        assertThat(reopenAfterKill().takeRecovery().findings())
                .anyMatch(line -> line.contains(lost.name()));
    }

    @Test
    void unreadableSector_isDamage_notTheEnd() throws IOException {
        Spool spool = open();
        accept(spool, envelope(1), bytes(900, 1));
        String name = newest();
        spool.close();
        files = files.afterKill();
        files.failsRead = name::equals;
        Spool again = open();
        assertThat(again.takeRecovery().findings()).anyMatch(line -> line.contains(name));
    }

    @Test
    void laterFormat_isRefused_byName() throws IOException {
        Spool spool = open();
        String name = newest();
        spool.close();
        files.damage(name, 11, (LogFormat.VERSION + 1) ^ LogFormat.VERSION);
        files.damage(name, 2048 + 11, (LogFormat.VERSION + 1) ^ LogFormat.VERSION);
        assertThatThrownBy(this::reopenAfterKill)
                .isInstanceOf(IOException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("later version");
    }

    /// Where the batches of a segment end.
    private int endOfLog(String name) throws IOException {
        var undamaged = new SpoolSegment(SpoolSegment.sequence(name), 0, files.open(name), SEGMENT);
        var block = ByteBuffer.allocate(LogFormat.HEADER_BYTES);
        undamaged.file().read(block, 0);
        long generation = LogFormat.header(block.clear()).orElseThrow().generation();
        var segment =
                new SpoolSegment(
                        SpoolSegment.sequence(name), generation, undamaged.file(), SEGMENT);
        var scan = new SpoolSegment.Scan(segment, SEGMENT, false);
        while (scan.next()) {
            assertThat(scan.place().offset()).isPositive();
        }
        return (int) scan.end();
    }
}
