package io.whimbrel.schedule;

import static io.whimbrel.schedule.ScheduleFixture.START;
import static io.whimbrel.schedule.ScheduleFixture.domain;
import static io.whimbrel.schedule.ScheduleFixture.ofTenant;
import static io.whimbrel.schedule.ScheduleFixture.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

/// Actions are called with no lock held: while one runs, another thread can use the schedule.
class LockDisciplineTest implements ScheduleActions {
    private static final MailStream MAIL = new MailStream("shop", "", PriorityClass.NORMAL);

    private final Schedule schedule =
            new Schedule(new ScheduleSettings("default", 100, Duration.ofSeconds(60), 10), this);
    private final ScheduleFixture messages = new ScheduleFixture();
    private int calls;

    @Override
    public void resolve(Destination destination) {
        useFromAnotherThread();
    }

    @Override
    public void workReady(EgressPath path) {
        useFromAnotherThread();
    }

    @Override
    public void rest(QueueEntry entry) {
        useFromAnotherThread();
    }

    @Override
    public void wanted(QueueName queue, int most) {
        useFromAnotherThread();
    }

    @Override
    public void wake(QueueScope scope) {
        useFromAnotherThread();
    }

    @Test
    void actions_areCalledWithoutLocks() {
        schedule.admit(messages.message(MAIL, "x@a.example"), START);
        assertThat(calls).as("resolve after admit").isEqualTo(1);
        schedule.siteResolved(domain("a.example"), new Site("mx"), Duration.ofHours(9), START);
        assertThat(calls).as("after siteResolved").isEqualTo(2);
        QueueEntry entry = schedule.take(path("mx"), START).orElseThrow();
        QueueEntry retry = ScheduleFixture.deferred(entry, START.plusSeconds(60));
        schedule.finished(entry, List.of(retry), START);
        schedule.tick(START.plusSeconds(60));
        assertThat(calls).as("after tick").isEqualTo(3);
        schedule.apply(new OperatorAction.Hold(ofTenant("shop"), ""), START.plusSeconds(60));
        schedule.apply(new OperatorAction.Release(ofTenant("shop")), START.plusSeconds(60));
        assertThat(calls).as("workReady and wake after release").isEqualTo(5);
    }

    @Test
    void actionsOfABoundedSchedule_areCalledWithoutLocks() {
        schedule.siteResolved(domain("a.example"), new Site("mx"), Duration.ofHours(9), START);
        schedule.admit(messages.message(MAIL, "x@a.example"), START);
        schedule.admit(messages.message(MAIL, "y@a.example"), START);
        assertThat(calls).as("ready").isEqualTo(2);
        schedule.admit(messages.message(MAIL, "z@a.example"), START);
        assertThat(calls).as("rest").isEqualTo(3);
        QueueEntry entry = schedule.take(path("mx"), START).orElseThrow();
        schedule.finished(
                entry, List.of(ScheduleFixture.deferred(entry, START.plusSeconds(3600))), START);
        assertThat(calls).as("rest until due").isEqualTo(4);
        schedule.finished(schedule.take(path("mx"), START).orElseThrow(), List.of(), START);
        assertThat(calls).as("wanted").isEqualTo(5);
        schedule.apply(
                new OperatorAction.Suspend(ofTenant("shop"), Duration.ofMillis(1), ""), START);
        schedule.tick(START.plusMillis(1));
        assertThat(calls).as("wake").isEqualTo(6);
    }

    private void useFromAnotherThread() {
        calls++;
        Thread other =
                Thread.ofPlatform()
                        .daemon()
                        .start(() -> {
                            schedule.apply(new OperatorAction.Hold(ofTenant("nobody"), ""), START);
                            schedule.survey().list(QueueScope.ALL, 1, START);
                            schedule.readyEntries(path("mx"), START);
                        });
        try {
            assertThat(other.join(Duration.ofSeconds(20))).as("a lock is held").isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
