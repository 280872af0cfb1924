package io.whimbrel.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.schedule.ScheduleActions;
import io.whimbrel.schedule.ScheduleSettings;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.FaultySpool;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpooledMessage;
import io.whimbrel.spool.Waking;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;

/// Jobs over a spool and a schedule that are killed and begin again.
final class JobRunnerTest {
    private static final DomainName DOMAIN = new DomainName("example.net");
    private static final EgressPath PATH = new EgressPath("default", new Site("mx.example.net"));

    private final FaultySpool disk = new FaultySpool();
    private final Instant now = Mail.RECEIVED.plusSeconds(60);
    private World world = new World();

    JobRunnerTest() throws IOException {}

    /// What is lost with the process.
    private final class World implements ScheduleActions, Waking {
        final InstantSource clock = () -> now;
        final List<QueueScope> woken = new ArrayList<>();
        final Schedule schedule =
                new Schedule(
                        new ScheduleSettings("default", 100, Duration.ofMinutes(1), 100_000), this);
        final JobRunner jobs;

        World() {
            var metrics = new Metrics();
            var settlement =
                    new Settlement(
                            Mail.SETTINGS, disk.spool(), schedule, metrics, clock, new Random(1));
            jobs = new JobRunner(disk.spool(), schedule, settlement, metrics, clock);
            jobs.recover(disk.spool().takeRecovery().jobs());
            disk.spool().start(this);
            schedule.siteResolved(
                    new Destination(DOMAIN, "default", ""), PATH.site(), Duration.ofDays(9), now);
        }

        @Override
        public void resolve(Destination destination) {}

        @Override
        public void workReady(EgressPath path) {}

        @Override
        public void rest(QueueEntry entry) {
            disk.spool().rest(entry.message(), entry.recipients(), entry.attempts());
        }

        @Override
        public void wanted(QueueName queue, int most) {
            disk.spool().wanted(queue, most);
        }

        @Override
        public void wake(QueueScope scope) {
            woken.add(scope);
            disk.spool().wake(scope);
        }

        @Override
        public Room room(QueueName queue) {
            return switch (schedule.room(queue, now)) {
                case io.whimbrel.schedule.Room.Take(int most) -> new Room.Take(most);
                case io.whimbrel.schedule.Room.Later(Duration delay) -> new Room.Later(delay);
            };
        }

        @Override
        public Predicate<QueueId> staying(QueueName queue) {
            return schedule.staying(queue);
        }

        @Override
        public void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore) {
            schedule.due(queue, messages, isMore, now);
        }

        void runToTheEnd() {
            for (int i = 0; i < 1000 && isRunning(); i++) {
                jobs.step();
            }
            assertThat(isRunning()).isFalse();
        }

        boolean isRunning() {
            return jobs.jobs().stream().anyMatch(view -> !view.stage().isEnd());
        }

        JobView begin(QueueJob.Work work, QueueScope scope) throws IOException {
            return jobs.begin(work, scope, "why", 9);
        }
    }

    private SpooledMessage admit() {
        var envelope = Mail.envelope(Mail.recipient("user@example.net", Notify.DEFAULT));
        SpooledMessage message = disk.accept(envelope, "Subject: x\r\n\r\n\r\n".getBytes(UTF_8));
        world.schedule.admit(message, now);
        return message;
    }

    private void admit(int messages) {
        for (int i = 0; i < messages; i++) {
            admit();
        }
    }

    /// Some were tried, and wait on disk for their next time.
    private void defer(int messages) throws IOException {
        for (int i = 0; i < messages; i++) {
            defer(world.schedule.take(PATH, now).orElseThrow());
        }
        disk.spool().awaitIndex(() -> false);
    }

    private void defer(QueueEntry entry) throws IOException {
        Instant due = now.plusSeconds(3600);
        var record =
                new SpoolRecord.Deferred(
                        now,
                        entry.message().id(),
                        entry.recipients(),
                        entry.attempts() + 1,
                        due,
                        false,
                        false,
                        AttemptFacts.NONE);
        disk.spool().append(new SpoolBatch(List.of(record), List.of()), _ -> {});
        var retry =
                new QueueEntry(
                        entry.message(),
                        entry.domain(),
                        entry.recipients(),
                        entry.attempts() + 1,
                        due,
                        false);
        world.schedule.finished(entry, List.of(retry), now);
    }

    /// By id, without reports.
    private List<QueueId> queued() throws IOException {
        return disk.spool().queued(Optional.empty(), 10_000).stream()
                .map(RecoveredMessage::message)
                .filter(message -> !message.envelope().reversePath().isNull())
                .map(SpooledMessage::id)
                .toList();
    }

    private long reports() throws IOException {
        return (long) disk.spool().queued(Optional.empty(), 10_000).size() - queued().size();
    }

    @Test
    void delete_takesWhatRestsAndWhatIsInMemory_andNothingThatCameLater() throws Exception {
        admit(300);
        defer(120);
        JobView begun = world.begin(new QueueJob.Work.Delete(), QueueScope.ALL);
        assertThat(world.schedule.take(PATH, now)).as("nothing of it is tried").isEmpty();
        SpooledMessage later = admit();

        world.runToTheEnd();

        assertThat(queued()).containsExactly(later.id());
        assertThat(reports()).isZero();
        JobView ended = world.jobs.job(begun.job().id(), Duration.ZERO).orElseThrow();
        assertThat(ended.done()).isEqualTo(300);
        assertThat(ended.stage()).isEqualTo(SpoolRecord.Stage.DONE);
        assertThat(world.schedule.take(PATH, now).orElseThrow().message().id())
                .isEqualTo(later.id());
    }

    @Test
    void bounce_tellsEachSenderOnce_andNeverBouncesItsOwnReports() throws Exception {
        admit(250);
        defer(50);
        world.begin(new QueueJob.Work.Bounce(), QueueScope.ALL);

        world.runToTheEnd();

        assertThat(queued()).isEmpty();
        assertThat(reports()).isEqualTo(250);
    }

    @Test
    void job_waitsForWhatIsInFlight() throws Exception {
        admit(3);
        QueueEntry flying = world.schedule.take(PATH, now).orElseThrow();
        world.begin(new QueueJob.Work.Delete(), QueueScope.ALL);
        for (int i = 0; i < 10; i++) {
            world.jobs.step();
        }
        assertThat(queued()).containsExactly(flying.message().id());
        assertThat(world.isRunning()).isTrue();

        defer(flying);
        world.runToTheEnd();

        assertThat(queued()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bounce_killedAgainAndAgain_goesOnByItself_andDoesNothingTwice(boolean losesIndex)
            throws Exception {
        admit(900);
        defer(500);
        JobView begun = world.begin(new QueueJob.Work.Bounce(), QueueScope.ALL);
        QueueId later = admit().id();
        int kills = 0;
        while (world.isRunning()) {
            world.jobs.step();
            if (world.isRunning()) {
                disk.kill(losesIndex);
                world = new World();
                kills++;
                assertThat(world.schedule.entriesInMemory()).isZero();
            }
            assertThat(kills).isLessThan(1000);
        }

        assertThat(kills).isGreaterThan(3);
        assertThat(queued()).containsExactly(later);
        assertThat(reports()).isEqualTo(900);
        assertThat(world.jobs.job(begun.job().id(), Duration.ZERO).orElseThrow().done())
                .isEqualTo(900);
        disk.kill(losesIndex);
        world = new World();
        assertThat(world.jobs.jobs()).as("an ended job does not come back").isEmpty();
    }

    @Test
    void job_ofOlderMail_leavesYoungerMail() throws Exception {
        QueueId old = admit().id();
        QueueId young = admit().id();
        world.begin(new QueueJob.Work.Delete(), QueueScope.ALL.noLaterThan(old));

        world.runToTheEnd();

        assertThat(queued()).containsExactly(young);
    }

    @Test
    void job_ofOneMessage_takesThatOnly() throws Exception {
        QueueId one = admit().id();
        QueueId other = admit().id();
        var scope =
                new QueueScope(
                        Optional.of(one), Optional.empty(), Optional.empty(), Optional.empty());
        world.begin(new QueueJob.Work.Delete(), scope);

        world.runToTheEnd();

        assertThat(queued()).containsExactly(other);
    }

    @Test
    void cancel_leavesTheRest_whichIsTriedAgain() throws Exception {
        admit(500);
        JobView begun = world.begin(new QueueJob.Work.Delete(), QueueScope.ALL);
        world.jobs.step();
        assertThat(world.jobs.cancel(begun.job().id())).isTrue();

        world.runToTheEnd();

        JobView ended = world.jobs.job(begun.job().id(), Duration.ZERO).orElseThrow();
        assertThat(ended.stage()).isEqualTo(SpoolRecord.Stage.CANCELLED);
        assertThat(ended.done()).isPositive().isLessThan(500);
        assertThat(queued()).hasSize((int) (500 - ended.done()));
        assertThat(world.woken).containsExactly(begun.job().meant());
        var queue = new QueueName(Mail.envelopeOf(1).stream(), DOMAIN);
        assertThat(world.schedule.staying(queue).test(queued().getFirst())).isFalse();
        assertThat(world.jobs.cancel(begun.job().id())).isFalse();
    }

    @Test
    void job_whereTheDiskFails_waitsAndTellsWhy() throws Exception {
        admit(10);
        JobView begun = world.begin(new QueueJob.Work.Delete(), QueueScope.ALL);
        disk.failAfter(0);
        world.jobs.step();
        assertThat(world.jobs.job(begun.job().id(), Duration.ZERO).orElseThrow().trouble())
                .isNotEmpty();

        disk.failAfter(Integer.MAX_VALUE);
        world.runToTheEnd();

        assertThat(queued()).isEmpty();
    }

    @Test
    void begin_beyondWhatMayRun_isRefused() throws Exception {
        var delete = new QueueJob.Work.Delete();
        for (int i = 0; i < 100; i++) {
            world.begin(delete, QueueScope.ALL);
        }
        assertThatThrownBy(() -> world.begin(delete, QueueScope.ALL))
                .isInstanceOf(JobRefused.class)
                .hasMessageContaining("cancel one");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void move_killedInTheMiddle_relabelsAll_andTheLabelsStay(boolean losesIndex) throws Exception {
        admit(500);
        defer(300);
        var move =
                new QueueJob.Work.Move(
                        Optional.of("bank"), Optional.empty(), Optional.of(PriorityClass.NORMAL));
        JobView begun = world.begin(move, QueueScope.ALL);
        world.jobs.step();
        disk.kill(losesIndex);
        world = new World();

        world.runToTheEnd();

        assertThat(world.jobs.job(begun.job().id(), Duration.ZERO).orElseThrow().done())
                .isEqualTo(500);
        var moved = new MailStream("bank", "autumn", PriorityClass.NORMAL);
        for (boolean loses : new boolean[] {false, true}) {
            disk.kill(loses);
            assertThat(disk.spool().queued(Optional.empty(), 10_000))
                    .hasSize(500)
                    .allMatch(one -> one.message().envelope().stream().equals(moved));
        }
    }

    @Test
    void move_leavesMailThatIsThereAlready_andMailThatComesLater() throws Exception {
        admit();
        var move =
                new QueueJob.Work.Move(
                        Optional.of("shop"), Optional.of("winter"), Optional.empty());
        JobView first = world.begin(move, QueueScope.ALL);
        world.runToTheEnd();
        JobView again = world.begin(move, QueueScope.ALL);
        SpooledMessage later = admit();
        world.runToTheEnd();

        assertThat(world.jobs.job(first.job().id(), Duration.ZERO).orElseThrow().done())
                .isEqualTo(1);
        assertThat(world.jobs.job(again.job().id(), Duration.ZERO).orElseThrow().done()).isZero();
        assertThat(later.envelope().stream().campaign()).isEqualTo("autumn");
    }

    @Test
    void movesOfTheSameMail_goOneAfterTheOther_andTheLastOneIsRight() throws Exception {
        admit(300);
        JobView first = world.begin(moveTo("winter"), QueueScope.ALL);
        JobView second = world.begin(moveTo("spring"), QueueScope.ALL);
        world.jobs.step();
        String trouble = world.jobs.job(second.job().id(), Duration.ZERO).orElseThrow().trouble();
        disk.kill(false);
        world = new World();
        world.runToTheEnd();

        assertThat(trouble).isEqualTo("job " + first.job().id() + " comes first");
        assertThat(disk.spool().queued(Optional.empty(), 10_000))
                .hasSize(300)
                .allMatch(one -> one.message().envelope().stream().campaign().equals("spring"));
        assertThat(world.jobs.jobs()).extracting(JobView::done).containsExactly(300L, 300L);
    }

    @Test
    void move_intoWhatIsBeingDeleted_comesAfterwards_andIsNotDeleted() throws Exception {
        admit(250);
        var winter =
                new QueueScope(
                        Optional.empty(),
                        Optional.of(new DomainName("other.example")),
                        Optional.empty(),
                        Optional.of("winter"));
        JobView delete = world.begin(new QueueJob.Work.Delete(), winter);
        JobView move = world.begin(moveTo("winter"), QueueScope.ALL);
        world.jobs.step();

        assertThat(world.jobs.job(move.job().id(), Duration.ZERO).orElseThrow().trouble())
                .contains(delete.job().id().toString());
        world.runToTheEnd();
        assertThat(queued()).hasSize(250);
    }

    @Test
    void jobsOfDifferentMail_runSideBySide_andACancelledOneNeedNotWait() throws Exception {
        admit(300);
        JobView first = world.begin(moveTo("winter"), QueueScope.ALL);
        JobView behind = world.begin(moveTo("spring"), QueueScope.ALL);
        var other =
                new QueueScope(
                        Optional.empty(), Optional.empty(), Optional.of("bank"), Optional.empty());
        var apart = new QueueJob(behind.job().id(), new QueueJob.Work.Delete(), other, "");

        world.jobs.cancel(behind.job().id());
        world.jobs.step();

        assertThat(world.jobs.job(first.job().id(), Duration.ZERO).orElseThrow().stage().isEnd())
                .isFalse();
        assertThat(world.jobs.job(behind.job().id(), Duration.ZERO).orElseThrow().stage())
                .isEqualTo(SpoolRecord.Stage.CANCELLED);
        assertThat(apart.isAtOddsWith(shopMove(first))).isFalse();
        assertThat(apart.isAtOddsWith(apart)).isFalse();
    }

    private static QueueJob shopMove(JobView like) {
        var shop =
                new QueueScope(
                        Optional.empty(), Optional.empty(), Optional.of("shop"), Optional.empty());
        return new QueueJob(like.job().id(), moveTo("winter"), shop, "");
    }

    private static QueueJob.Work moveTo(String campaign) {
        return new QueueJob.Work.Move(Optional.empty(), Optional.of(campaign), Optional.empty());
    }
}
