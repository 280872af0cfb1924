package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.NOW;
import static io.whimbrel.spool.SpoolFixtures.accept;
import static io.whimbrel.spool.SpoolFixtures.batch;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.deferred;
import static io.whimbrel.spool.SpoolFixtures.delivered;
import static io.whimbrel.spool.SpoolFixtures.envelope;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.log.Position;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.RecipientNumbers;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;

/// What mail that waits for days costs while fresh mail passes by: the factors that
/// `docs/spool-format.md` states.
final class StragglersTest {
    private static final int SEGMENT = 64 << 10;
    private static final int MESSAGES = 6000;
    private static final int BODY = 900;

    /// Messages that pass by until a straggler goes.
    private static final int STAY = 3000;

    private final FaultyFiles files = new FaultyFiles();
    private Instant now = NOW;
    private long segmentsMost;

    private static final class Taker implements Waking {
        @Override
        public Room room(QueueName queue) {
            return new Room.Later(Duration.ofMinutes(1));
        }

        @Override
        public void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore) {}
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 20, 5, 2})
    void diskIsAtMostThreeTimesTheLiveData_andWritesAreNotDoubled(int oneIn) throws Exception {
        long fresh = new StragglersTest().bytesLogged(Integer.MAX_VALUE);
        long withStragglers = bytesLogged(oneIn);
        long live = (long) STAY / oneIn * fresh / MESSAGES;
        System.out.printf(
                "one straggler in %d: %d KiB of log for %d KiB of live data, written %.2f times%n",
                oneIn, (segmentsMost * SEGMENT) >> 10, live >> 10, (double) withStragglers / fresh);
        assertThat(segmentsMost * SEGMENT).isLessThanOrEqualTo(3 * live + 8 * SEGMENT);
        assertThat(withStragglers).isLessThan(fresh * 16 / 10);
    }

    /// One in so many messages is put off and rests; all others are delivered at once.
    private long bytesLogged(int oneIn) throws IOException, InterruptedException {
        Spool spool = IndexHome.open(files, SEGMENT, 0, () -> now);
        spool.start(new Taker());
        CommittedRecords records = spool.records(Position.START);
        var stragglers = new ArrayDeque<SpooledMessage>();
        for (int i = 1; i <= MESSAGES; i++) {
            now = now.plusMillis(20);
            SpooledMessage message = accept(spool, envelope(1), bytes(BODY, i));
            if (i % oneIn == 0) {
                Instant due = now.plusSeconds(100_000);
                spool.appendAndWait(batch(deferred(message.id(), 1, due, 0)));
                spool.rest(message, RecipientNumbers.all(1), 1);
                stragglers.add(message);
            } else {
                spool.appendAndWait(batch(delivered(message.id(), 0)));
            }
            if (stragglers.size() > STAY / oneIn) {
                spool.appendAndWait(batch(delivered(stragglers.remove().id(), 0)));
            }
            for (CommittedRecord record : records.take(Duration.ZERO)) {
                records.release(record.next());
            }
            if (i > STAY) {
                segmentsMost = Math.max(segmentsMost, segments());
            }
        }
        spool.close();
        files.index.delete();
        return files.bytesLogged;
    }

    private long segments() {
        return files.list().stream().filter(name -> name.startsWith("segment-")).count();
    }
}
