package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.NOW;
import static io.whimbrel.spool.SpoolFixtures.accept;
import static io.whimbrel.spool.SpoolFixtures.batch;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.deferred;
import static io.whimbrel.spool.SpoolFixtures.delivered;
import static io.whimbrel.spool.SpoolFixtures.envelope;
import static io.whimbrel.spool.SpoolFixtures.queued;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.budget.Budget;
import io.whimbrel.index.IndexSettings;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.log.Position;
import io.whimbrel.log.SegmentPool;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.Treatment;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Mail that rests in the index comes back when it is due, whatever else goes on.
final class RestingMailTest {
    private final List<QueueId> came = new ArrayList<>();
    private FaultyFiles files = new FaultyFiles();
    private Instant now = NOW;
    private QueueId stayingUpTo = new QueueId(0);
    private Optional<Spool> last = Optional.empty();

    private final class Taker implements Waking {
        @Override
        public Room room(QueueName queue) {
            return new Room.Take(1000);
        }

        @Override
        public Predicate<QueueId> staying(QueueName queue) {
            return id -> id.compareTo(stayingUpTo) <= 0;
        }

        @Override
        public void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore) {
            messages.forEach(one -> came.add(one.message().id()));
            if (isMore) {
                last.ifPresent(spool -> spool.wanted(queue, 1000));
            }
        }
    }

    private Spool open() throws IOException {
        Spool spool = IndexHome.open(files, 64 << 10, 0, () -> now);
        last = Optional.of(spool);
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
    void mailThatCannotBeReadAtPresent_isTriedAgain() throws IOException {
        Spool spool = open();
        SpooledMessage message = accept(spool, envelope(1), bytes(900, 1));
        rest(spool, message, 1, now.plusSeconds(300));
        files.failsRead = _ -> true;
        pass(spool, Duration.ofMinutes(6));
        assertThat(came).isEmpty();
        files.failsRead = _ -> false;
        pass(spool, Duration.ofMinutes(6));
        pass(spool, Duration.ofMinutes(6));

        assertThat(came).containsExactly(message.id());
    }

    /// As after a start: everything is due at once.
    @Test
    void lastOfManyDueQueues_comesBeforeTheFirstHasAll() throws IOException {
        Spool spool = open();
        var firstOf = new ArrayList<QueueId>();
        Instant due = now.plusSeconds(300);
        for (int queue = 0; queue < 5; queue++) {
            var stream = new MailStream("shop", "c" + queue, PriorityClass.NORMAL);
            for (int i = 0; i < 100; i++) {
                SpooledMessage message =
                        accept(spool, envelope(1).withStream(stream), bytes(100, i));
                if (i == 0) {
                    firstOf.add(message.id());
                }
                rest(spool, message, 1, due);
            }
        }
        pass(spool, Duration.ofMinutes(6));

        assertThat(came).hasSize(500).doesNotHaveDuplicates();
        assertThat(came.subList(0, 100)).containsAll(firstOf);
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

    private static int inMemory(LiveMessages live) {
        int count = 0;
        for (SpooledMessage _ : live.inMemory()) {
            count++;
        }
        return count;
    }

    /// A queue of millions must not come into memory because somebody wanted it tried.
    @Test
    void retryNow_inRecovery_keepsAPageInMemory() throws IOException {
        Spool spool = open();
        Instant later = now.plusSeconds(3600);
        for (int i = 0; i < 1600; i++) {
            SpooledMessage message = accept(spool, envelope(1), bytes(9, i));
            spool.append(batch(deferred(message.id(), 1, later, 0)), _ -> {});
        }
        step(spool);
        files = files.afterKill();
        files.index.abandon();
        var settings = SpoolFixtures.settings(files.index.folder(), 64 << 10);
        var live = new ArrayList<LiveMessages>();
        var most = new AtomicInteger();
        InstantSource clock =
                () -> {
                    live.forEach(one -> most.accumulateAndGet(inMemory(one), Math::max));
                    return now;
                };
        var given =
                new SpoolOpening.Circumstances(
                        files,
                        new SegmentPool(files, settings.segmentBytes(), settings.lowWater()),
                        clock,
                        Position.START);
        SpoolOpening.Opened opened = SpoolOpening.open(settings, given);
        live.add(opened.live());
        var retry = new SpoolRecord.OperatorAction.RetryNow(QueueScope.ALL);
        opened.live().applyAction(new SpoolRecord.Operator(now, retry), 1);

        opened.indexer().finish();

        assertThat(most.get()).isBetween(1, 500);
        assertThat(inMemory(opened.live())).isZero();
        var queue = new QueueName(envelope(1).stream(), new DomainName("example.com"));
        assertThat(opened.index().due(queue, Optional.empty(), now, 10_000)).hasSize(1600);
        opened.index().close();
    }

    @Test
    void someResting_readsAMessageOnce_howeverManyQueuesItRestsIn() throws IOException {
        Spool spool = open();
        Envelope one = envelope(1);
        var recipients = new ArrayList<Recipient>();
        for (int i = 0; i < 50; i++) {
            var path =
                    new ForwardPath(
                            "user@d" + i + ".example", new DomainName("d" + i + ".example"));
            recipients.add(Recipient.of(path));
        }
        var envelope =
                new Envelope(
                        one.reversePath(),
                        recipients,
                        one.parameters(),
                        one.stream(),
                        NOW,
                        DsnPolicy.FULL);
        SpooledMessage message = accept(spool, envelope, bytes(900, 1));
        restAll(spool, message, now.plusSeconds(3600));

        List<RecoveredMessage> some = spool.someResting(QueueScope.ALL, 1000);
        assertThat(some).hasSize(50);
        assertThat(some.stream().map(RecoveredMessage::message).distinct()).hasSize(1);
        assertThat(spool.someResting(QueueScope.ALL, 20)).hasSize(20);
        var itself =
                new QueueScope(
                        Optional.of(message.id()),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());
        assertThat(spool.someResting(itself, 1))
                .singleElement()
                .satisfies(all -> assertThat(all.waiting()).hasSize(50));
    }

    @Test
    void someResting_ofMessagesWithManyRecipients_areFewer() throws IOException {
        Spool spool = open();
        Envelope envelope = envelope(1000);
        for (int i = 0; i < RestingQueues.Census.RECIPIENTS_MOST / 1000 + 5; i++) {
            spool.rest(accept(spool, envelope, bytes(9, i)), RecipientNumbers.all(1000), 0);
        }
        stayingUpTo = new QueueId(Long.MAX_VALUE);
        step(spool);
        assertThat(spool.someResting(QueueScope.ALL, 1000))
                .hasSize(RestingQueues.Census.RECIPIENTS_MOST / 1000);
    }

    @Test
    void someResting_showsAMessageOnceInAQueue_howeverManyDueTimesItHas() throws IOException {
        Spool spool = open();
        SpooledMessage message = accept(spool, envelope(2), bytes(900, 1));
        spool.appendAndWait(
                batch(
                        deferred(message.id(), 1, now.plusSeconds(3600), 0),
                        deferred(message.id(), 1, now.plusSeconds(7200), 1)));
        spool.rest(message, RecipientNumbers.all(2), 1);
        step(spool);
        assertThat(spool.someResting(QueueScope.ALL, 10))
                .singleElement()
                .satisfies(all -> assertThat(all.waiting()).hasSize(2));
    }

    @Test
    void resting_byAge_isNotLessForYoungerMailInMemory() throws IOException {
        Spool spool = open();
        SpooledMessage old = accept(spool, envelope(2), bytes(900, 1));
        restAll(spool, old, now.plusSeconds(3600));
        SpooledMessage young = accept(spool, envelope(5), bytes(900, 2));
        restAll(spool, young, now.plusSeconds(60));
        pass(spool, Duration.ofSeconds(100));
        assertThat(came).containsExactly(young.id());

        assertThat(resting(spool, QueueScope.ALL)).isEqualTo(2);
        assertThat(resting(spool, QueueScope.ALL.noLaterThan(old.id()))).isEqualTo(2);
        assertThat(resting(spool, QueueScope.ALL.noLaterThan(young.id()))).isEqualTo(2);
        assertThat(spool.someResting(QueueScope.ALL.noLaterThan(old.id()), 10)).hasSize(1);
    }

    private static long resting(Spool spool, QueueScope scope) throws IOException {
        var sum = new AtomicLong();
        spool.counts(scope, queue -> sum.addAndGet(queue.resting()));
        return sum.get();
    }

    /// Tried once; all of it rests until `due`.
    private static void restAll(Spool spool, SpooledMessage message, Instant due)
            throws IOException {
        int count = message.recipients();
        int[] all = IntStream.range(0, count).toArray();
        spool.appendAndWait(batch(deferred(message.id(), 1, due, all)));
        spool.rest(message, RecipientNumbers.all(count), 1);
        step(spool);
    }

    @Test
    void missingSegment_ofMailThatHasLeftTheQueue_isNoEventOfIt() throws Exception {
        Spool spool = open();
        SpooledMessage gone = accept(spool, envelope(1), bytes(900, 1));
        SpooledMessage lost = accept(spool, envelope(1), bytes(900, 2));
        rest(spool, gone, 1, now.plusSeconds(3600));
        rest(spool, lost, 1, now.plusSeconds(3600));
        spool.appendAndWait(batch(delivered(gone.id(), 0)));
        for (int i = 0; i < 100; i++) {
            accept(spool, envelope(1), bytes(900, i));
        }
        pass(spool, Duration.ofSeconds(31));
        files.lose(gone.location().accepted().segment().name());
        files = files.afterKill();

        Spool again = open();

        var told = new ArrayList<QueueId>();
        CommittedRecords records = again.records(Position.START);
        for (var taken = records.take(Duration.ZERO);
                !taken.isEmpty();
                taken = records.take(Duration.ZERO)) {
            for (CommittedRecord one : taken) {
                if (one.record() instanceof SpoolRecord.Quarantined quarantined) {
                    told.add(quarantined.id());
                }
            }
        }
        assertThat(told).contains(lost.id()).doesNotContain(gone.id());
        pass(again, Duration.ofSeconds(31));
        files = files.afterKill();
        assertThat(open().takeRecovery().findings())
                .as("nothing needs it any more")
                .noneMatch(line -> line.contains(" messages that were in it"));
    }

    @Test
    void backlogOfTheIndex_isBoundedByWeight_notByMessages() throws IOException {
        Spool spool = IndexHome.open(files, 16 << 20, 0, () -> now);
        var heavy = new ArrayList<SpooledMessage>();
        for (int i = 0; i < 26; i++) {
            heavy.add(accept(spool, envelope(10_000), bytes(9, i)));
        }
        heavy.forEach(message -> spool.rest(message, RecipientNumbers.all(10_000), 0));

        assertThat(spool.refusal()).contains(SpoolWriter.BEHIND);
        assertThat(spool.isIndexBehind()).isTrue();
        assertThat(backlog(spool)).isEqualTo(26 * 2_000);
        step(spool);
        assertThat(spool.refusal()).isEmpty();
        assertThat(backlog(spool)).isZero();
        assertThat(resting(spool, QueueScope.ALL)).isEqualTo(260_000);
    }

    @Test
    void checkpointOfMuchMail_refusesNone() throws Exception {
        Spool spool = IndexHome.open(files, 16 << 20, 0, () -> now);
        for (int i = 0; i < 26; i++) {
            accept(spool, envelope(10_000), bytes(9, i));
        }
        var most = new AtomicLong();
        var over = new AtomicBoolean();
        Thread watcher =
                Thread.ofPlatform()
                        .start(() -> {
                            while (!over.get()) {
                                most.accumulateAndGet(backlog(spool), Math::max);
                            }
                        });

        pass(spool, Duration.ofSeconds(31));
        pass(spool, Duration.ofSeconds(2));
        over.set(true);
        watcher.join();

        assertThat(checkpoint().position().segment()).isPositive();
        assertThat(most.get()).isLessThan(10_000);
    }

    private static long backlog(Spool spool) {
        return Objects.requireNonNull(spool.budgets().get(Budget.INDEX_BACKLOG)).get().used();
    }

    @Test
    void whatStays_isPassedOver_untilItIsWoken() throws IOException {
        Spool spool = open();
        var old = new ArrayList<QueueId>();
        for (int i = 0; i < 150; i++) {
            SpooledMessage message = accept(spool, envelope(1), bytes(9, i));
            spool.rest(message, RecipientNumbers.all(1), 0);
            old.add(message.id());
        }
        SpooledMessage young = accept(spool, envelope(1), bytes(9, 999));
        stayingUpTo = old.getLast();
        spool.rest(young, RecipientNumbers.all(1), 0);
        pass(spool, Duration.ofSeconds(1));
        pass(spool, Duration.ofSeconds(1));
        assertThat(came).containsExactly(young.id());
        SpooledMessage later = accept(spool, envelope(1), bytes(9, 1000));
        spool.rest(later, RecipientNumbers.all(1), 0);
        pass(spool, Duration.ofSeconds(1));
        assertThat(came).containsExactly(young.id(), later.id());

        stayingUpTo = new QueueId(0);
        spool.wake(QueueScope.ALL);
        pass(spool, Duration.ofSeconds(1));
        pass(spool, Duration.ofSeconds(1));
        assertThat(came).hasSize(152).containsAll(old);
    }

    @Test
    void mailToBeReleasedLater_restsUntried_andOutlivesAStart() throws IOException {
        Instant release = Instant.parse("2026-11-24T10:00:00Z");
        Envelope envelope = envelope(1).withTreatment(Treatment.NONE.withNotBefore(release));
        Spool spool = open();
        SpooledMessage message = accept(spool, envelope, bytes(900, 1));
        spool.rest(message, RecipientNumbers.all(1), 0);
        step(spool);

        files = files.afterKill();
        spool = open();
        pass(spool, Duration.ofHours(23));
        assertThat(came).isEmpty();
        assertThat(spool.someResting(QueueScope.ALL, 10))
                .singleElement()
                .satisfies(one -> assertThat(one.waiting().getFirst().attempts()).isZero())
                .satisfies(one -> assertThat(one.waiting().getFirst().dueAt()).isEqualTo(release))
                .satisfies(one ->
                        assertThat(one.message().envelope().treatment())
                                .isEqualTo(envelope.treatment()));
        pass(spool, Duration.ofHours(1));
        assertThat(came).containsExactly(message.id());
    }

    @Test
    void mailToBeReleasedLater_isReleasedByRetryNow_forGood() throws IOException {
        Instant release = Instant.parse("2026-11-24T10:00:00Z");
        Envelope envelope = envelope(1).withTreatment(Treatment.NONE.withNotBefore(release));
        Spool spool = open();
        SpooledMessage message = accept(spool, envelope, bytes(900, 1));
        spool.rest(message, RecipientNumbers.all(1), 0);
        step(spool);
        spool.appendAndWait(
                batch(
                        new SpoolRecord.Operator(
                                now, new SpoolRecord.OperatorAction.RetryNow(QueueScope.ALL))));
        step(spool);
        came.clear();

        files = files.afterKill();
        spool = open();
        pass(spool, Duration.ofMinutes(1));
        assertThat(came).containsExactly(message.id());
    }
}
