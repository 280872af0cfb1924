package io.whimbrel.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueCount;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.outcome.JobRunner;
import io.whimbrel.outcome.JobView;
import io.whimbrel.outcome.ReportSettings;
import io.whimbrel.outcome.Settlement;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.schedule.ScheduleActions;
import io.whimbrel.schedule.ScheduleSettings;
import io.whimbrel.spool.FaultySpool;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledFixture;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;

final class ScheduleDeskTest {
    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
    private static final int MESSAGES = 450;

    private final Schedule schedule = new Schedule(ScheduleSettings.UNBOUNDED, new Idle());

    private static final class Idle implements ScheduleActions {
        @Override
        public void resolve(Destination destination) {}

        @Override
        public void workReady(EgressPath path) {}

        @Override
        public void rest(QueueEntry entry) {}

        @Override
        public void wanted(QueueName queue, int most) {}

        @Override
        public void wake(QueueScope scope) {}
    }

    private void fill() {
        DomainName domain = DomainName.parse("example.org").orElseThrow();
        for (int i = 1; i <= MESSAGES; i++) {
            var envelope =
                    new Envelope(
                            ReversePath.NULL,
                            List.of(Recipient.of(new ForwardPath("a@example.org", domain))),
                            MailParameters.NONE,
                            MailStream.NONE,
                            NOW,
                            DsnPolicy.FULL);
            schedule.admit(SpooledFixture.message(i, envelope, 5_000), NOW);
        }
    }

    @Test
    void begin_countsWhatIsInMemory_andListsTheJob() throws IOException {
        fill();
        ScheduleDesk desk = desk();

        JobView begun = desk.begin(new QueueJob.Work.Delete(), QueueScope.ALL, "r").orElseThrow();

        assertThat(begun.of()).isEqualTo(MESSAGES);
        assertThat(desk.jobs()).singleElement().isEqualTo(begun);
        assertThat(desk.job(begun.job().id(), false)).contains(begun);
        assertThat(desk.job(new QueueId(1), false)).isEmpty();
        assertThat(desk.cancel(new QueueId(1))).isFalse();
        assertThat(desk.cancel(begun.job().id())).isTrue();
    }

    @Test
    void begin_overNothing_makesNoJob() throws IOException {
        var elsewhere = scope(Optional.empty(), DomainName.parse("example.net"));
        fill();
        ScheduleDesk desk = desk();

        assertThat(desk.begin(new QueueJob.Work.Delete(), elsewhere, "")).isEmpty();
        assertThat(desk.jobs()).isEmpty();
    }

    @Test
    void count_isWhatTheSpoolSays_inFlightWhatNeitherRestsNorWaits() throws IOException {
        fill();
        schedule.siteUnknown(
                new Destination(DomainName.parse("example.org").orElseThrow(), "default", ""), NOW);
        DomainName other = DomainName.parse("example.net").orElseThrow();
        var queue = new QueueName(MailStream.NONE, other);
        ScheduleDesk desk =
                desk(
                        new NothingRests() {
                            @Override
                            public void counts(QueueScope scope, Consumer<QueueCount> viewer) {
                                super.counts(scope, viewer);
                                viewer.accept(new QueueCount(queue, 70, 60));
                            }
                        });

        assertThat(desk.count(QueueScope.ALL))
                .isEqualTo(new QueueDesk.ScopeCount(MESSAGES + 70, 60, MESSAGES + 10));
        assertThat(desk.act(new OperatorAction.Hold(QueueScope.ALL, "r"))).isEqualTo(60);
        assertThat(desk.begin(new QueueJob.Work.Delete(), QueueScope.ALL, "r").orElseThrow().of())
                .isEqualTo(MESSAGES + 70);
    }

    @Test
    void count_ofWhatWaits_isNotInFlight() throws IOException {
        fill();
        assertThat(desk().count(QueueScope.ALL))
                .isEqualTo(new QueueDesk.ScopeCount(MESSAGES, 0, 0));
    }

    @Test
    void withheld_countsWhatRestsToo_eachOnce() throws IOException {
        DomainName domain = DomainName.parse("example.org").orElseThrow();
        var queue = new QueueName(MailStream.NONE, domain);
        ScheduleDesk desk =
                desk(
                        new NothingRests() {
                            @Override
                            public void counts(QueueScope scope, Consumer<QueueCount> viewer) {
                                viewer.accept(new QueueCount(queue, 70, 70));
                            }

                            @Override
                            public List<RecoveredMessage> some(QueueScope scope, int most) {
                                return List.of(resting(7));
                            }
                        });
        var ofMessage = scope(Optional.of(new QueueId(7)), Optional.empty());
        desk.act(new OperatorAction.Hold(ofMessage, "one"));

        assertThat(desk.withheld(QueueScope.ALL).recipients()).isEqualTo(2);
        desk.act(new OperatorAction.Hold(scope(Optional.empty(), Optional.of(domain)), "domain"));
        assertThat(desk.withheld(QueueScope.ALL).recipients()).isEqualTo(70);
        assertThat(desk.withheld(QueueScope.ALL).shares())
                .extracting(Withheld.Share::recipients)
                .containsExactlyInAnyOrder(2L, 70L);
        assertThat(desk.withheld(ofMessage).recipients()).isEqualTo(2);
        var elsewhere = scope(Optional.empty(), DomainName.parse("example.net"));
        assertThat(desk.withheld(elsewhere).isPossible()).isTrue();
        assertThat(desk.withheld(elsewhere).recipients()).isZero();
    }

    @Test
    void withheld_byRestrictionsOfAnAge_isWhatIsOfThatAge_eachOnce() throws IOException {
        DomainName domain = DomainName.parse("example.org").orElseThrow();
        var queue = new QueueName(MailStream.NONE, domain);
        ScheduleDesk desk =
                desk(
                        new NothingRests() {
                            @Override
                            public void counts(QueueScope scope, Consumer<QueueCount> viewer) {
                                long rows = scope.upTo().map(QueueId::value).orElse(70L);
                                viewer.accept(new QueueCount(queue, rows, rows));
                            }
                        });
        var ofDomain = scope(Optional.empty(), Optional.of(domain));
        desk.act(new OperatorAction.Hold(QueueScope.ALL.noLaterThan(new QueueId(5)), "all"));
        desk.act(new OperatorAction.Hold(ofDomain.noLaterThan(new QueueId(12)), "domain"));

        assertThat(desk.withheld(QueueScope.ALL).recipients()).isEqualTo(12);
        assertThat(desk.withheld(QueueScope.ALL).shares())
                .extracting(Withheld.Share::recipients)
                .containsExactlyInAnyOrder(5L, 12L);
        assertThat(desk.withheld(ofDomain.noLaterThan(new QueueId(3))).recipients()).isEqualTo(3);
        desk.act(new OperatorAction.Hold(ofDomain, "whole"));
        assertThat(desk.withheld(QueueScope.ALL).recipients()).isEqualTo(70);
    }

    private static RecoveredMessage resting(long id) {
        DomainName domain = DomainName.parse("example.org").orElseThrow();
        var recipient = Recipient.of(new ForwardPath("a@example.org", domain));
        var envelope =
                new Envelope(
                        ReversePath.NULL,
                        List.of(recipient, recipient, recipient),
                        MailParameters.NONE,
                        MailStream.NONE,
                        NOW,
                        DsnPolicy.FULL);
        var waiting = new RecoveredMessage.Waiting(RecipientNumbers.of(0, 2), 1, NOW, false);
        return new RecoveredMessage(SpooledFixture.message(id, envelope, 5_000), List.of(waiting));
    }

    private static QueueScope scope(Optional<QueueId> id, Optional<DomainName> domain) {
        return new QueueScope(id, domain, Optional.empty(), Optional.empty());
    }

    @Test
    void act_isWhatTheDeskWasGiven() throws IOException {
        fill();
        ScheduleDesk desk = desk();

        long touched = desk.act(new OperatorAction.Hold(QueueScope.ALL, "r"));

        assertThat(touched).isEqualTo(MESSAGES);
        assertThat(desk.summary().restrictions())
                .containsExactly(new OperatorAction.Hold(QueueScope.ALL, "r"));
    }

    private ScheduleDesk desk() throws IOException {
        return desk(new NothingRests());
    }

    private ScheduleDesk desk(ScheduleDesk.Rested rested) throws IOException {
        InstantSource clock = InstantSource.fixed(NOW);
        var metrics = new Metrics();
        var spool = new FaultySpool().spool();
        var settings = new ReportSettings("mx1.example.com", RetrySchedule.DEFAULT);
        var settlement = new Settlement(settings, spool, schedule, metrics, clock, new Random(1));
        return new ScheduleDesk(
                schedule,
                rested,
                action -> schedule.apply(action, NOW),
                new JobRunner(spool, schedule, settlement, metrics, clock),
                clock);
    }

    private static class NothingRests implements ScheduleDesk.Rested {
        @Override
        public void counts(QueueScope scope, Consumer<QueueCount> viewer) {
            DomainName domain = DomainName.parse("example.org").orElseThrow();
            var queue = new QueueName(MailStream.NONE, domain);
            if (scope.matchesQueue(queue.stream(), queue.domain())) {
                viewer.accept(new QueueCount(queue, MESSAGES, 0));
            }
        }

        @Override
        public Optional<Instant> oldest() {
            return Optional.empty();
        }

        @Override
        public List<RecoveredMessage> some(QueueScope scope, int most) {
            return List.of();
        }
    }
}
