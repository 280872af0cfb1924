package io.whimbrel.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.Deferred;
import io.whimbrel.spool.SpoolRecord.Disposition;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpoolRecord.Settled;
import io.whimbrel.spool.SpooledFixture;
import io.whimbrel.spool.SpooledMessage;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;

final class SettlementTest {
    private static final List<Stage> STAGES = List.of(Stage.values());
    private final RecordingNode node = new RecordingNode();
    private final Metrics metrics = new Metrics();
    private final Settlement settlement =
            new Settlement(Mail.SETTINGS, node, metrics, new Random(1));

    /// Writes down what happens, in order, and becomes durable only when told.
    private static final class RecordingNode implements Effects {
        final List<String> order = new ArrayList<>();
        final List<SpoolBatch> batches = new ArrayList<>();
        final List<QueueEntry> retries = new ArrayList<>();
        final List<Runnable> syncs = new ArrayList<>();
        Instant now = Mail.RECEIVED.plusSeconds(3);
        boolean isDiskBroken;

        @Override
        public Instant now() {
            return now;
        }

        @Override
        public void append(SpoolBatch batch, Consumer<List<SpooledMessage>> whenDurable) {
            order.add("append");
            batches.add(batch);
            syncs.add(() -> whenDurable.accept(spooled(batch)));
        }

        @Override
        public List<SpooledMessage> appendAndWait(SpoolBatch batch) throws IOException {
            if (isDiskBroken) {
                throw new IOException("no space");
            }
            order.add("append and wait");
            batches.add(batch);
            return spooled(batch);
        }

        @Override
        public PartSource read(SpooledMessage message) {
            var parts = new ArrayList<>(List.of("Subject: x\r\n\r\nbody\r\n".getBytes(UTF_8)));
            return () -> parts.isEmpty() ? new byte[0] : parts.removeFirst();
        }

        @Override
        public void finished(QueueEntry entry, List<QueueEntry> more) {
            order.add("finished");
            retries.addAll(more);
        }

        @Override
        public long apply(OperatorAction action) {
            order.add("apply");
            return 7;
        }

        @Override
        public void admit(List<SpooledMessage> reports) {
            reports.forEach(report -> order.add("admit " + report.envelope().recipients().size()));
        }

        private static List<SpooledMessage> spooled(SpoolBatch batch) {
            return batch.reports().stream()
                    .map(r -> SpooledFixture.message(1, r.envelope(), r.body().length))
                    .toList();
        }
    }

    @Test
    void settle_logsBeforeTheScheduleLearns() {
        Optional<AttemptFacts> deferral =
                settlement.settle(
                        Mail.attempt(Mail.entry(1), Mail.refused(Stage.RCPT, 450, "later")));
        assertThat(deferral.orElseThrow().text()).isEqualTo("later");

        assertThat(node.order).containsExactly("append", "finished");
        assertThat(node.retries).hasSize(1);
        assertThat(metrics.recipientsDeferred.get()).isEqualTo(1.0);
    }

    @Test
    void settle_bounce_joinsItsCauseAndIsQueuedOnceDurable() {
        Optional<AttemptFacts> deferral =
                settlement.settle(Mail.attempt(Mail.entry(1), Mail.refused(Stage.RCPT, 550, "no")));
        assertThat(deferral).isEmpty();

        assertThat(node.order).containsExactly("append", "finished");
        SpoolBatch batch = node.batches.getFirst();
        assertThat(batch.records()).hasSize(1);
        assertThat(batch.reports()).hasSize(1);
        assertThat(batch.reports().getFirst().envelope().reversePath().isNull()).isTrue();
        node.syncs.forEach(Runnable::run);
        assertThat(node.order).containsExactly("append", "finished", "admit 1");
        assertThat(metrics.recipientsBounced.get()).isEqualTo(1.0);
        assertThat(metrics.reportsWritten.get()).isEqualTo(1.0);
    }

    @Test
    void settle_bounceOfABounce_isSettledSilently() {
        Envelope report =
                Mail.envelope(
                        "",
                        DsnPolicy.FULL,
                        MailParameters.NONE,
                        Mail.recipient("a@example.net", Notify.DEFAULT));
        QueueEntry entry = Mail.entry(report, 0, false);
        settlement.settle(Mail.attempt(entry, Mail.refused(Stage.RCPT, 550, "no")));

        assertThat(node.batches.getFirst().reports()).isEmpty();
        assertThat(node.batches.getFirst().records()).hasSize(1);
    }

    @Test
    void settle_senderWithoutDomain_isSettledAndCounted() {
        Envelope envelope =
                Mail.envelope(
                        "postmaster",
                        DsnPolicy.FULL,
                        MailParameters.NONE,
                        Mail.recipient("a@example.net", Notify.DEFAULT));
        QueueEntry entry = Mail.entry(envelope, 0, false);
        settlement.settle(Mail.attempt(entry, Mail.refused(Stage.RCPT, 550, "no")));

        assertThat(node.batches.getFirst().reports()).isEmpty();
        assertThat(metrics.reportsUnaddressable.get()).isEqualTo(1.0);
    }

    @Test
    void settle_manyDifferentBounces_staysBelowTheBatchBound() {
        var results = new AttemptResult[1000];
        for (int i = 0; i < results.length; i++) {
            results[i] = Mail.refused(Stage.RCPT, 550, i + " " + "\u00e9".repeat(2000));
        }
        settlement.settle(Mail.attempt(Mail.entry(1000), results));

        for (SpoolBatch batch : node.batches) {
            int bytes = batch.records().size() * 3 * Facts.TEXT_MAX;
            for (var report : batch.reports()) {
                assertThat(report.body().length).isLessThan(256 * 1024);
                bytes += report.body().length;
            }
            assertThat(bytes).isLessThan(1024 * 1024);
        }
        assertThat(node.batches.stream().flatMap(b -> b.records().stream())).hasSize(1000);
        int firstRecords = 0;
        while (node.batches.get(firstRecords).records().isEmpty()) {
            firstRecords++;
        }
        assertThat(node.batches.subList(firstRecords, node.batches.size()))
                .as("no report behind the records it is about")
                .allMatch(batch -> batch.reports().isEmpty());
    }

    /// As a job counts.
    private static final class Tally implements Removal.Tally {
        private long removed;

        @Override
        public SpoolRecord record(long more) {
            return new SpoolRecord.Operator(
                    Mail.RECEIVED, new OperatorAction.RetryNow(QueueScope.ALL));
        }

        @Override
        public void removed(long more) {
            removed += more;
        }
    }

    private final Tally tally = new Tally();

    private static List<RecoveredMessage> resting(int recipients) {
        QueueEntry entry = Mail.entry(recipients);
        var group =
                new RecoveredMessage.Waiting(
                        entry.recipients(), entry.attempts(), entry.dueAt(), false);
        return List.of(new RecoveredMessage(entry.message(), List.of(group)));
    }

    @Test
    void removal_deletesWithoutReport_andCountsInTheSameBatch() throws IOException {
        settlement.removal(false, "spam run").run(resting(3), tally);

        assertThat(tally.removed).isEqualTo(3);
        assertThat(node.order).containsExactly("append and wait");
        var settled = (Settled) node.batches.getFirst().records().getFirst();
        assertThat(node.batches.getFirst().records()).hasSize(2);
        assertThat(settled.disposition()).isEqualTo(Disposition.DELETED_BY_OPERATOR);
        assertThat(settled.attempt()).isZero();
        assertThat(settled.facts().text()).isEqualTo("by operator: spam run");
        assertThat(node.batches).allMatch(batch -> batch.reports().isEmpty());
        assertThat(metrics.recipientsRemoved.get()).isEqualTo(3.0);
    }

    @Test
    void removal_returnsToSenders() throws IOException {
        settlement.removal(true, "").run(resting(2), tally);

        assertThat(node.order).containsExactly("append and wait", "admit 1");
        var settled = (Settled) node.batches.getFirst().records().getFirst();
        assertThat(settled.disposition()).isEqualTo(Disposition.BOUNCED_BY_OPERATOR);
        assertThat(settled.facts().text()).isEqualTo("by operator");
        String report = new String(node.batches.getFirst().reports().getFirst().body(), UTF_8);
        assertThat(report).contains("An operator of this mail system returned your message");
    }

    @Test
    void removal_onBrokenDisk_countsNothing() {
        node.isDiskBroken = true;

        assertThatThrownBy(() -> settlement.removal(false, "").run(resting(1), tally))
                .isInstanceOf(IOException.class);
        assertThat(tally.removed).isZero();
        assertThat(metrics.recipientsRemoved.get()).isZero();
    }

    @Test
    void operatorAction_isDurableBeforeItIsInForce() throws IOException {
        var hold = new OperatorAction.Hold(QueueScope.ALL, "blocklisted");
        var desk = new OperatorDesk(node);

        assertThat(desk.apply(hold)).isEqualTo(7);
        assertThat(node.order).containsExactly("append and wait", "apply");
        assertThat(node.batches.getFirst().records())
                .containsExactly(new SpoolRecord.Operator(node.now, hold));

        node.isDiskBroken = true;
        assertThatThrownBy(() -> desk.apply(hold)).isInstanceOf(IOException.class);
        assertThat(node.order).as("not in force").hasSize(2);
    }

    /// Whatever the results, each recipient is in exactly one record, and is retried exactly when
    /// that record is a deferral.
    @Test
    void anyAttempt_leavesEachRecipientInOnePlace() {
        for (long seed = 0; seed < 3000; seed++) {
            var random = new Random(seed);
            node.batches.clear();
            node.retries.clear();
            node.now = Mail.RECEIVED.plusSeconds(random.nextInt(6 * 86_400));
            QueueEntry entry = randomEntry(random);
            var results = new AttemptResult[entry.recipients().size()];
            for (int i = 0; i < results.length; i++) {
                results[i] = randomResult(random);
            }
            settlement.settle(Mail.attempt(entry, results));

            String place = "seed " + seed;
            var recorded = new BitSet();
            var deferred = new BitSet();
            for (SpoolBatch batch : node.batches) {
                for (SpoolRecord record : batch.records()) {
                    switch (record) {
                        case Settled(_, _, var numbers, _, _, _) -> add(recorded, numbers, place);
                        case Deferred d -> {
                            add(recorded, d.recipients(), place);
                            add(deferred, d.recipients(), place);
                        }
                        case SpoolRecord.Accepted _,
                                SpoolRecord.Quarantined _,
                                SpoolRecord.Operator _,
                                SpoolRecord.Job _,
                                SpoolRecord.Moved _,
                                SpoolRecord.Notice _ ->
                                throw new AssertionError(place);
                    }
                }
            }
            var retried = new BitSet();
            node.retries.forEach(retry -> add(retried, retry.recipients(), place));
            var expected = new BitSet();
            add(expected, entry.recipients(), place);
            assertThat(recorded).as(place).isEqualTo(expected);
            assertThat(retried).as(place).isEqualTo(deferred);
            assertThat(node.retries)
                    .as(place)
                    .allMatch(retry -> retry.attempts() == entry.attempts() + 1)
                    .allMatch(retry -> !retry.dueAt().isBefore(node.now));
        }
    }

    private static QueueEntry randomEntry(Random random) {
        int recipients = 1 + random.nextInt(12);
        var numbers = random.ints(0, recipients).limit(1 + random.nextInt(12)).distinct().sorted();
        QueueEntry all = Mail.entry(Mail.envelopeOf(recipients), random.nextInt(5), false);
        return new QueueEntry(
                all.message(),
                all.domain(),
                RecipientNumbers.of(numbers.toArray()),
                all.attempts(),
                all.dueAt(),
                random.nextBoolean());
    }

    private static AttemptResult randomResult(Random random) {
        Stage stage = STAGES.get(random.nextInt(STAGES.size()));
        return switch (random.nextInt(5)) {
            case 0 -> Mail.accepted();
            case 1 -> Mail.refused(stage, 450 + random.nextInt(4), "later");
            case 2 -> Mail.refused(stage, 550 + random.nextInt(5), "too many recipients");
            case 3 -> Mail.refused(stage, 200 + random.nextInt(400), "anything");
            default -> Mail.lost(stage);
        };
    }

    private static void add(BitSet set, RecipientNumbers numbers, String place) {
        for (int i = 0; i < numbers.size(); i++) {
            assertThat(set.get(numbers.get(i))).as(place).isFalse();
            set.set(numbers.get(i));
        }
    }

    @Test
    void reconfigure_appliesToTheNextAttempt() {
        var brief =
                new RetrySchedule(
                        Duration.ofSeconds(1),
                        1.0,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        Duration.ofHours(1));
        settlement.reconfigure(new ReportSettings("mx1.example.com", brief));
        settlement.settle(Mail.attempt(Mail.entry(1), Mail.refused(Stage.RCPT, 450, "later")));

        assertThat(metrics.recipientsExpired.get()).isEqualTo(1.0);
    }
}
