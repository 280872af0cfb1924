package io.whimbrel.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.QueuedView;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.schedule.ScheduleActions;
import io.whimbrel.schedule.ScheduleSettings;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.RestingQueue;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledFixture;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

final class ScheduleDeskTest {
    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
    private static final int MESSAGES = 450;

    private final Schedule schedule = new Schedule(ScheduleSettings.UNBOUNDED, new Idle());
    private final List<Integer> handed = new ArrayList<>();
    private final List<String> progress = new ArrayList<>();

    private static final class Idle implements ScheduleActions {
        @Override
        public void resolve(DomainName domain) {}

        @Override
        public void workReady(EgressPath path) {}

        @Override
        public void rest(QueueEntry entry) {}

        @Override
        public void wanted(QueueName queue, int most) {}

        @Override
        public void wake(QueueScope scope) {}
    }

    ScheduleDeskTest() {
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
    void remove_takesEverythingInScopeAndTellsProgress() throws IOException {
        ScheduleDesk desk = desk(this::settle);

        long removed =
                desk.remove(QueueScope.ALL, true, "r", (at, of) -> progress.add(at + "/" + of));

        assertThat(removed).isEqualTo(MESSAGES);
        assertThat(handed).containsExactly(200, 200, 50);
        assertThat(progress).containsExactly("200/450", "400/450", "450/450");
        assertThat(desk.summary().recipients()).isZero();
    }

    @Test
    void remove_thatFails_leavesTheRestInTheQueue() throws IOException {
        ScheduleDesk desk =
                desk((entries, isBounced, reason) -> {
                    if (handed.size() == 1) {
                        throw new IOException("disk full");
                    }
                    return settle(entries, isBounced, reason);
                });

        assertThatThrownBy(() -> desk.remove(QueueScope.ALL, false, "", (_, _) -> {}))
                .hasMessage("disk full");

        List<QueuedView> waiting =
                desk.list(QueueScope.ALL, MESSAGES).stream()
                        .filter(view -> view.state() != QueuedView.State.IN_FLIGHT)
                        .toList();
        // 200 were removed, and the 200 whose removal failed are their remover's business.
        assertThat(waiting).hasSize(50);
    }

    @Test
    void withheld_countsWhatRestsToo_eachOnce() throws IOException {
        DomainName domain = DomainName.parse("example.org").orElseThrow();
        var queue = new QueueName(MailStream.NONE, domain);
        schedule.takeOut(QueueScope.ALL, NOW);
        ScheduleDesk desk =
                new ScheduleDesk(
                        schedule,
                        new NothingRests() {
                            @Override
                            public List<RestingQueue> counts(QueueScope scope) {
                                return List.of(new RestingQueue(queue, 70, NOW));
                            }

                            @Override
                            public List<RecoveredMessage> some(QueueScope scope, int most) {
                                return List.of(resting(7));
                            }
                        },
                        action -> schedule.apply(action, NOW),
                        this::settle,
                        InstantSource.fixed(NOW));
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
        ScheduleDesk desk = desk(this::settle);

        long touched = desk.act(new OperatorAction.Hold(QueueScope.ALL, "r"));

        assertThat(touched).isEqualTo(MESSAGES);
        assertThat(desk.summary().restrictions())
                .containsExactly(new OperatorAction.Hold(QueueScope.ALL, "r"));
    }

    private ScheduleDesk desk(ScheduleDesk.Remove remove) {
        return new ScheduleDesk(
                schedule,
                new NothingRests(),
                action -> schedule.apply(action, NOW),
                remove,
                InstantSource.fixed(NOW));
    }

    private long settle(List<QueueEntry> entries, boolean isBounced, String reason) {
        assertThat(isBounced).isEqualTo(!reason.isEmpty());
        handed.add(entries.size());
        entries.forEach(entry -> schedule.finished(entry, List.of(), NOW));
        return entries.size();
    }

    private static class NothingRests implements ScheduleDesk.Rested {
        @Override
        public List<RestingQueue> counts(QueueScope scope) {
            return List.of();
        }

        @Override
        public Optional<Instant> oldest() {
            return Optional.empty();
        }

        @Override
        public List<RecoveredMessage> some(QueueScope scope, int most) {
            return List.of();
        }

        @Override
        public List<RecoveredMessage> take(QueueScope scope, int most) {
            return List.of();
        }
    }
}
