package io.whimbrel.schedule;

import static io.whimbrel.schedule.ScheduleFixture.START;
import static io.whimbrel.schedule.ScheduleFixture.domain;
import static io.whimbrel.schedule.ScheduleFixture.ofDomain;
import static io.whimbrel.schedule.ScheduleFixture.ofId;
import static io.whimbrel.schedule.ScheduleFixture.ofTenant;
import static io.whimbrel.schedule.ScheduleFixture.path;
import static io.whimbrel.schedule.ScheduleFixture.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.schedule.QueuedView.State;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Hold;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Release;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Resume;
import io.whimbrel.spool.SpoolRecord.OperatorAction.RetryNow;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Suspend;
import io.whimbrel.spool.SpooledMessage;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// What operators do to the queue.
class RestrictionTest {
    private static final MailStream SHOP = stream("shop", "news", PriorityClass.NORMAL);
    private static final MailStream BANK = stream("bank", "", PriorityClass.NORMAL);
    private static final Duration HOUR = Duration.ofHours(1);

    private final ScheduleFixture world = new ScheduleFixture();

    @BeforeEach
    void knowSites() {
        world.siteIs("a.example", "mx");
        world.siteIs("b.example", "mx");
    }

    @Test
    void hold_stopsWhatWaitsAndWhatComesLater() {
        world.admit(SHOP, "x@a.example");
        world.admit(BANK, "x@a.example");

        assertThat(apply(new Hold(ofTenant("shop"), "asked"))).isEqualTo(1);
        world.admit(SHOP, "y@b.example");

        assertThat(world.take("mx").message().envelope().stream()).isEqualTo(BANK);
        assertThat(world.hasNothingFor("mx")).isTrue();
        assertThat(world.count(State.HELD)).isEqualTo(2);
        assertThat(world.schedule.survey().list(ofTenant("shop"), 10, world.now))
                .extracting(QueuedView::why)
                .containsOnly("held: asked");
    }

    @Test
    void hold_combinedScope_needsAllConditions() {
        world.admit(SHOP, "x@a.example");
        world.admit(SHOP, "x@b.example");
        world.admit(BANK, "x@a.example");
        var scope =
                new QueueScope(
                        Optional.empty(),
                        Optional.of(domain("a.example")),
                        Optional.of("shop"),
                        Optional.of("news"));

        assertThat(apply(new Hold(scope, ""))).isEqualTo(1);

        assertThat(world.count(State.HELD)).isEqualTo(1);
        assertThat(world.count(State.READY)).isEqualTo(2);
    }

    @Test
    void hold_entryInFlight_endsNormallyAndComesBackHeld() {
        world.admit(SHOP, "x@a.example");
        QueueEntry entry = world.take("mx");

        assertThat(apply(new Hold(QueueScope.ALL, ""))).isZero();
        world.defer(entry, HOUR);

        assertThat(world.count(State.HELD)).isEqualTo(1);
        world.pass(HOUR);
        assertThat(world.hasNothingFor("mx")).isTrue();
    }

    @Test
    void hold_givenBackEntry_isHeld() {
        world.admit(SHOP, "x@a.example");
        QueueEntry entry = world.take("mx");
        apply(new Hold(ofDomain("a.example"), ""));

        world.schedule.giveBack(entry, world.now);

        assertThat(world.hasNothingFor("mx")).isTrue();
        assertThat(world.count(State.HELD)).isEqualTo(1);
    }

    @Test
    void release_givesWhatCameDueInDueOrderAndKeepsTheRest() {
        for (int minutes : new int[] {30, 10, 20, 90}) {
            world.admit(SHOP, "x@a.example");
            world.defer(world.take("mx"), Duration.ofMinutes(minutes));
        }
        apply(new Hold(ofDomain("a.example"), ""));
        world.pass(HOUR);
        world.signals.clear();

        assertThat(apply(new Release(ofDomain("a.example")))).isEqualTo(4);

        assertThat(world.signals).hasSize(3).containsOnly(path("mx"));
        for (int minutes : new int[] {10, 20, 30}) {
            assertThat(world.take("mx").dueAt()).isEqualTo(START.plusSeconds(60L * minutes));
        }
        assertThat(world.hasNothingFor("mx")).isTrue();
        assertThat(world.count(State.SCHEDULED)).isEqualTo(1);
    }

    @Test
    void release_endsOnlyTheHoldWithThatScope() {
        world.admit(SHOP, "x@a.example");
        apply(new Hold(ofTenant("shop"), "one"));
        apply(new Hold(ofDomain("a.example"), "two"));

        apply(new Release(ofDomain("a.example")));
        assertThat(world.hasNothingFor("mx")).isTrue();
        apply(new Release(ofTenant("shop")));
        assertThat(world.take("mx").message().envelope().stream()).isEqualTo(SHOP);
    }

    @Test
    void hold_byId_concernsThatMessageOnly() {
        SpooledMessage held = world.admit(SHOP, "x@a.example", "y@b.example");
        SpooledMessage other = world.admit(SHOP, "x@a.example");

        assertThat(apply(new Hold(ofId(held.id()), "look"))).isEqualTo(2);

        assertThat(world.take("mx").message()).isSameAs(other);
        assertThat(world.hasNothingFor("mx")).isTrue();
        assertThat(world.schedule.survey().find(held.id(), world.now))
                .hasSize(2)
                .allMatch(view -> view.state() == State.HELD && view.why().equals("held: look"));
        assertThat(apply(new Release(ofId(held.id())))).isEqualTo(2);
        assertThat(world.take("mx").message()).isSameAs(held);
        assertThat(world.take("mx").message()).isSameAs(held);
    }

    @Test
    void hold_byId_survivesDeferralAndMoveOfSite() {
        SpooledMessage message = world.admit(SHOP, "x@a.example");
        QueueEntry entry = world.take("mx");
        apply(new Hold(ofId(message.id()), ""));
        world.defer(entry, HOUR);
        world.siteIs("a.example", "mx.new");
        assertThat(world.count(State.HELD)).isEqualTo(1);

        apply(new Release(ofId(message.id())));

        assertThat(world.hasNothingFor("mx.new")).as("due in an hour only").isTrue();
        world.pass(HOUR);
        assertThat(world.take("mx.new").attempts()).isEqualTo(1);
    }

    @Test
    void hold_ofSuspendedMessage_countsAsHeld() {
        SpooledMessage message = world.admit(SHOP, "x@a.example");
        apply(new Suspend(ofId(message.id()), HOUR, ""));
        apply(new Hold(ofTenant("shop"), "stop"));

        assertThat(world.count(State.HELD)).isEqualTo(1);
        assertThat(world.schedule.survey().find(message.id(), world.now).getFirst().why())
                .isEqualTo("held: stop");
    }

    @Test
    void suspend_endsByItself() {
        world.admit(SHOP, "x@a.example");

        assertThat(apply(new Suspend(ofTenant("shop"), HOUR, "slow"))).isEqualTo(1);

        assertThat(world.schedule.nextDue()).contains(START.plus(HOUR));
        assertThat(world.schedule.survey().list(QueueScope.ALL, 1, world.now).getFirst().why())
                .isEqualTo("suspended for another 1h: slow");
        world.pass(HOUR.minusMillis(1));
        assertThat(world.hasNothingFor("mx")).isTrue();
        assertThat(world.count(State.SUSPENDED)).isEqualTo(1);
        world.signals.clear();
        world.pass(Duration.ofMillis(1));
        assertThat(world.signals).containsExactly(path("mx"));
        assertThat(world.take("mx").message().envelope().stream()).isEqualTo(SHOP);
        assertThat(world.schedule.survey().restrictions(world.now)).isEmpty();
    }

    @Test
    void suspend_overlapping_theLongerCountsAndHoldComesFirst() {
        world.admit(SHOP, "x@a.example");
        apply(new Suspend(ofTenant("shop"), HOUR.multipliedBy(2), "long"));
        apply(new Suspend(ofDomain("a.example"), HOUR, "short"));

        world.pass(HOUR);
        assertThat(world.count(State.SUSPENDED)).isEqualTo(1);
        apply(new Hold(QueueScope.ALL, "stop"));
        assertThat(world.count(State.HELD)).isEqualTo(1);
        apply(new Release(QueueScope.ALL));
        apply(new Resume(ofTenant("shop")));
        assertThat(world.count(State.READY)).isEqualTo(1);
    }

    @Test
    void suspend_forLongerThanTimeHas_isAccepted() {
        apply(new Suspend(ofTenant("shop"), Duration.ofSeconds(Long.MAX_VALUE), ""));

        world.admit(SHOP, "x@a.example");
        assertThat(world.count(State.SUSPENDED)).isEqualTo(1);
    }

    @Test
    void retryNow_makesWaitingEntriesDueAndKeepsAttempts() {
        world.admit(SHOP, "x@a.example");
        world.defer(world.take("mx"), HOUR.multipliedBy(2));
        world.admit(SHOP, "y@a.example");
        world.defer(world.take("mx"), HOUR);
        world.signals.clear();

        assertThat(apply(new RetryNow(ofTenant("shop")))).isEqualTo(2);

        assertThat(world.signals).hasSize(2);
        QueueEntry first = world.take("mx");
        assertThat(first.attempts()).isEqualTo(1);
        assertThat(first.dueAt()).isEqualTo(START);
        assertThat(first.message().envelope().recipients().getFirst().path().address())
                .as("earlier due first")
                .isEqualTo("y@a.example");
    }

    @Test
    void retryNow_byId_leavesOthersScheduled() {
        SpooledMessage one = world.admit(SHOP, "x@a.example");
        world.defer(world.take("mx"), HOUR);
        world.admit(SHOP, "y@a.example");
        world.defer(world.take("mx"), HOUR);

        assertThat(apply(new RetryNow(ofId(one.id())))).isEqualTo(1);

        assertThat(world.take("mx").message()).isSameAs(one);
        assertThat(world.count(State.SCHEDULED)).isEqualTo(1);
    }

    @Test
    void retryNow_ofHeldMail_doesNotReleaseIt() {
        world.admit(SHOP, "x@a.example");
        world.defer(world.take("mx"), HOUR);
        SpooledMessage apart = world.admit(SHOP, "y@a.example");
        world.defer(world.take("mx"), HOUR);
        apply(new Hold(ofId(apart.id()), ""));
        apply(new Hold(ofTenant("shop"), ""));

        assertThat(apply(new RetryNow(QueueScope.ALL))).isEqualTo(2);
        assertThat(world.hasNothingFor("mx")).isTrue();
        apply(new Release(ofTenant("shop")));
        assertThat(world.take("mx").attempts()).isEqualTo(1);
        assertThat(world.hasNothingFor("mx")).isTrue();
        apply(new Release(ofId(apart.id())));
        assertThat(world.take("mx").message()).isSameAs(apart);
    }

    @Test
    void heldMailOfUnknownDomain_isNeitherResolvedNorGivenUp() {
        apply(new Hold(ofTenant("shop"), ""));
        world.admit(SHOP, "x@unknown.example");
        assertThat(world.asked).isEmpty();

        assertThat(world.schedule.siteUnknown(domain("unknown.example"), world.now)).isEmpty();

        apply(new Release(ofTenant("shop")));
        assertThat(world.asked).containsExactly(domain("unknown.example"));
        assertThat(world.count(State.RESOLVING)).isEqualTo(1);
    }

    @Test
    void summary_namesRestrictionsWithWhatIsLeftOfThem() {
        apply(new Hold(ofTenant("shop"), "a"));
        apply(new Suspend(ofDomain("a.example"), HOUR, "b"));
        Instant later = START.plus(Duration.ofMinutes(20));

        assertThat(world.schedule.survey().restrictions(later))
                .containsExactly(
                        new Hold(ofTenant("shop"), "a"),
                        new Suspend(ofDomain("a.example"), Duration.ofMinutes(40), "b"));
    }

    private long apply(OperatorAction action) {
        return world.schedule.apply(action, world.now);
    }

    @Test
    void hold_byAge_concernsOlderMailOnly_andIsReleasedByALaterAge() {
        world.siteIs("a.example", "mx.a");
        SpooledMessage old = world.admit(SHOP, "x@a.example");
        SpooledMessage young = world.admit(SHOP, "x@a.example");
        QueueScope older = QueueScope.ALL.noLaterThan(old.id());

        assertThat(apply(new Hold(older, "age"))).isEqualTo(1);
        assertThat(world.take("mx.a").message()).isEqualTo(young);
        assertThat(world.hasNothingFor("mx.a")).isTrue();
        apply(new Release(QueueScope.ALL));
        assertThat(world.hasNothingFor("mx.a")).as("another hold").isTrue();
        apply(new Release(QueueScope.ALL.noLaterThan(young.id())));
        assertThat(world.take("mx.a").message()).isEqualTo(old);
    }
}
