package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.NOW;
import static io.whimbrel.spool.SpoolFixtures.accept;
import static io.whimbrel.spool.SpoolFixtures.batch;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.delivered;
import static io.whimbrel.spool.SpoolFixtures.envelope;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A disk that stalls: duplicates after a crash stay bounded, for deliveries wait.
@Timeout(60)
final class SlowDiskTest {
    private volatile Instant now = NOW;
    private final Inbox inbox = new Inbox(Duration.ofMillis(20), () -> now);

    private Inbox.Submission add() {
        var outcome = new Inbox.Submission(Inbox.Kind.OUTCOME, List.of(), _ -> {});
        assertThat(inbox.put(outcome, false)).isEmpty();
        return outcome;
    }

    @Test
    void outcome_whileAnOlderOneIsLate_waitsUntilThatIsDurable() throws InterruptedException {
        Inbox.Submission first = add();
        now = NOW.plusMillis(200);
        assertThat(inbox.wouldWait(Inbox.Kind.OUTCOME)).isFalse();
        Inbox.Submission second = add();
        // The writer has both, and its sync takes long.
        assertThat(inbox.take(Long.MAX_VALUE, true)).containsExactly(first, second);
        now = NOW.plusMillis(201);
        Thread delivery = Thread.ofPlatform().start(this::add);
        while (delivery.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        assertThat(inbox.wouldWait(Inbox.Kind.MAIL)).isFalse();
        first.durable();
        second.durable();
        inbox.answered();
        delivery.join();
        assertThat(inbox.take(Long.MAX_VALUE, true)).hasSize(1);
    }

    @Test
    void outcome_whileTheSpoolCloses_doesNotWait() {
        add();
        now = NOW.plusSeconds(1);
        assertThat(inbox.wouldWait(Inbox.Kind.OUTCOME)).isTrue();
        inbox.close();
        var late = new Inbox.Submission(Inbox.Kind.OUTCOME, List.of(), _ -> {});
        assertThat(inbox.put(late, false)).isEqualTo(Optional.of(SpoolWriter.CLOSED));
    }

    @Test
    void append_afterALongStall_comesBehindWhatWasLate() throws IOException {
        Spool spool = IndexHome.open(new FaultyFiles(), 64 << 10, 0, () -> now);
        SpooledMessage message = accept(spool, envelope(2), bytes(1000, 1));
        var durable = new ArrayList<String>();
        spool.append(batch(delivered(message.id(), 0)), _ -> durable.add("first"));
        assertThat(durable).isEmpty();
        now = NOW.plusSeconds(1);
        spool.append(batch(delivered(message.id(), 1)), _ -> durable.add("second"));
        assertThat(durable).containsExactly("first");
        spool.step(Inbox.Wake.WORK);
        now = NOW.plusSeconds(2);
        assertThat(durable).containsExactly("first", "second");
    }
}
