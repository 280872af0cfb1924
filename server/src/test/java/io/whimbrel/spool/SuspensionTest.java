package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.NOW;
import static io.whimbrel.spool.SpoolFixtures.accept;
import static io.whimbrel.spool.SpoolFixtures.batch;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.envelope;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.log.Position;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Release;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Suspend;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// Suspensions under a wall clock that says anything after a start.
final class SuspensionTest {
    private FaultyFiles files = new FaultyFiles();
    private Instant now = NOW;

    private Spool open() throws IOException {
        return IndexHome.open(files, 64 << 10, 0, () -> now);
    }

    private Spool reopenAfterKill() throws IOException {
        files = files.afterKill();
        return open();
    }

    private static SpoolRecord.Operator suspend(Instant at, Duration duration) {
        return new SpoolRecord.Operator(at, new Suspend(QueueScope.ALL, duration, "warm-up"));
    }

    private void note(Spool spool) throws IOException {
        spool.appendAndWait(batch(new SpoolRecord.Operator(now, new Release(QueueScope.ALL))));
    }

    @Test
    void suspension_whenTheClockJumpedAtARestart_goesOnForWhatIsLeft() throws IOException {
        Spool spool = open();
        spool.appendAndWait(batch(suspend(now, Duration.ofHours(1))));
        now = NOW.plus(Duration.ofMinutes(20));
        note(spool);
        now = NOW.plus(Duration.ofDays(30));
        Spool again = reopenAfterKill();
        assertThat(again.takeRecovery().operatorActions())
                .isEqualTo(List.of(suspend(now, Duration.ofMinutes(40))));
        now = now.plus(Duration.ofMinutes(39));
        again.close();
        now = NOW.minus(Duration.ofDays(1));
        Spool last = open();
        assertThat(last.takeRecovery().operatorActions())
                .isEqualTo(List.of(suspend(now, Duration.ofMinutes(1))));
        now = now.plus(Duration.ofMinutes(2));
        last.close();
        assertThat(open().takeRecovery().operatorActions()).isEmpty();
    }

    @Test
    void suspension_whoseRecordWasCopied_lastsNoLonger() throws Exception {
        Spool spool = open();
        spool.appendAndWait(batch(suspend(now, Duration.ofHours(1))));
        String first = newest();
        CommittedRecords records = spool.records(Position.START);
        for (int i = 0; i < 40; i++) {
            now = NOW.plusSeconds(60L * i);
            SpooledMessage message = accept(spool, envelope(1), bytes(10_000, i));
            spool.appendAndWait(batch(SpoolFixtures.delivered(message.id(), 0)));
            for (var taken = records.take(Duration.ZERO);
                    !taken.isEmpty();
                    taken = records.take(Duration.ZERO)) {
                records.release(taken.getLast().next());
            }
            spool.step(Inbox.Wake.IDLE);
        }
        assertThat(files.exists(first)).isFalse();
        note(spool);
        Spool again = reopenAfterKill();
        SpoolRecord.Operator left = again.takeRecovery().operatorActions().getFirst();
        Duration ran = Duration.ofHours(1).minus(((Suspend) left.action()).duration());
        // What lies between the last fact of a segment and the first of the next is not known.
        assertThat(ran).isBetween(Duration.ofMinutes(20), Duration.ofMinutes(39));
    }

    private String newest() {
        return files.list().stream()
                .filter(name -> name.startsWith("segment-"))
                .max(String::compareTo)
                .orElseThrow();
    }
}
