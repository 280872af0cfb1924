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
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Whether anything is queued in a scope is known wherever the mail is.
final class PresenceTest {
    private final FaultyFiles files = new FaultyFiles();
    private final List<QueueId> came = new ArrayList<>();
    private Instant now = NOW;

    private final class Taker implements Waking {
        @Override
        public Room room(QueueName queue) {
            return new Room.Take(10);
        }

        @Override
        public void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore) {
            messages.forEach(one -> came.add(one.message().id()));
        }
    }

    @Test
    void mailIsFound_inFlight_onItsWayToRest_atRest_andBack_untilItIsDelivered() throws Exception {
        Spool spool = IndexHome.open(files, 256 << 10, 0, () -> now);
        CommittedRecords records = spool.records(Position.START);
        spool.start(new Taker());
        assertThat(spool.isAny(QueueScope.ALL)).isFalse();
        SpooledMessage message = accept(spool, envelope(2), bytes(900, 1));
        assertIsFound(spool, message.id(), "in flight");
        spool.appendAndWait(batch(deferred(message.id(), 1, now.plusSeconds(3600), 0)));
        spool.appendAndWait(batch(delivered(message.id(), 1)));
        spool.rest(message, RecipientNumbers.of(0), 1);
        assertIsFound(spool, message.id(), "on its way to rest");
        step(spool);
        assertThat(message.hasLeft()).isTrue();
        assertIsFound(spool, message.id(), "at rest");
        now = now.plusSeconds(3600);
        step(spool);
        assertThat(came).containsExactly(message.id());
        assertIsFound(spool, message.id(), "back in memory");

        spool.appendAndWait(batch(delivered(message.id(), 0)));
        records.take(Duration.ZERO).forEach(one -> records.release(one.next()));
        step(spool);
        assertThat(spool.isAny(QueueScope.ALL)).isFalse();
    }

    private static void step(Spool spool) {
        for (int i = 0; i < 4; i++) {
            spool.step(Inbox.Wake.WORK);
        }
    }

    private static void assertIsFound(Spool spool, QueueId id, String where) throws IOException {
        var before = new QueueId(id.value() - 1);
        for (QueueScope its :
                List.of(
                        QueueScope.ALL,
                        scope(Optional.of(id), Optional.empty(), Optional.empty()),
                        scope(Optional.empty(), domain("example.com"), Optional.of("shop")),
                        QueueScope.ALL.noLaterThan(id))) {
            assertThat(spool.isAny(its)).as("%s: %s", where, its).isTrue();
        }
        for (QueueScope other :
                List.of(
                        scope(Optional.of(before), Optional.empty(), Optional.empty()),
                        scope(Optional.of(id), domain("example.net"), Optional.empty()),
                        scope(Optional.empty(), domain("example.com"), Optional.of("")),
                        QueueScope.ALL.noLaterThan(before))) {
            assertThat(spool.isAny(other)).as("%s: %s", where, other).isFalse();
        }
    }

    private static Optional<DomainName> domain(String name) {
        return Optional.of(new DomainName(name));
    }

    private static QueueScope scope(
            Optional<QueueId> id, Optional<DomainName> domain, Optional<String> tenant) {
        return new QueueScope(id, domain, tenant, Optional.empty());
    }
}
