package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.NOW;
import static io.whimbrel.spool.SpoolFixtures.accept;
import static io.whimbrel.spool.SpoolFixtures.batch;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.deferred;
import static io.whimbrel.spool.SpoolFixtures.delivered;
import static io.whimbrel.spool.SpoolFixtures.envelope;
import static io.whimbrel.spool.SpoolFixtures.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.index.IndexSettings;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueCount;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/// What is in the queue is counted exactly, however far the index thread is behind.
final class QueueCountsTest {
    private static final int MAILS_MOST = 50;
    private static final QueueScope ALL = QueueScope.ALL;

    @TempDir private Path folder;

    private final QueueModel model = new QueueModel();
    private FaultyFiles files = new FaultyFiles();
    private Instant now = NOW;
    private Random random = new Random(0);
    private Position released = Position.START;
    private int came;

    private static Map<QueueName, QueueCount> counts(Spool spool, QueueScope scope)
            throws IOException {
        var counts = new HashMap<QueueName, QueueCount>();
        spool.counts(
                scope, count -> assertThat(counts.put(count.queue(), count)).as("twice").isNull());
        return counts;
    }

    private static QueueCount sum(Spool spool, QueueScope scope) throws IOException {
        var sum = new ArrayList<QueueCount>();
        spool.counts(scope, sum::add);
        return new QueueCount(
                new QueueName(MailStream.NONE, new DomainName("all.example")),
                sum.stream().mapToLong(QueueCount::recipients).sum(),
                sum.stream().mapToLong(QueueCount::resting).sum());
    }

    private Spool open() throws IOException {
        return IndexHome.open(files, 16 << 10, 0, () -> now, released, Spool.Drive.WRITER_ONLY);
    }

    /// A schedule that takes some of what is due, and at once gives back some of that.
    private class Taker implements Waking {
        private final Spool from;

        Taker(Spool from) {
            this.from = from;
        }

        @Override
        public Room room(QueueName queue) {
            return random.nextBoolean()
                    ? new Room.Take(1 + random.nextInt(9))
                    : new Room.Later(Duration.ofSeconds(5));
        }

        @Override
        public void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore) {
            for (RecoveredMessage message : messages) {
                came++;
                model.held(message);
            }
            if (random.nextInt(3) == 0) {
                rest(from);
            }
            if (isMore) {
                from.wanted(queue, 1 + random.nextInt(9));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void whateverHappens_countsAreThoseOfAModel(long seed) throws Exception {
        random = new Random(seed);
        int indexEvery = List.of(1, 3, 10, 60, 400, 1_000_000).get((int) seed - 1);
        Spool spool = open();
        CommittedRecords records = spool.records(released);
        spool.start(new Taker(spool));
        for (int i = 0; i < 1500; i++) {
            if (random.nextInt(400) == 0) {
                files = files.afterKill();
                model.restarted();
                spool = open();
                records = spool.records(released);
                spool.start(new Taker(spool));
            }
            act(spool);
            if (random.nextInt(20) == 0) {
                release(records);
            }
            if (random.nextInt(indexEvery) == 0) {
                spool.stepIndex();
            }
            check(spool, seed, i);
        }
        spool.stepIndex();
        check(spool, seed, -1);
        if (indexEvery < 100) {
            assertThat(came).isGreaterThan(100);
        }
    }

    private void act(Spool spool) {
        switch (random.nextInt(16)) {
            case 0, 1, 2 -> acceptOne(spool);
            case 3, 4 -> settle(spool);
            case 5, 6, 7 -> rest(spool);
            case 8, 9, 10 -> defer(spool);
            case 11 -> move(spool);
            case 12 -> now = now.plusSeconds(random.nextInt(30));
            case 13 -> retry(spool);
            default -> spool.step(random.nextBoolean() ? Inbox.Wake.WORK : Inbox.Wake.IDLE);
        }
    }

    private MailStream stream() {
        return new MailStream("t" + random.nextInt(2), "c" + random.nextInt(2), PriorityClass.BULK);
    }

    private DomainName domain() {
        return new DomainName("d" + random.nextInt(3) + ".example");
    }

    private void acceptOne(Spool spool) {
        if (model.size() >= MAILS_MOST) {
            return;
        }
        var recipients = new ArrayList<Recipient>();
        for (int i = random.nextInt(random.nextInt(9) == 0 ? 90 : 4); i >= 0; i--) {
            recipients.add(Recipient.of(new ForwardPath("u" + i + "@x.example", domain())));
        }
        Envelope like = envelope(1);
        var envelope =
                new Envelope(
                        like.reversePath(),
                        recipients,
                        like.parameters(),
                        stream(),
                        NOW,
                        DsnPolicy.FULL);
        model.accepted(accept(spool, envelope, bytes(random.nextInt(400), 1)));
    }

    /// By the schedule, of what it has; or by a job, of what rests.
    private void settle(Spool spool) {
        boolean isByJob = random.nextBoolean();
        Predicate<QueueModel.Line> meant =
                line -> !line.isLeaving && !line.isEnding && line.isHeld != isByJob;
        QueueModel.Chosen some = model.choose(random, meant);
        if (!some.lines().isEmpty()) {
            QueueId id = some.mail().orElseThrow().id;
            some.lines().forEach(line -> line.isEnding = true);
            int[] numbers = some.lines().stream().mapToInt(line -> line.number).toArray();
            spool.append(batch(delivered(id, numbers)), _ -> model.settled(id, some.lines()));
        }
    }

    private static boolean isInSchedule(QueueModel.Line line) {
        return line.isHeld && !line.isLeaving && !line.isEnding;
    }

    private void rest(Spool spool) {
        QueueModel.Chosen some = model.choose(random, QueueCountsTest::isInSchedule);
        if (!some.lines().isEmpty()) {
            rest(spool, some);
        }
    }

    private static void rest(Spool spool, QueueModel.Chosen some) {
        SpooledMessage message = some.mail().orElseThrow().object;
        spool.rest(message, some.numbers(), some.lines().getFirst().tried);
        boolean isKnown = QueueModel.isKnown(some.lines());
        for (QueueModel.Line line : some.lines()) {
            line.isHeld = !isKnown;
            line.isLeaving = !isKnown;
        }
    }

    /// Tried without success; what is due soon stays in the schedule.
    private void defer(Spool spool) {
        QueueModel.Chosen some = model.choose(random, QueueCountsTest::isInSchedule);
        if (some.lines().isEmpty()) {
            return;
        }
        QueueId id = some.mail().orElseThrow().id;
        int attempt = some.lines().getFirst().tried + 1;
        int entry = model.newEntry();
        for (QueueModel.Line line : some.lines()) {
            line.tried = attempt;
            line.entry = entry;
        }
        int[] numbers = some.lines().stream().mapToInt(line -> line.number).toArray();
        Instant due = now.plusSeconds(random.nextInt(100));
        spool.append(
                batch(deferred(id, attempt, due, numbers)),
                _ -> model.deferred(some.lines(), attempt));
        if (random.nextInt(3) > 0) {
            rest(spool, some);
        }
    }

    private void move(Spool spool) {
        QueueModel.Chosen any = model.choose(random, _ -> true);
        any.mail()
                .ifPresent(mail -> {
                    MailStream stream = stream();
                    var record = new SpoolRecord.Moved(NOW, mail.id, stream, new QueueId(1));
                    spool.append(batch(record), _ -> model.moved(mail.id, stream));
                });
    }

    private void retry(Spool spool) {
        var action = new SpoolRecord.OperatorAction.RetryNow(scope());
        spool.append(batch(new SpoolRecord.Operator(now, action)), _ -> {});
        spool.wake(ALL);
    }

    private QueueScope scope() {
        List<QueueId> ids = model.ids();
        var scope =
                new QueueScope(
                        random.nextInt(4) == 0 && !ids.isEmpty()
                                ? Optional.of(ids.get(random.nextInt(ids.size())))
                                : Optional.empty(),
                        random.nextInt(4) == 0 ? Optional.of(domain()) : Optional.empty(),
                        random.nextInt(4) == 0 ? Optional.of(stream().tenant()) : Optional.empty(),
                        random.nextInt(4) == 0
                                ? Optional.of(stream().campaign())
                                : Optional.empty());
        return random.nextInt(3) == 0 && !ids.isEmpty()
                ? scope.noLaterThan(ids.get(random.nextInt(ids.size())))
                : scope;
    }

    /// The event log goes on, so that what has left the queue is forgotten.
    private void release(CommittedRecords records) throws InterruptedException {
        List<CommittedRecord> taken = records.take(Duration.ZERO);
        if (!taken.isEmpty()) {
            released = taken.get(random.nextInt(taken.size())).next();
            records.release(released);
        }
    }

    private void check(Spool spool, long seed, int step) throws IOException {
        assertThat(counts(spool, ALL))
                .as("seed %d, step %d", seed, step)
                .isEqualTo(model.counts(ALL));
        QueueScope scope = scope();
        assertThat(counts(spool, scope))
                .as("seed %d, step %d, %s", seed, step, scope)
                .isEqualTo(model.counts(scope));
    }

    /// None of them leaves the queue, so that there is one right answer at any time.
    @Test
    void mailThatComesAndGoesBetweenMemoryAndRows_isNeverMissed() throws Exception {
        int mails = 300;
        var isOver = new AtomicBoolean();
        var turns = new AtomicInteger();
        var ticks = new AtomicInteger();
        InstantSource clock = () -> NOW.plusMillis(ticks.incrementAndGet());
        try (Spool spool = Spool.open(settings(folder, 4 << 20), Position.START, clock)) {
            CommittedRecords records = spool.records(Position.START);
            for (int i = 0; i < mails; i++) {
                SpooledMessage message = accept(spool, envelope(2), bytes(9, i));
                spool.rest(message, RecipientNumbers.all(2), 0);
            }
            spool.start(new Returning(spool, isOver, turns));
            int looks = 0;
            while (turns.get() < 20 * mails) {
                QueueCount sum = sum(spool, ALL);
                assertThat(sum.recipients()).isEqualTo(2L * mails);
                assertThat(sum.resting()).isBetween(0L, 2L * mails);
                List<CommittedRecord> taken = records.take(Duration.ZERO);
                if (!taken.isEmpty()) {
                    records.release(taken.getLast().next());
                }
                looks++;
            }
            assertThat(looks).isGreaterThan(10);
            isOver.set(true);
        }
    }

    /// One message at a time comes, gets a row, and leaves.
    @Test
    void mailThatLeavesWhileItIsCounted_isNotTakenOffTwice() throws Exception {
        int mails = 500;
        try (Spool spool =
                Spool.open(settings(folder, 4 << 20), Position.START, SpoolFixtures.CLOCK)) {
            for (int i = 0; i < mails; i++) {
                accept(spool, envelope(1), bytes(9, i));
            }
            var failure = new AtomicReference<Throwable>();
            Thread churn = Thread.ofPlatform().start(() -> churn(spool, failure));
            while (churn.isAlive()) {
                // One that leaves behind the look and one that comes before it are counted both.
                assertThat(sum(spool, ALL).recipients()).isBetween((long) mails, mails + 9L);
            }
            assertThat(failure.get()).isNull();
            assertThat(sum(spool, ALL)).extracting(QueueCount::recipients).isEqualTo((long) mails);
        }
    }

    private static void churn(Spool spool, AtomicReference<Throwable> failure) {
        try {
            for (int i = 0; i < 100; i++) {
                SpooledMessage message = accept(spool, envelope(1), bytes(9, i));
                spool.rest(message, RecipientNumbers.all(1), 0);
                spool.awaitIndex(() -> false);
                spool.appendAndWait(batch(delivered(message.id(), 0)));
            }
        } catch (IOException | RuntimeException | Error e) {
            failure.set(e);
        }
    }

    /// Takes all, tries one recipient of each without success, and gives both back.
    private record Returning(Spool spool, AtomicBoolean isOver, AtomicInteger turns)
            implements Waking {
        @Override
        public Room room(QueueName queue) {
            return isOver.get() ? new Room.Later(Duration.ofDays(1)) : new Room.Take(100);
        }

        @Override
        public void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore) {
            for (RecoveredMessage message : messages) {
                turns.incrementAndGet();
                message.waiting().forEach(group -> giveBack(message.message(), group));
            }
            if (isMore && !isOver.get()) {
                spool.wanted(queue, 100);
            }
        }

        private void giveBack(SpooledMessage message, RecoveredMessage.Waiting group) {
            RecipientNumbers all = group.recipients();
            if (all.size() == 1) {
                spool.rest(message, all, group.attempts());
                return;
            }
            int attempt = group.attempts() + 1;
            int first = all.get(0);
            spool.append(batch(deferred(message.id(), attempt, NOW, first)), _ -> {});
            spool.rest(message, RecipientNumbers.of(first), attempt);
            spool.rest(message, RecipientNumbers.of(all.get(1)), group.attempts());
        }
    }

    @Test
    void mailThatCannotBeRead_countsUntilItIsTakenOut_andNotWhileItsRowIsStillThere()
            throws Exception {
        Spool spool = open();
        SpooledMessage bad = accept(spool, envelope(2), bytes(900, 1));
        SpooledMessage good = accept(spool, envelope(1), bytes(900, 2));
        spool.rest(bad, RecipientNumbers.all(2), 0);
        spool.rest(good, RecipientNumbers.all(1), 0);
        spool.stepIndex();
        SpoolSegment.Place place = bad.location().accepted();
        files.damage(place.segment().name(), place.offset() + 60, 1);
        var itself =
                new QueueScope(
                        Optional.of(bad.id()),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());
        spool.start(
                new Taker(spool) {
                    @Override
                    public Room room(QueueName queue) {
                        return new Room.Take(9);
                    }

                    @Override
                    public void due(
                            QueueName queue, List<RecoveredMessage> messages, boolean isMore) {}
                });
        spool.stepIndex();
        assertThat(sum(spool, ALL).recipients()).isEqualTo(3);
        assertThat(sum(spool, itself).recipients()).isEqualTo(2);
        for (int i = 0; i < 2; i++) {
            spool.step(Inbox.Wake.NUDGE);
        }
        for (int i = 0; i < 2; i++) {
            assertThat(sum(spool, ALL).recipients()).as("round %d", i).isEqualTo(1);
            assertThat(sum(spool, ALL.noLaterThan(bad.id())).recipients()).isZero();
            assertThat(sum(spool, itself).recipients()).isZero();
            spool.stepIndex();
        }
    }

    @Test
    void rowsThatCouldNotBeWritten_areCountedAllTheSame() throws IOException {
        var isBroken = new AtomicBoolean();
        var inMemory = new IndexSettings(folder.resolve("index"), 32 << 20);
        try (QueueIndex index = QueueIndex.open(inMemory)) {
            var live = new LiveMessages(index);
            var rows =
                    new QueueRows(
                            index,
                            live,
                            changes -> {
                                if (isBroken.get()) {
                                    throw new IOException("a test breaks the disk");
                                }
                                index.write(changes);
                            });
            SpooledMessage message = SpooledFixture.message(5, envelope(3), 99);
            live.accept(message);
            rows.write(List.of(message));
            isBroken.set(true);
            message.states().settle(RecipientNumbers.of(0));
            message.states().rest(RecipientNumbers.of(1), 0);
            assertThatThrownBy(() -> rows.write(List.of(message))).isInstanceOf(IOException.class);
            SpooledFixture.relabel(message, MailStream.NONE);
            assertThatThrownBy(() -> rows.write(List.of(message))).isInstanceOf(IOException.class);
            var queue = new QueueName(MailStream.NONE, new DomainName("example.com"));

            for (QueueScope scope : List.of(ALL, ALL.noLaterThan(new QueueId(5)))) {
                var counts = new ArrayList<QueueCount>();
                rows.counts(scope, (count, _) -> counts.add(count));
                assertThat(counts).containsExactly(new QueueCount(queue, 2, 1));
            }
            isBroken.set(false);
            rows.write(List.of());
            var counts = new ArrayList<QueueCount>();
            rows.counts(ALL, (count, _) -> counts.add(count));
            assertThat(counts).containsExactly(new QueueCount(queue, 2, 1));
            assertThat(index.queues(Optional.empty(), 9))
                    .extracting(QueueRow::recipients)
                    .containsExactly(2L);
        }
    }
}
