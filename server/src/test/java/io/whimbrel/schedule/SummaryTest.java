package io.whimbrel.schedule;

import static io.whimbrel.schedule.ScheduleFixture.START;
import static io.whimbrel.schedule.ScheduleFixture.domain;
import static io.whimbrel.schedule.ScheduleFixture.ofDomain;
import static io.whimbrel.schedule.ScheduleFixture.stream;
import static io.whimbrel.schedule.ScheduleFixture.summary;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueCount;
import io.whimbrel.mail.QueueName;
import io.whimbrel.schedule.QueuedView.State;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// The queue in numbers: how many there are is what the spool says, whatever the schedule has.
final class SummaryTest {
    private static final MailStream MAIL = stream("shop", "spring", PriorityClass.NORMAL);
    private static final QueueName QUEUE = new QueueName(MAIL, domain("a.example"));
    private static final QueueName OTHER = new QueueName(MailStream.NONE, domain("b.example"));

    private final ScheduleFixture world = new ScheduleFixture();

    private QueueSummary of(QueueCount... counts) {
        return summary(world.schedule, world.now, List.of(counts)::forEach);
    }

    private static long sum(Iterable<Long> numbers) {
        long sum = 0;
        for (long number : numbers) {
            sum += number;
        }
        return sum;
    }

    @Test
    void whatRests_isScheduledOrRestricted() throws IOException {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example");
        world.schedule.apply(new OperatorAction.Hold(ofDomain("b.example"), ""), world.now);

        QueueSummary summary =
                world.schedule
                        .survey()
                        .summary(
                                world.now,
                                new QueuedCounts(
                                        List.of(
                                                        new QueueCount(QUEUE, 42, 41),
                                                        new QueueCount(OTHER, 7, 7))
                                                ::forEach,
                                        Optional.of(START.minusSeconds(3_600))));

        assertThat(summary.recipients()).isEqualTo(49);
        assertThat(summary.byState())
                .containsEntry(State.READY, 1L)
                .containsEntry(State.SCHEDULED, 41L)
                .containsEntry(State.HELD, 7L)
                .containsEntry(State.IN_FLIGHT, 0L);
        assertThat(summary.byTenant()).containsEntry("shop", 42L).containsEntry("", 7L);
        assertThat(summary.byCampaign())
                .containsExactly(
                        new QueueSummary.CampaignCount("shop", "spring", 42),
                        new QueueSummary.CampaignCount("", "", 7));
        assertThat(summary.byDomain())
                .first()
                .isEqualTo(new QueueSummary.DomainCount("a.example", "mx.a", 42, 0));
        assertThat(summary.oldest()).contains(START.minusSeconds(3_600));
    }

    @Test
    void whatNeitherWaitsNorRests_isInFlight() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example", "y@a.example", "z@a.example");

        QueueSummary summary = of(new QueueCount(QUEUE, 10, 4));

        assertThat(summary.recipients()).isEqualTo(10);
        assertThat(summary.byState())
                .containsEntry(State.READY, 3L)
                .containsEntry(State.SCHEDULED, 4L)
                .containsEntry(State.IN_FLIGHT, 3L);
        assertThat(summary.byDomain())
                .containsExactly(new QueueSummary.DomainCount("a.example", "mx.a", 10, 3));
    }

    @Test
    void whatWaitsHereAndHasLeftTheQueue_isNotCounted() {
        world.siteIs("a.example", "mx.a");
        world.admit(MAIL, "x@a.example", "y@a.example", "z@a.example");
        world.admit(MailStream.NONE, "x@b.example");

        QueueSummary summary = of(new QueueCount(QUEUE, 2, 1));

        assertThat(summary.recipients()).isEqualTo(2);
        assertThat(summary.byState())
                .containsEntry(State.READY, 0L)
                .containsEntry(State.RESOLVING, 1L)
                .containsEntry(State.SCHEDULED, 1L)
                .containsEntry(State.IN_FLIGHT, 0L);
        assertThat(summary.byDomain())
                .containsExactly(new QueueSummary.DomainCount("a.example", "mx.a", 2, 0));
        assertThat(summary.byTenant()).containsOnlyKeys("shop");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whateverTheScheduleHas_statesAndTenantsAddUpToAll(long seed) {
        var random = new Random(seed);
        var queues = new ArrayList<QueueName>();
        for (int i = 0; i < 12; i++) {
            var stream = stream("t" + random.nextInt(3), "", PriorityClass.NORMAL);
            queues.add(new QueueName(stream, domain("d" + i + ".example")));
        }
        for (int round = 0; round < 200; round++) {
            QueueName queue = queues.get(random.nextInt(queues.size()));
            switch (random.nextInt(4)) {
                case 0 -> world.siteIs(queue.domain().value(), "mx");
                case 1 ->
                        world.schedule.apply(
                                new OperatorAction.Hold(ofDomain(queue.domain().value()), ""),
                                world.now);
                default -> world.admit(queue.stream(), "x@" + queue.domain().value());
            }
            var counts = new ArrayList<QueueCount>();
            long all = 0;
            for (QueueName name : queues) {
                long recipients = random.nextInt(20);
                counts.add(new QueueCount(name, recipients, random.nextLong(recipients + 1)));
                all += recipients;
            }

            QueueSummary summary = of(counts.toArray(new QueueCount[0]));

            assertThat(summary.recipients()).as("seed %d", seed).isEqualTo(all);
            assertThat(summary.byState().values()).allMatch(count -> count >= 0);
            assertThat(sum(summary.byTenant().values())).isEqualTo(all);
            assertThat(sum(summary.byDomain().stream().map(it -> it.recipients()).toList()))
                    .isEqualTo(all);
            assertThat(summary.byDomain())
                    .allMatch(it -> it.inFlight() >= 0 && it.inFlight() <= it.recipients());
        }
    }

    @Test
    void moreNamesThanThereIsRoomFor_areCountedTogether() {
        int names = Census.NAMES_MOST + 50;
        QueueSummary summary =
                summary(
                        world.schedule,
                        world.now,
                        viewer -> {
                            for (int i = 0; i < names; i++) {
                                var stream = stream("t" + i, "c", PriorityClass.BULK);
                                var queue = new QueueName(stream, domain("d" + i + ".example"));
                                viewer.accept(new QueueCount(queue, 1, 1));
                            }
                        });

        assertThat(summary.recipients()).isEqualTo(names);
        assertThat(summary.byDomain())
                .first()
                .isEqualTo(new QueueSummary.DomainCount(Census.OTHERS, "", 50, 0));
        assertThat(summary.byCampaign())
                .first()
                .isEqualTo(new QueueSummary.CampaignCount("", Census.OTHERS, 50));
        assertThat(summary.byTenant()).hasSize(1000).containsEntry(Census.OTHERS, names - 999L);
        assertThat(sum(summary.byTenant().values())).isEqualTo(names);
    }

    @Test
    void campaigns_areTheTwentyLargest_eachOfItsTenant() {
        var counts = new ArrayList<QueueCount>();
        for (int i = 1; i <= 30; i++) {
            var stream = stream("t" + i % 2, "c" + i, PriorityClass.BULK);
            counts.add(new QueueCount(new QueueName(stream, domain("a.example")), i, i));
            counts.add(new QueueCount(new QueueName(stream, domain("b.example")), i, 0));
        }

        QueueSummary summary = of(counts.toArray(new QueueCount[0]));

        assertThat(summary.byCampaign())
                .hasSize(20)
                .startsWith(
                        new QueueSummary.CampaignCount("t0", "c30", 60),
                        new QueueSummary.CampaignCount("t1", "c29", 58));
    }
}
