package io.whimbrel.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.schedule.ScheduleActions;
import io.whimbrel.schedule.ScheduleSettings;
import io.whimbrel.spool.FaultySpool;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpooledMessage;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;

/// Removal by an operator over a disk that fails at any of its syncs.
final class RemovalTest {
    private static final Instant NOW = Mail.RECEIVED.plusSeconds(60);
    private static final int MANY = 400;
    private static final int SINGLES = 20;
    private static final String REASON = "a long word about it ".repeat(40);
    private static final Pattern FINAL = Pattern.compile("Final-Recipient: rfc822; *(\\S+)");

    private final FaultySpool disk = new FaultySpool();
    private final Schedule schedule = new Schedule(ScheduleSettings.DEFAULT, new Idle());
    private final Metrics metrics = new Metrics();
    private final Settlement settlement =
            new Settlement(
                    Mail.SETTINGS,
                    disk.spool(),
                    schedule,
                    metrics,
                    InstantSource.fixed(NOW),
                    new Random(1));

    RemovalTest() throws IOException {}

    private static final class Tally implements Removal.Tally {
        private static final QueueJob JOB =
                new QueueJob(new QueueId(1), new QueueJob.Work.Bounce(), QueueScope.ALL, REASON);
        private long removed;

        @Override
        public SpoolRecord record(long more) {
            return new SpoolRecord.Job(NOW, JOB, SpoolRecord.Stage.RUNNING, removed + more, MANY);
        }

        @Override
        public void removed(long more) {
            removed += more;
        }
    }

    private final Tally tally = new Tally();

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

    /// What a failed removal left behind.
    private record Aftermath(List<String> queued, List<String> told, long reports) {}

    @Test
    void bounce_overAWorkingDisk_tellsAboutEachRecipientOnce() throws IOException {
        List<String> all = fill();
        settlement.removal(true, REASON).run(queued(), tally);
        assertThat(tally.removed).isEqualTo(MANY + SINGLES);

        Aftermath after = aftermath();
        assertThat(after.queued()).isEmpty();
        assertThat(after.told()).containsExactlyInAnyOrderElementsOf(all);
        assertThat(after.reports())
                .as("a large entry needs several reports")
                .isGreaterThan(SINGLES + 4);
    }

    @Test
    void bounce_whereTheDiskFailsAtAnySync_tellsAboutWhatIsGone_andAboutNothingElse()
            throws IOException {
        boolean hasFailed = true;
        int partial = 0;
        for (int syncs = 0; hasFailed; syncs++) {
            var test = new RemovalTest();
            List<String> all = test.fill();
            List<RecoveredMessage> entries = test.queued();
            test.disk.failAfter(syncs);
            hasFailed = test.fails(entries);

            List<String> waiting = test.waiting();
            Aftermath after = test.aftermath();
            assertThat(after.queued())
                    .as("what waits after a restart, %d syncs", syncs)
                    .containsExactlyInAnyOrderElementsOf(waiting);
            var known = new ArrayList<>(after.told());
            known.addAll(after.queued());
            assertThat(known)
                    .as("told or queued, never both, %d syncs", syncs)
                    .containsExactlyInAnyOrderElementsOf(all);
            assertThat(test.metrics.recipientsBounced.get()).isEqualTo(after.told().size());
            assertThat(test.tally.removed).isEqualTo(after.told().size());
            partial += !after.told().isEmpty() && !after.queued().isEmpty() ? 1 : 0;
        }
        assertThat(partial).as("removals that were done in part").isPositive();
    }

    @Test
    void delete_overABrokenDisk_leavesAllInTheQueue() throws IOException {
        List<String> all = fill();
        disk.failAfter(0);
        List<RecoveredMessage> entries = queued();

        assertThatThrownBy(() -> settlement.removal(false, "").run(entries, tally))
                .isInstanceOf(IOException.class);
        assertThat(waiting()).containsExactlyInAnyOrderElementsOf(all);
        assertThat(metrics.recipientsRemoved.get()).isZero();
    }

    private boolean fails(List<RecoveredMessage> entries) {
        try {
            settlement.removal(true, REASON).run(entries, tally);
            return false;
        } catch (IOException _) {
            return true;
        }
    }

    /// Fills the queue, and tells the addresses in it. What needs several reports is removed last:
    /// there a report could once reach the disk without the record that it is about.
    private List<String> fill() {
        var addresses = new ArrayList<String>();
        for (int i = 0; i < SINGLES; i++) {
            admit(i, i + 1, addresses);
        }
        admit(SINGLES, SINGLES + MANY, addresses);
        return addresses;
    }

    private void admit(int from, int to, List<String> addresses) {
        var recipients = new ArrayList<Recipient>();
        for (int i = from; i < to; i++) {
            String address = "user" + i + "@example.net";
            addresses.add(address);
            recipients.add(Mail.recipient(address, Notify.DEFAULT));
        }
        var envelope = Mail.envelope(recipients.toArray(Recipient[]::new));
        byte[] body = "Subject: x\r\n\r\nbody\r\n".getBytes(UTF_8);
        disk.accept(envelope, body);
    }

    private List<RecoveredMessage> queued() throws IOException {
        return disk.spool().queued(Optional.empty(), 1_000);
    }

    /// Recipients that are queued for delivery, but for reports.
    private List<String> waiting() throws IOException {
        var addresses = new ArrayList<String>();
        for (RecoveredMessage found : queued()) {
            if (!found.message().envelope().reversePath().isNull()) {
                for (RecoveredMessage.Waiting group : found.waiting()) {
                    for (int i = 0; i < group.recipients().size(); i++) {
                        addresses.add(address(found.message(), group.recipients().get(i)));
                    }
                }
            }
        }
        return addresses;
    }

    private Aftermath aftermath() throws IOException {
        var queued = new ArrayList<String>();
        var told = new ArrayList<String>();
        var reports = new ArrayList<QueueId>();
        for (RecoveredMessage found : disk.healAndRestart()) {
            SpooledMessage message = found.message();
            if (message.envelope().reversePath().isNull()) {
                reports.add(message.id());
                var matcher = FINAL.matcher(new String(disk.read(message), UTF_8));
                while (matcher.find()) {
                    told.add(matcher.group(1));
                }
                continue;
            }
            for (RecoveredMessage.Waiting group : found.waiting()) {
                for (int i = 0; i < group.recipients().size(); i++) {
                    queued.add(address(message, group.recipients().get(i)));
                }
            }
        }
        return new Aftermath(queued, told, reports.size());
    }

    private static String address(SpooledMessage message, int number) {
        return message.envelope().recipients().get(number).path().address();
    }
}
