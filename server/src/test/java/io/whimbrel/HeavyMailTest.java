package io.whimbrel;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.schedule.ScheduleActions;
import io.whimbrel.schedule.ScheduleSettings;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.FaultySpool;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpooledMessage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// Mail to so many recipients that it is messages that fill memory, not entries.
@Timeout(120)
final class HeavyMailTest implements ScheduleActions {
    private static final int MOST = 2000;
    private static final int DOMAINS = 5;
    private static final int MESSAGES = 30;
    private static final int RECIPIENTS = 1000;

    private Instant now = Instant.parse("2026-11-23T10:00:00Z");
    private boolean isTight;
    private final FaultySpool disk = new FaultySpool(() -> now);
    private final RestingMail resting = new RestingMail(disk.spool());
    private final Schedule schedule =
            new Schedule(new ScheduleSettings("default", 100, Duration.ofMinutes(1), MOST), this);

    HeavyMailTest() throws IOException {
        for (int i = 0; i < DOMAINS; i++) {
            schedule.siteResolved(
                    new Destination(domain(i), "default", ""),
                    path(i).site(),
                    Duration.ofDays(9),
                    now);
        }
        resting.start(schedule, () -> isTight, () -> now);
    }

    @Override
    public void resolve(Destination destination) {}

    @Override
    public void workReady(EgressPath path) {}

    @Override
    public void rest(QueueEntry entry) {
        resting.rest(entry);
    }

    @Override
    public void wanted(QueueName queue, int most) {
        resting.wanted(queue, most);
    }

    @Override
    public void wake(QueueScope scope) {
        resting.wake(scope);
    }

    @Override
    public long weight() {
        return resting.weight();
    }

    @Test
    void mailToAThousandEach_staysWithinTheBudget_andIsDelivered() throws IOException {
        long seed = 20261127;
        var random = new Random(seed);
        for (int i = 0; i < MESSAGES; i++) {
            int domains = random.nextBoolean() ? 1 : DOMAINS;
            admit(envelope(random.nextInt(DOMAINS), domains, RECIPIENTS));
            settleDown("seed " + seed + ", message " + i);
        }
        int delivered = 0;
        for (int round = 0; delivered < MESSAGES * RECIPIENTS; round++) {
            assertThat(round).as("seed %d, rounds", seed).isLessThan(5000);
            for (int i = 0; i < DOMAINS; i++) {
                Optional<QueueEntry> entry = schedule.take(path(i), now);
                if (entry.isPresent()) {
                    deliver(entry.get());
                    delivered += entry.get().recipients().size();
                }
            }
            now = now.plusMillis(500);
            settleDown("seed " + seed + ", round " + round);
        }
        assertThat(weight()).isZero();
        assertThat(schedule.entriesInMemory()).isZero();
    }

    @Test
    void whileMemoryIsTight_nothingComes() throws IOException {
        var message = disk.accept(envelope(0, 1, 10), "Subject: x\r\n\r\n".getBytes(UTF_8));
        isTight = true;
        disk.spool().rest(message, RecipientNumbers.all(10), 0);
        disk.spool().awaitIndex(() -> false);
        assertThat(schedule.entriesInMemory()).isZero();

        isTight = false;
        now = now.plusSeconds(6);
        disk.spool().awaitIndex(() -> false);

        assertThat(schedule.entriesInMemory()).isEqualTo(1);
    }

    /// Each path may have one entry beyond, and so one message.
    private void settleDown(String when) throws IOException {
        schedule.tick(now);
        disk.spool().awaitIndex(() -> false);
        assertThat(weight() + schedule.entriesInMemory())
                .as(when)
                .isLessThan(MOST + DOMAINS * RECIPIENTS / SpooledMessage.RECIPIENTS_AN_ENTRY);
    }

    private void admit(Envelope envelope) {
        schedule.admit(disk.accept(envelope, "Subject: x\r\n\r\n".getBytes(UTF_8)), now);
    }

    private void deliver(QueueEntry entry) throws IOException {
        var record =
                new SpoolRecord.Settled(
                        now,
                        entry.message().id(),
                        entry.recipients(),
                        SpoolRecord.Disposition.DELIVERED,
                        1,
                        AttemptFacts.NONE);
        disk.spool().appendAndWait(new SpoolBatch(List.of(record), List.of()));
        schedule.finished(entry, List.of(), now);
    }

    private Envelope envelope(int firstDomain, int domains, int recipients) {
        var list = new ArrayList<Recipient>();
        for (int i = 0; i < recipients; i++) {
            DomainName domain = domain((firstDomain + i % domains) % DOMAINS);
            list.add(Recipient.of(new ForwardPath("user" + i + "@" + domain.value(), domain)));
        }
        return new Envelope(
                new ReversePath("sender@example.org"),
                list,
                MailParameters.NONE,
                new MailStream("shop", "spring", PriorityClass.BULK),
                now,
                DsnPolicy.FULL);
    }

    private static DomainName domain(int number) {
        return new DomainName("d" + number + ".example");
    }

    private static EgressPath path(int number) {
        return new EgressPath("default", new Site("mx" + number));
    }
}
