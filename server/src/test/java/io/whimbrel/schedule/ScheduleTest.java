package io.whimbrel.schedule;

import static io.whimbrel.schedule.ScheduleFixture.START;
import static io.whimbrel.schedule.ScheduleFixture.TIME_TO_LIVE;
import static io.whimbrel.schedule.ScheduleFixture.deferred;
import static io.whimbrel.schedule.ScheduleFixture.domain;
import static io.whimbrel.schedule.ScheduleFixture.path;
import static io.whimbrel.schedule.ScheduleFixture.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.Treatment;
import io.whimbrel.schedule.QueuedView.State;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledMessage;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

class ScheduleTest {
    private static final MailStream MAIL = stream("shop", "news", PriorityClass.NORMAL);
    private static final Duration FIVE_MINUTES = Duration.ofMinutes(5);

    private final ScheduleFixture world = new ScheduleFixture();

    @Test
    void admit_knownSite_isReadyAtOnceAndSignalled() {
        world.siteIs("a.example", "mx.a");
        SpooledMessage message = world.admit(MAIL, "x@a.example");

        assertThat(world.signals).containsExactly(path("mx.a"));
        QueueEntry entry = world.take("mx.a");
        assertThat(entry.message()).isSameAs(message);
        assertThat(entry.attempts()).isZero();
        assertThat(entry.dueAt()).isEqualTo(START);
        assertThat(world.hasNothingFor("mx.a")).isTrue();
        assertThat(world.asked).isEmpty();
    }

    @Test
    void admit_unknownDomain_asksOnceAndWaits() {
        world.admit(MAIL, "x@a.example");
        world.admit(MAIL, "y@a.example");

        assertThat(world.asked).containsExactly(domain("a.example"));
        assertThat(world.count(State.RESOLVING)).isEqualTo(2);
        world.siteIs("a.example", "mx.a");
        assertThat(world.signals).containsExactly(path("mx.a"), path("mx.a"));
        assertThat(world.take("mx.a").recipients()).isEqualTo(RecipientNumbers.of(0));
    }

    @Test
    void readyQueues_areThePathsWithMail() {
        world.siteIs("a.example", "mx.a");
        world.siteIs("b.example", "mx.b");
        world.admit(MAIL, "x@a.example");
        world.admit(MAIL, "x@b.example", "y@a.example");
        assertThat(world.schedule.readyQueues()).isEqualTo(2);

        world.settle(world.take("mx.b"));

        assertThat(world.schedule.readyQueues()).isEqualTo(1);
    }

    @Test
    void admit_manyRecipients_areGroupedByDomainAndTransaction() {
        String[] addresses =
                IntStream.range(0, 1_002)
                        .mapToObj(i -> "u" + i + (i < 1_000 ? "@a.example" : "@b.example"))
                        .toArray(String[]::new);
        world.siteIs("a.example", "mx.a");
        world.siteIs("b.example", "mx.b");

        world.admit(MAIL, addresses);

        for (int from = 0; from < 1_000; from += 100) {
            int[] expected = IntStream.range(from, from + 100).toArray();
            assertThat(world.take("mx.a").recipients()).isEqualTo(RecipientNumbers.of(expected));
        }
        assertThat(world.hasNothingFor("mx.a")).isTrue();
        assertThat(world.take("mx.b").recipients()).isEqualTo(RecipientNumbers.of(1_000, 1_001));
        assertThat(world.hasNothingFor("mx.b")).isTrue();
        assertThat(world.count(State.IN_FLIGHT)).isEqualTo(1_002);
    }

    @Test
    void domainsOfOneSite_shareItsReadyQueue() {
        world.siteIs("a.example", "mx.shared");
        world.siteIs("b.example", "mx.shared");
        world.admit(MAIL, "x@a.example");
        world.pass(Duration.ofMillis(10));
        world.admit(MAIL, "x@b.example");

        assertThat(world.take("mx.shared").domain()).isEqualTo(domain("a.example"));
        assertThat(world.take("mx.shared").domain()).isEqualTo(domain("b.example"));
    }

    @Test
    void finished_withRetry_isNotTriedBeforeDue() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example");
        world.defer(world.take("mx.a"), FIVE_MINUTES);
        world.signals.clear();

        assertThat(world.schedule.nextDue()).contains(START.plus(FIVE_MINUTES));
        world.pass(FIVE_MINUTES.minusMillis(1));
        assertThat(world.hasNothingFor("mx.a")).isTrue();
        assertThat(world.count(State.SCHEDULED)).isEqualTo(1);
        world.pass(Duration.ofMillis(1));
        assertThat(world.signals).containsExactly(path("mx.a"));
        assertThat(world.take("mx.a").attempts()).isEqualTo(1);
        assertThat(world.schedule.nextDue()).isEmpty();
    }

    @Test
    void finished_dueWithinAMillisecond_roundsUp() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example");
        world.defer(world.take("mx.a"), Duration.ofNanos(1_000_001));

        world.pass(Duration.ofMillis(1));
        assertThat(world.hasNothingFor("mx.a")).isTrue();
        world.pass(Duration.ofMillis(1));
        assertThat(world.take("mx.a").attempts()).isEqualTo(1);
    }

    @Test
    void finished_someRecipientsDeferred_onlyTheyStay() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example", "y@a.example", "z@a.example");
        QueueEntry tried = world.take("mx.a");
        QueueEntry retry = withRecipients(tried, RecipientNumbers.of(1));

        world.schedule.finished(tried, List.of(retry), world.now);

        assertThat(world.summary().recipients()).isEqualTo(1);
        assertThat(world.schedule.survey().find(tried.message().id(), world.now))
                .extracting(QueuedView::entry)
                .containsExactly(retry);
    }

    @Test
    void finished_twice_isRefusedAsABug() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example");
        QueueEntry entry = world.take("mx.a");
        world.settle(entry);

        assertThatThrownBy(() -> world.settle(entry))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("not in flight");
    }

    @Test
    void finished_moreRetriesThanTried_isRefusedAndKeepsTheEntry() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example");
        QueueEntry entry = world.take("mx.a");
        QueueEntry two = withRecipients(entry, RecipientNumbers.of(0, 1));

        assertThatThrownBy(() -> world.schedule.finished(entry, List.of(two), world.now))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(world.count(State.IN_FLIGHT)).isEqualTo(1);
    }

    @Test
    void giveBack_isNextAgainAndDoesNotSignal() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example");
        world.admit(MAIL, "y@a.example");
        QueueEntry first = world.take("mx.a");
        world.signals.clear();

        world.schedule.giveBack(first, world.now);

        assertThat(world.signals).isEmpty();
        assertThat(world.take("mx.a")).isSameAs(first);
    }

    @Test
    void giveBack_afterSiteMoved_goesToTheNewSiteAndSignals() {
        world.siteIs("a.example", "mx.old");
        world.admit(MAIL, "x@a.example");
        QueueEntry entry = world.take("mx.old");
        world.siteIs("a.example", "mx.new");
        world.signals.clear();

        world.schedule.giveBack(entry, world.now);

        assertThat(world.signals).containsExactly(path("mx.new"));
        assertThat(world.take("mx.new")).isSameAs(entry);
    }

    @Test
    void takeAll_takesAtMostSoMany() {
        world.siteIs("a.example", "mx.a");
        for (int i = 0; i < 5; i++) {
            world.admit(MAIL, "x@a.example");
        }

        assertThat(world.schedule.takeAll(path("mx.a"), 3, world.now)).hasSize(3);
        assertThat(world.schedule.readyEntries(path("mx.a"), world.now)).isEqualTo(2);
        assertThat(world.schedule.takeAll(path("mx.a"), 3, world.now)).hasSize(2);
        assertThat(world.count(State.IN_FLIGHT)).isEqualTo(5);
    }

    @Test
    void siteUnknown_givesWhatWaitsToBeSettled() {
        SpooledMessage message = world.admit(MAIL, "x@a.example", "y@a.example");
        world.admit(MAIL, "x@b.example");

        List<QueueEntry> unknown = world.schedule.siteUnknown(domain("a.example"), world.now);

        assertThat(unknown).hasSize(1);
        assertThat(unknown.getFirst().message()).isSameAs(message);
        assertThat(world.count(State.IN_FLIGHT)).isEqualTo(2);
        assertThat(world.count(State.RESOLVING)).isEqualTo(1);
        world.asked.clear();
        world.defer(unknown.getFirst(), FIVE_MINUTES);
        assertThat(world.asked).isEmpty();
        world.pass(FIVE_MINUTES);
        assertThat(world.asked).containsExactly(domain("a.example"));
    }

    @Test
    void siteUnknown_ofKnownSite_movesNothing() {
        world.siteIs("a.example", "mx.a");
        world.now = world.now.plus(TIME_TO_LIVE);
        world.admit(MAIL, "x@a.example");
        assertThat(world.asked).containsExactly(domain("a.example"));

        assertThat(world.schedule.siteUnknown(domain("a.example"), world.now)).isEmpty();

        world.admit(MAIL, "y@a.example");
        assertThat(world.asked).as("not asked again at once").hasSize(1);
        assertThat(world.take("mx.a").domain()).isEqualTo(domain("a.example"));
        world.now = world.now.plus(Duration.ofMinutes(1));
        world.admit(MAIL, "z@a.example");
        assertThat(world.asked).hasSize(2);
    }

    @Test
    void siteResolved_anew_movesWhatWaits() {
        world.siteIs("a.example", "mx.old");
        world.admit(MAIL, "x@a.example");
        world.admit(MAIL, "y@a.example");
        world.defer(world.take("mx.old"), FIVE_MINUTES);

        world.siteIs("a.example", "mx.new");

        assertThat(world.hasNothingFor("mx.old")).isTrue();
        assertThat(world.take("mx.new").attempts()).isZero();
        world.pass(FIVE_MINUTES);
        assertThat(world.take("mx.new").attempts()).isEqualTo(1);
    }

    @Test
    void resolve_manyDomains_isBoundedAndTransactionalFirst() {
        for (int i = 0; i < 1_500; i++) {
            world.admit(MAIL, "x@d" + i + ".example");
        }
        world.admit(stream("shop", "", PriorityClass.TRANSACTIONAL), "x@urgent.example");
        assertThat(world.asked).hasSize(1_000).doesNotHaveDuplicates();

        world.siteIs("d0.example", "mx.d");
        assertThat(world.asked).last().isEqualTo(domain("urgent.example"));
        for (int i = 1; i < 1_500; i++) {
            world.schedule.siteUnknown(domain("d" + i + ".example"), world.now);
        }
        assertThat(world.asked).hasSize(1_501).doesNotHaveDuplicates();
    }

    @Test
    void restore_keepsAttemptsDueTimesAndNotices() {
        world.siteIs("a.example", "mx.a");
        SpooledMessage message = world.message(MAIL, "x@a.example", "y@a.example");
        Instant due = START.plus(FIVE_MINUTES);
        world.schedule.restore(
                new RecoveredMessage(
                        message,
                        List.of(
                                waiting(RecipientNumbers.of(0), 3, due, true),
                                waiting(RecipientNumbers.of(1), 1, START, false))),
                START);

        world.pass(Duration.ZERO);
        assertThat(world.take("mx.a"))
                .isEqualTo(entry(message, RecipientNumbers.of(1), 1, START, false));
        assertThat(world.hasNothingFor("mx.a")).isTrue();
        world.pass(FIVE_MINUTES);
        assertThat(world.take("mx.a"))
                .isEqualTo(entry(message, RecipientNumbers.of(0), 3, due, true));
    }

    @Test
    void restore_overdueMail_comesInDueOrder() {
        world.siteIs("a.example", "mx.a");
        for (int hoursAgo : new int[] {2, 5, 1, 4, 3}) {
            Instant due = START.minus(Duration.ofHours(hoursAgo));
            world.schedule.restore(
                    new RecoveredMessage(
                            world.message(MAIL, "x@a.example"),
                            List.of(waiting(RecipientNumbers.of(0), 1, due, false))),
                    START);
        }
        world.pass(Duration.ZERO);

        for (int hoursAgo = 5; hoursAgo > 0; hoursAgo--) {
            assertThat(world.take("mx.a").dueAt())
                    .isEqualTo(START.minus(Duration.ofHours(hoursAgo)));
        }
    }

    @Test
    void tick_manyDueAtOnce_movesAllAndBoundsSignals() {
        world.siteIs("a.example", "mx.a");
        for (int i = 0; i < 2_500; i++) {
            world.schedule.restore(
                    new RecoveredMessage(
                            world.message(MAIL, "x@a.example"),
                            List.of(waiting(RecipientNumbers.of(0), 1, START, false))),
                    START);
        }

        world.pass(Duration.ZERO);

        assertThat(world.schedule.readyEntries(path("mx.a"), world.now)).isEqualTo(2_500);
        assertThat(world.signals).hasSizeBetween(100, 300);
    }

    @Test
    void idleSites_areForgottenOnlyWhenStaleAndUnused() {
        world.siteIs("idle.example", "mx.idle");
        world.siteIs("used.example", "mx.used");
        world.admit(MAIL, "x@used.example");
        world.pass(TIME_TO_LIVE);

        world.admit(MAIL, "x@idle.example");
        assertThat(world.count(State.RESOLVING)).isEqualTo(1);
        assertThat(world.take("mx.used").domain()).isEqualTo(domain("used.example"));
    }

    @Test
    void views_sayWhereAndWhy() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example");
        world.defer(world.take("mx.a"), FIVE_MINUTES);
        world.now = world.now.plusSeconds(1);
        world.admit(MAIL, "y@a.example");
        world.now = world.now.plusSeconds(1);
        world.admit(MAIL, "x@unknown.example");

        assertThat(world.schedule.survey().list(QueueScope.ALL, 10, world.now))
                .extracting(QueuedView::state, QueuedView::site, QueuedView::why)
                .containsExactly(
                        tuple(State.READY, "mx.a", ""),
                        tuple(State.RESOLVING, "", "waiting for DNS of unknown.example"),
                        tuple(
                                State.SCHEDULED,
                                "mx.a",
                                "next attempt at 2026-03-01T12:05:00Z after attempt 1"));
        assertThat(world.schedule.survey().list(QueueScope.ALL, 1, world.now)).hasSize(1);
        world.take("mx.a");
        assertThat(world.schedule.survey().list(QueueScope.ALL, 1, world.now))
                .extracting(QueuedView::state)
                .containsExactly(State.IN_FLIGHT);
    }

    @Test
    void summary_countsByStateDomainTenantAndPath() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example", "y@a.example");
        world.admit(stream("other", "", PriorityClass.BULK), "x@a.example");
        world.admit(MAIL, "x@b.example");
        world.take("mx.a");

        QueueSummary summary = world.summary();

        assertThat(summary.recipients()).isEqualTo(4);
        assertThat(summary.byState())
                .containsEntry(State.IN_FLIGHT, 2L)
                .containsEntry(State.READY, 1L)
                .containsEntry(State.RESOLVING, 1L)
                .containsEntry(State.HELD, 0L);
        assertThat(summary.byTenant()).containsEntry("shop", 3L).containsEntry("other", 1L);
        assertThat(summary.byDomain())
                .containsExactly(
                        new QueueSummary.DomainCount("a.example", "mx.a", 3, 2),
                        new QueueSummary.DomainCount("b.example", "", 1, 0));
        assertThat(summary.byPath())
                .containsExactly(new QueueSummary.PathCount(path("mx.a"), 1, 2));
    }

    @Test
    void summary_oldest_followsWhatIsQueued() {
        world.siteIs("a.example", "mx.a");
        assertThat(world.summary().oldest()).isEmpty();
        world.admit(MAIL, "x@a.example");
        world.now = START.plus(Duration.ofSeconds(150));
        world.admit(MAIL, "y@a.example");
        assertThat(world.summary().oldest()).contains(START);

        world.settle(world.take("mx.a"));
        assertThat(world.summary().oldest()).contains(START.plusSeconds(120));
        world.settle(world.take("mx.a"));
        assertThat(world.summary().oldest()).isEmpty();
        assertThat(world.summary().byPath()).isEmpty();
    }

    private static org.assertj.core.groups.Tuple tuple(Object... values) {
        return org.assertj.core.groups.Tuple.tuple(values);
    }

    private static RecoveredMessage.Waiting waiting(
            RecipientNumbers recipients, int attempts, Instant dueAt, boolean isDelayNotified) {
        return new RecoveredMessage.Waiting(recipients, attempts, dueAt, isDelayNotified);
    }

    private static QueueEntry entry(
            SpooledMessage message,
            RecipientNumbers recipients,
            int attempts,
            Instant dueAt,
            boolean isDelayNotified) {
        return new QueueEntry(
                message, domain("a.example"), recipients, attempts, dueAt, isDelayNotified);
    }

    private static QueueEntry withRecipients(QueueEntry entry, RecipientNumbers recipients) {
        QueueEntry retry = deferred(entry, START.plusSeconds(60));
        return new QueueEntry(
                retry.message(),
                retry.domain(),
                recipients,
                retry.attempts(),
                retry.dueAt(),
                retry.isDelayNotified());
    }

    @Test
    void admit_toBeReleasedLater_waitsTillThen() {
        world.siteIs("a.example", "mx.a");
        SpooledMessage message = released(Duration.ofHours(2), "x@a.example");
        world.schedule.admit(message, world.now);

        assertThat(world.hasNothingFor("mx.a")).isTrue();
        assertThat(world.schedule.survey().find(message.id(), world.now))
                .singleElement()
                .satisfies(view -> assertThat(view.state()).isEqualTo(State.SCHEDULED))
                .satisfies(view ->
                        assertThat(view.why())
                                .isEqualTo("not before 2026-03-01T14:00:00Z, as its sender asked"));
        world.pass(Duration.ofHours(2).minusMillis(1));
        assertThat(world.hasNothingFor("mx.a")).isTrue();
        world.pass(Duration.ofMillis(1));
        assertThat(world.take("mx.a").attempts()).isZero();
    }

    @Test
    void admit_toBeReleasedAtATimeThatHasPassed_isDueNow() {
        world.siteIs("a.example", "mx.a");
        world.schedule.admit(released(Duration.ofSeconds(-1), "x@a.example"), world.now);

        assertThat(world.take("mx.a").dueAt()).isEqualTo(world.now);
    }

    @Test
    void retryNow_releasesWhatIsToBeReleasedLater() {
        world.siteIs("a.example", "mx.a");
        world.schedule.admit(released(Duration.ofHours(2), "x@a.example"), world.now);

        world.schedule.apply(new OperatorAction.RetryNow(QueueScope.ALL), world.now);

        assertThat(world.take("mx.a").attempts()).isZero();
    }

    private SpooledMessage released(Duration later, String address) {
        var treatment = Treatment.NONE.withNotBefore(world.now.plus(later));
        return world.treated(world.message(MAIL, address), treatment);
    }
}
