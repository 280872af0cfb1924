package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.NOW;
import static io.whimbrel.spool.SpoolFixtures.accept;
import static io.whimbrel.spool.SpoolFixtures.batch;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.deferred;
import static io.whimbrel.spool.SpoolFixtures.envelope;
import static io.whimbrel.spool.SpoolFixtures.queued;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.index.IndexSettings;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Mail that rests in the index comes back when it is due, whatever else goes on.
final class RestingMailTest {
    private final List<QueueId> came = new ArrayList<>();
    private FaultyFiles files = new FaultyFiles();
    private Instant now = NOW;

    private final class Taker implements Waking {
        @Override
        public Room room(QueueName queue) {
            return new Room.Take(100);
        }

        @Override
        public void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore) {
            messages.forEach(one -> came.add(one.message().id()));
        }
    }

    private Spool open() throws IOException {
        Spool spool = IndexHome.open(files, 64 << 10, 0, () -> now);
        spool.start(new Taker());
        return spool;
    }

    private static void step(Spool spool) {
        for (int i = 0; i < 4; i++) {
            spool.step(Inbox.Wake.WORK);
        }
    }

    private void pass(Spool spool, Duration time) {
        now = now.plus(time);
        step(spool);
    }

    /// A message that was tried `attempt` times and rests until `due`.
    private static void rest(Spool spool, SpooledMessage message, int attempt, Instant due)
            throws IOException {
        spool.appendAndWait(batch(deferred(message.id(), attempt, due, 0)));
        spool.rest(message, RecipientNumbers.all(1), attempt);
        step(spool);
    }

    @Test
    void freshMailInMemory_doesNotHideWhatRestsInItsQueue() throws IOException {
        Spool spool = open();
        SpooledMessage resting = accept(spool, envelope(1), bytes(900, 1));
        rest(spool, resting, 1, now.plusSeconds(300));
        accept(spool, envelope(1), bytes(900, 2));
        // The fresh one gets a row with the next checkpoint.
        pass(spool, Duration.ofSeconds(31));
        accept(spool, envelope(1), bytes(900, 3));
        pass(spool, Duration.ofSeconds(31));
        assertThat(came).isEmpty();
        pass(spool, Duration.ofMinutes(5));
        assertThat(came).containsExactly(resting.id());
    }

    @Test
    void retryNow_doesNotConcernWhatWasPutOffLater_alsoAfterAKill() throws IOException {
        Spool spool = open();
        SpooledMessage message = accept(spool, envelope(1), bytes(900, 1));
        rest(spool, message, 1, now.plusSeconds(3600));
        var retry = new SpoolRecord.OperatorAction.RetryNow(QueueScope.ALL);
        spool.appendAndWait(batch(new SpoolRecord.Operator(now, retry)));
        pass(spool, Duration.ofSeconds(1));
        pass(spool, Duration.ofSeconds(1));
        assertThat(came).containsExactly(message.id());
        Instant due = now.plusSeconds(7200);
        SpooledMessage brought = queued(spool).getFirst().message();
        rest(spool, brought, 2, due);
        files = files.afterKill();
        assertThat(queued(open()).getFirst().waiting().getFirst().dueAt()).isEqualTo(due);
    }

    @Test
    void nodeThatIsKilledAgainAndAgain_readsTheLogOnceOnly() throws IOException {
        open();
        assertThat(checkpoint().position().segment()).isEqualTo(1);
        files = files.afterKill();
        Spool spool = open();
        for (int i = 0; i < 100; i++) {
            accept(spool, envelope(1), bytes(900, i));
        }
        files = files.afterKill();
        Spool again = open();
        assertThat(queued(again)).hasSize(100);
        // No time has passed, and yet the next start has nothing to read.
        files = files.afterKill();
        long newest = files.list().stream().mapToLong(SpoolSegment::sequence).max().orElseThrow();
        assertThat(newest).isGreaterThan(2);
        assertThat(checkpoint().position().segment()).isEqualTo(newest);
        assertThat(queued(open())).hasSize(100);
    }

    /// What a kill leaves of the index.
    private LogMark checkpoint() throws IOException {
        files.index.abandon();
        var settings = new IndexSettings(files.index.folder().resolve("index"), 32 << 20);
        try (QueueIndex index = QueueIndex.open(settings)) {
            return index.checkpoint().flatMap(LogMark::decode).orElseThrow();
        }
    }

    @Test
    void damagedTableOfTheIndex_isFoundAtTheStart_andTheIndexMadeAnew() throws IOException {
        Spool spool = open();
        for (int i = 0; i < 20; i++) {
            rest(spool, accept(spool, envelope(1), bytes(900, i)), 1, now.plusSeconds(3600));
        }
        pass(spool, Duration.ofSeconds(31));
        files = files.afterKill();
        files.index.abandon();
        damageTables(files.index.folder().resolve("index"));
        Spool again = IndexHome.open(files, 64 << 10, 0, () -> now);
        assertThat(again.takeRecovery().findings())
                .singleElement()
                .asString()
                .contains("the index is damaged", "made anew from the log");
        assertThat(queued(again)).hasSize(20);
        again.start(new Taker());
        pass(again, Duration.ofHours(1));
        assertThat(came).hasSize(20);
    }

    /// The rows themselves, which RocksDB does not read when it opens.
    private static void damageTables(Path index) throws IOException {
        try (Stream<Path> all = Files.list(index)) {
            for (Path table : all.filter(one -> one.toString().endsWith(".sst")).toList()) {
                byte[] bytes = Files.readAllBytes(table);
                for (int i = 0; i < 40; i++) {
                    bytes[i] ^= 1;
                }
                Files.write(table, bytes);
            }
        }
    }

    @Test
    void unreadableMessage_doesNotKeepBackOtherMail() throws IOException {
        Spool spool = open();
        SpooledMessage bad = accept(spool, envelope(1), bytes(900, 1));
        SpooledMessage good = accept(spool, envelope(1), bytes(900, 2));
        rest(spool, bad, 1, now.plusSeconds(60));
        rest(spool, good, 1, now.plusSeconds(61));
        SpoolSegment.Place place = bad.location().accepted();
        files.badSectorIn = place.segment().name();
        files.badSectorAt = place.offset() - 511;
        pass(spool, Duration.ofSeconds(100));
        assertThat(came).containsExactly(good.id());
    }
}
