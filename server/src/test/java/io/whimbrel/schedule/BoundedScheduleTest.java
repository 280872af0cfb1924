package io.whimbrel.schedule;

import static io.whimbrel.schedule.ScheduleFixture.START;
import static io.whimbrel.schedule.ScheduleFixture.deferred;
import static io.whimbrel.schedule.ScheduleFixture.domain;
import static io.whimbrel.schedule.ScheduleFixture.ofDomain;
import static io.whimbrel.schedule.ScheduleFixture.ofId;
import static io.whimbrel.schedule.ScheduleFixture.ofTenant;
import static io.whimbrel.schedule.ScheduleFixture.path;
import static io.whimbrel.schedule.ScheduleFixture.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.Treatment;
import io.whimbrel.schedule.QueuedView.State;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledFixture;
import io.whimbrel.spool.SpooledMessage;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A schedule with room for few entries, beside an index that keeps the rest.
class BoundedScheduleTest {
    private static final MailStream MAIL = stream("shop", "news", PriorityClass.NORMAL);
    private static final MailStream BANK = stream("bank", "news", PriorityClass.NORMAL);
    private static final QueueName QUEUE = new QueueName(MAIL, domain("a.example"));
    private static final Duration HORIZON = Duration.ofSeconds(60);
    private static final int MOST = 1000;

    /// What one path may have when it is alone.
    private static final int PATH_MOST = MOST / 5;

    private static final Duration SECOND = Duration.ofSeconds(1);

    private final ScheduleFixture world =
            new ScheduleFixture(new ScheduleSettings("default", 100, HORIZON, MOST));

    @Test
    void finished_retryBeyondTheHorizon_restsUntilDue() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example");
        world.defer(world.take("mx.a"), Duration.ofMinutes(5));

        assertThat(world.index.size()).isEqualTo(1);
        assertThat(world.schedule.entriesInMemory()).isZero();
        assertThat(world.summary().recipients()).isZero();
        world.pass(Duration.ofMinutes(5).minusSeconds(31));
        assertThat(world.index.size()).isEqualTo(1);
        world.pass(SECOND);
        assertThat(world.count(State.SCHEDULED)).as("brought early, and timed").isEqualTo(1);
        assertThat(world.hasNothingFor("mx.a")).isTrue();
        world.signals.clear();
        world.pass(Duration.ofSeconds(30));
        assertThat(world.signals).containsExactly(path("mx.a"));
        assertThat(world.take("mx.a").attempts()).isEqualTo(1);
    }

    @Test
    void finished_retryWithinTheHorizon_staysInMemory() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example");
        world.defer(world.take("mx.a"), HORIZON);

        assertThat(world.index.size()).isZero();
        world.pass(HORIZON);
        assertThat(world.take("mx.a").attempts()).isEqualTo(1);
    }

    @Test
    void admit_moreThanThePathMayHave_restsAndComesBackInOrder() {
        world.siteIs("a.example", "mx.a");
        var admitted = new ArrayList<SpooledMessage>();
        for (int i = 0; i < 3_000; i++) {
            admitted.add(world.admit(MAIL, "x@a.example"));
        }
        assertThat(world.schedule.entriesInMemory()).isBetween(PATH_MOST / 2L, (long) PATH_MOST);

        var taken = new ArrayList<SpooledMessage>();
        while (taken.size() < admitted.size()) {
            QueueEntry entry = world.take("mx.a");
            taken.add(entry.message());
            world.settle(entry);
            assertThat(world.schedule.entriesInMemory()).isLessThanOrEqualTo(PATH_MOST);
            world.index.pass(world.schedule, world.now);
        }
        assertThat(taken).isEqualTo(admitted);
        assertThat(world.summary().byPath()).isEmpty();
        assertThat(world.index.size()).isZero();
    }

    @Test
    void admit_ofMailToMany_restsWhereItWeighsTooMuch() {
        world.siteIs("a.example", "mx.a");
        var addresses = new String[100];
        Arrays.setAll(addresses, i -> "x" + i + "@a.example");
        for (int i = 0; i < 100; i++) {
            world.admit(MAIL, addresses);
        }
        // An entry with 100 recipients counts as 20, and three quarters are for whoever is first.
        assertThat(world.schedule.entriesInMemory()).isBetween(6L, PATH_MOST / 20L);

        for (int i = 0; i < 100; i++) {
            world.settle(world.take("mx.a"));
            assertThat(world.schedule.entriesInMemory()).isLessThan(30);
            world.pass(SECOND);
        }
        assertThat(world.index.size()).isZero();
    }

    @Test
    void admit_behindABacklog_doesNotOvertakeIt() {
        world.siteIs("a.example", "mx.a");
        admit(400, MAIL, "a.example");
        for (int i = 0; i < 140; i++) {
            world.settle(world.take("mx.a"));
        }
        SpooledMessage late = world.admit(MAIL, "x@a.example");
        assertThat(world.schedule.entriesInMemory()).isLessThan(PATH_MOST / 2);
        world.pass(SECOND);

        for (int i = 140; i < 400; i++) {
            QueueEntry entry = world.take("mx.a");
            assertThat(entry.message()).isNotEqualTo(late);
            world.settle(entry);
            world.pass(SECOND);
        }
        assertThat(world.take("mx.a").message()).isEqualTo(late);
    }

    /// Whether the path is empty decides, not whether mail rested lately: what is delivered at once
    /// must not go by the disk for ever.
    @Test
    void admit_onceTheBacklogIsGone_staysInMemory() {
        world.siteIs("a.example", "mx.a");
        admit(400, MAIL, "a.example");
        drain("mx.a");
        long rested = world.index.rested;

        admit(10, MAIL, "a.example");

        assertThat(world.index.rested).isEqualTo(rested);
        assertThat(world.schedule.readyEntries(path("mx.a"), world.now)).isEqualTo(10);
    }

    @Test
    void stalledPath_costsOthersNothing() {
        world.siteIs("dead.example", "mx.dead");
        world.siteIs("a.example", "mx.a");
        for (int i = 0; i < 50_000; i++) {
            world.index.put(
                    new QueueEntry(
                            world.message(MAIL, "x@dead.example"),
                            domain("dead.example"),
                            RecipientNumbers.of(0),
                            1,
                            START.minusSeconds(50_000 - i),
                            false));
        }
        world.pass(Duration.ZERO);
        for (int second = 0; second < 100; second++) {
            admit(50, MAIL, "dead.example");
            admit(50, MAIL, "a.example");
            for (int i = 0; i < 50; i++) {
                QueueEntry entry = world.take("mx.a");
                assertThat(entry.dueAt()).isEqualTo(world.now);
                world.settle(entry);
            }
            world.pass(SECOND);
            assertThat(world.schedule.entriesInMemory()).isLessThanOrEqualTo(PATH_MOST);
        }
        assertThat(world.index.size()).isGreaterThan(54_000);
        Instant first = world.take("mx.dead").dueAt();
        assertThat(first).as("oldest first").isEqualTo(START.minusSeconds(50_000));
    }

    /// Inside one path, the backlog of one queue leaves room for the others.
    @Test
    void backlogOfOneCampaign_leavesRoomForOthersOfItsPath() {
        world.siteIs("a.example", "mx.a");
        MailStream urgent = stream("bank", "", PriorityClass.TRANSACTIONAL);
        admit(5_000, MAIL, "a.example");

        world.admit(urgent, "x@a.example");

        assertThat(world.take("mx.a").message().envelope().stream()).isEqualTo(urgent);
    }

    @Test
    void manyStalledPaths_shareMemoryEquallyAndLeaveSome() {
        for (int site = 0; site < 40; site++) {
            world.siteIs("d" + site + ".example", "mx" + site);
            admit(400, MAIL, "d" + site + ".example");
            world.pass(SECOND);
        }
        for (int i = 0; i < 60; i++) {
            world.pass(SECOND);
        }
        assertThat(world.schedule.entriesInMemory()).isLessThan(MOST);
        for (int site = 0; site < 40; site++) {
            assertThat(world.schedule.readyEntries(path("mx" + site), world.now))
                    .isBetween(5, 3 * MOST / 40);
        }
        world.siteIs("new.example", "mx.new");
        admit(5, MAIL, "new.example");
        assertThat(world.schedule.readyEntries(path("mx.new"), world.now)).isEqualTo(5);
    }

    @Test
    void room_pathIsFull_isLater() {
        world.siteIs("a.example", "mx.a");
        admit(5_000, MAIL, "a.example");

        assertThat(world.schedule.room(QUEUE, world.now))
                .isEqualTo(new Room.Later(Duration.ofSeconds(30)));
    }

    /// What the index has not seen yet comes to it when the path is full, and nothing else tells of
    /// it.
    @Test
    void room_pathIsFull_isAskedForAsSoonAsThereIsSome() {
        world.siteIs("a.example", "mx.a");
        admit(1_000, MAIL, "a.example");
        world.index.pass(world.schedule, world.now);
        world.schedule.due(QUEUE, List.of(), false, world.now);
        assertThat(world.schedule.room(QUEUE, world.now)).isInstanceOf(Room.Later.class);

        for (int i = 0; i < 1_000; i++) {
            world.settle(world.take("mx.a"));
            world.index.pass(world.schedule, world.now);
        }
        assertThat(world.index.size()).isZero();
    }

    @Test
    void room_isKeptUntilDueAnswers() {
        world.siteIs("a.example", "mx.a");
        assertThat(world.schedule.room(QUEUE, world.now)).isEqualTo(new Room.Take(150));
        var other = new QueueName(stream("other", "", PriorityClass.BULK), domain("a.example"));
        assertThat(world.schedule.room(other, world.now)).isEqualTo(new Room.Take(25));

        world.schedule.due(QUEUE, List.of(), false, world.now);
        world.schedule.due(other, List.of(), false, world.now);

        assertThat(world.schedule.room(QUEUE, world.now)).isEqualTo(new Room.Take(150));
    }

    /// Each backlogged queue is an object, so there are only so many.
    @Test
    void room_tooManyBacklogged_isLaterThoughThereIsRoom() {
        var large = new ScheduleFixture(new ScheduleSettings("default", 100, HORIZON, 10_000_000));
        for (int i = 0; i < Backlogs.QUEUES_MOST; i++) {
            large.siteIs("d" + i + ".example", "mx.a");
            large.schedule.due(queue("d" + i + ".example"), List.of(), true, START);
        }
        large.siteIs("a.example", "mx.a");
        assertThat(large.schedule.room(QUEUE, START))
                .isEqualTo(new Room.Later(Duration.ofSeconds(30)));

        large.schedule.due(queue("d0.example"), List.of(), false, START);

        assertThat(large.schedule.room(QUEUE, START)).isEqualTo(new Room.Take(1_000));
    }

    @Test
    void room_heldOrSuspended_isLater() {
        world.siteIs("a.example", "mx.a");
        world.schedule.apply(
                new OperatorAction.Suspend(ofDomain("a.example"), SECOND, ""), world.now);
        assertThat(world.schedule.room(QUEUE, world.now)).isEqualTo(new Room.Later(SECOND));
        world.schedule.apply(new OperatorAction.Hold(ofTenant("shop"), ""), world.now);
        assertThat(world.schedule.room(QUEUE, world.now))
                .isEqualTo(new Room.Later(Duration.ofMinutes(10)));

        world.pass(SECOND);
        assertThat(world.woken).containsExactly(ofDomain("a.example"));
        world.schedule.apply(new OperatorAction.Release(ofTenant("shop")), world.now);
        assertThat(world.woken).last().isEqualTo(ofTenant("shop"));
        assertThat(world.schedule.room(QUEUE, world.now)).isInstanceOf(Room.Take.class);
    }

    @Test
    void retryNow_wakesWhatRests() {
        world.schedule.apply(new OperatorAction.RetryNow(QueueScope.ALL), world.now);

        assertThat(world.woken).containsExactly(QueueScope.ALL);
    }

    @Test
    void held_manyInMemory_newMailRestsUntilReleased() {
        world.siteIs("a.example", "mx.a");
        admit(90, MAIL, "a.example");
        world.schedule.apply(new OperatorAction.Hold(ofTenant("shop"), ""), world.now);
        admit(300, MAIL, "a.example");
        world.pass(SECOND);
        assertThat(world.schedule.entriesInMemory()).isEqualTo(100);
        assertThat(world.index.size()).isEqualTo(290);
        world.pass(Duration.ofHours(3));
        assertThat(world.index.size()).isEqualTo(290);

        world.schedule.apply(new OperatorAction.Release(ofTenant("shop")), world.now);

        assertThat(drain("mx.a")).isEqualTo(390);
    }

    /// Held mail that fills a path makes place when others need it.
    @Test
    void held_inAFullPath_makesRoomForOthers() {
        world.siteIs("a.example", "mx.a");
        admit(1_000, MAIL, "a.example");
        world.schedule.apply(new OperatorAction.Hold(ofTenant("shop"), ""), world.now);
        MailStream other = stream("other", "", PriorityClass.NORMAL);
        admit(1_000, other, "a.example");

        world.pass(SECOND);
        world.pass(SECOND);

        assertThat(world.count(State.HELD)).isEqualTo(100);
        assertThat(world.schedule.readyEntries(path("mx.a"), world.now)).isGreaterThan(30);
        assertThat(drain("mx.a")).isEqualTo(1_000);
    }

    @Test
    void heldByItself_restingMessage_isHeldWhenItComes() {
        world.siteIs("a.example", "mx.a");
        SpooledMessage message = world.admit(MAIL, "x@a.example");
        world.defer(world.take("mx.a"), Duration.ofMinutes(5));
        QueueId id = message.id();
        world.schedule.apply(new OperatorAction.Hold(ScheduleFixture.ofId(id), ""), world.now);

        world.pass(Duration.ofMinutes(5));

        assertThat(world.hasNothingFor("mx.a")).isTrue();
        assertThat(world.count(State.HELD)).isEqualTo(1);
        world.schedule.apply(new OperatorAction.Release(ScheduleFixture.ofId(id)), world.now);
        assertThat(world.take("mx.a").message()).isEqualTo(message);
    }

    @Test
    void siteResolved_movesTheBacklogToo() {
        admit(1_000, MAIL, "a.example");
        assertThat(world.asked).containsExactly(domain("a.example"));

        world.siteIs("a.example", "mx.a");

        assertThat(drain("mx.a")).isEqualTo(1_000);
    }

    @Test
    void siteUnknown_ofABackloggedDomain_takesItBitByBit() {
        admit(1_000, MAIL, "a.example");
        int failed = 0;
        while (failed < 1_000) {
            List<QueueEntry> taken = world.schedule.siteUnknown(domain("a.example"), world.now);
            assertThat(taken).hasSizeBetween(1, PATH_MOST);
            taken.forEach(entry -> world.defer(entry, Duration.ofHours(1)));
            failed += taken.size();
            world.pass(SECOND);
        }
        assertThat(world.schedule.entriesInMemory()).isZero();
        assertThat(world.index.size()).isEqualTo(1_000);
    }

    /// Ten thousand queues of one path: only some are objects while they have nothing in memory.
    @Test
    void manyQueues_areServedInTheEnd() {
        for (int i = 0; i < 10_000; i++) {
            world.siteIs("d" + i + ".example", "mx.many");
            world.index.put(
                    new QueueEntry(
                            world.message(MAIL, "x@d" + i + ".example"),
                            domain("d" + i + ".example"),
                            RecipientNumbers.of(0),
                            0,
                            START,
                            false));
        }
        assertThat(drain("mx.many")).isEqualTo(10_000);
    }

    @Test
    void giveBack_toAFullPath_isNextAgain() {
        world.siteIs("a.example", "mx.a");
        admit(1_000, MAIL, "a.example");
        QueueEntry first = world.take("mx.a");
        long inMemory = world.schedule.entriesInMemory();

        world.schedule.giveBack(first, world.now);

        assertThat(world.schedule.entriesInMemory()).isEqualTo(inMemory);
        assertThat(world.take("mx.a")).isSameAs(first);
    }

    @Test
    void due_entriesOfAnotherQueue_areRefusedAsABug() {
        SpooledMessage message = world.message(MAIL, "x@b.example");
        var waiting = new RecoveredMessage.Waiting(RecipientNumbers.of(0), 0, START, false);
        List<RecoveredMessage> messages = List.of(new RecoveredMessage(message, List.of(waiting)));

        assertThatThrownBy(() -> world.schedule.due(QUEUE, messages, false, world.now))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not of");
    }

    @Test
    void restart_oldestFirst_nothingIsKeptInMemoryThatFindsNoRoom() {
        world.siteIs("a.example", "mx.a");
        QueueEntry tried = deferred(entry(), START.minusSeconds(10));
        world.index.put(tried);
        for (int i = 0; i < 2_000; i++) {
            world.index.put(entry());
        }
        world.pass(Duration.ZERO);

        assertThat(world.schedule.entriesInMemory()).isLessThanOrEqualTo(PATH_MOST);
        assertThat(world.take("mx.a")).isEqualTo(tried);
        assertThat(drain("mx.a")).isEqualTo(2_000);
    }

    private static QueueName queue(String domain) {
        return new QueueName(MAIL, domain(domain));
    }

    private QueueEntry entry() {
        return new QueueEntry(
                world.message(MAIL, "x@a.example"),
                domain("a.example"),
                RecipientNumbers.of(0),
                0,
                START,
                false);
    }

    private void admit(int messages, MailStream stream, String domain) {
        for (int i = 0; i < messages; i++) {
            world.admit(stream, "x@" + domain);
        }
    }

    /// Settles what comes until nothing does for ten minutes.
    private int drain(String site) {
        int settled = 0;
        int idle = 0;
        while (idle < 600) {
            idle++;
            Optional<QueueEntry> entry = world.schedule.take(path(site), world.now);
            while (entry.isPresent()) {
                idle = 0;
                settled++;
                world.settle(entry.get());
                entry = world.schedule.take(path(site), world.now);
            }
            world.pass(SECOND);
        }
        return settled;
    }

    @Test
    void hold_byAge_letsOlderMailRest_andYoungerMailPass() {
        world.siteIs("a.example", "mx.a");
        var old = new ArrayList<SpooledMessage>();
        for (int i = 0; i < 10; i++) {
            old.add(world.admit(MAIL, "x@a.example"));
        }
        QueueScope older = ofTenant("shop").noLaterThan(old.getLast().id());
        QueueEntry flying = world.take("mx.a");

        assertThat(world.schedule.apply(new OperatorAction.Hold(older, ""), world.now))
                .isEqualTo(9);
        assertThat(world.schedule.entriesInMemory()).as("what is in flight").isEqualTo(1);
        assertThat(world.schedule.staying(queueOf(flying)).test(old.getLast().id())).isTrue();
        SpooledMessage young = world.admit(MAIL, "x@a.example");
        assertThat(world.schedule.staying(queueOf(flying)).test(young.id())).isFalse();
        world.defer(flying, SECOND);
        assertThat(world.index.size()).as("it came back and rests too").isEqualTo(10);
        assertThat(world.take("mx.a").message()).isEqualTo(young);

        world.schedule.apply(new OperatorAction.Release(older), world.now);
        assertThat(world.woken).containsExactly(older);
        world.pass(SECOND);
        assertThat(world.take("mx.a").message()).isEqualTo(old.get(1));
    }

    @Test
    void suspension_endsOverAMovedMessage_thatIsHeldByAgeNow_andItRests() {
        world.siteIs("a.example", "mx.a");
        SpooledMessage message = world.admit(MAIL, "x@a.example");
        var suspend = new OperatorAction.Suspend(ofId(message.id()), SECOND, "");
        world.schedule.apply(suspend, world.now);
        QueueScope older = ofTenant("bank").noLaterThan(message.id());
        world.schedule.apply(new OperatorAction.Hold(older, ""), world.now);
        SpooledFixture.relabel(message, BANK);

        world.pass(SECOND);

        assertThat(world.index.size()).isEqualTo(1);
        world.schedule.apply(new OperatorAction.Release(older), world.now);
        world.pass(SECOND);
        assertThat(world.take("mx.a").message()).isEqualTo(message);
    }

    /// One recipient was meant; the other waits in memory, as mail of the old tenant.
    @Test
    void endOfAMove_letsRestWhatIsInMemoryOfTheMessage_soThatItMeetsAHold() {
        world.siteIs("a.example", "mx.a");
        SpooledMessage message = world.admit(MAIL, "x@a.example", "y@b.example");
        SpooledMessage other = world.admit(MAIL, "z@a.example");
        var move = new QueueJob.Work.Move(Optional.of("bank"), Optional.empty(), Optional.empty());
        var job = new QueueJob(new QueueId(9), move, ofDomain("b.example"), "");
        world.schedule.apply(new OperatorAction.Hold(ofTenant("bank"), ""), world.now);
        world.schedule.begin(job, world.now);
        SpooledFixture.relabel(message, BANK);

        world.schedule.end(job, world.now);

        assertThat(world.index.size()).as("both of its entries").isEqualTo(2);
        world.pass(SECOND);
        assertThat(world.take("mx.a").message()).isEqualTo(other);
        assertThat(world.hasNothingFor("mx.a")).isTrue();
    }

    private static QueueName queueOf(QueueEntry entry) {
        return new QueueName(entry.message().envelope().stream(), entry.domain());
    }

    @Test
    void mailToBeReleasedFarInTheFuture_restsAtOnce_andComesInTime() {
        var world = new ScheduleFixture(ScheduleSettings.DEFAULT);
        world.siteIs("a.example", "mx.a");
        var treatment = Treatment.NONE.withNotBefore(world.now.plus(Duration.ofDays(3)));
        SpooledMessage message =
                world.treated(world.message(MailStream.NONE, "x@a.example"), treatment);
        world.schedule.admit(message, world.now);

        assertThat(world.schedule.entriesInMemory()).isZero();
        assertThat(world.index.size()).isEqualTo(1);
        world.pass(Duration.ofDays(3).minusSeconds(1));
        world.siteIs("a.example", "mx.a");
        assertThat(world.hasNothingFor("mx.a")).isTrue();
        for (int i = 0; i < 3; i++) {
            world.pass(Duration.ofSeconds(31));
        }
        assertThat(world.take("mx.a").attempts()).isZero();
    }
}
