package io.whimbrel.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Rate;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.Limiter;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// As many ready queues as a node may have at once, each a site of its own, with limits.
class ManyReadyQueuesTest {
    private static final int QUEUES = Integer.getInteger("whimbrel.queues", 20_000);

    /// What is asked for, at hand.
    private static final class Asked implements ScheduleActions {
        final ArrayDeque<Destination> destinations = new ArrayDeque<>();

        @Override
        public void resolve(Destination destination) {
            destinations.add(destination);
        }

        @Override
        public void workReady(EgressPath path) {}

        @Override
        public void rest(QueueEntry entry) {
            throw new AssertionError("nothing rests here");
        }

        @Override
        public void wanted(QueueName queue, int most) {}

        @Override
        public void wake(QueueScope scope) {}
    }

    @Test
    void aQueueForEachOfManySites_fitsAndFlows() {
        var asked = new Asked();
        var limiter = new Limiter(List.of(limit("20/s", 10), limit("5000/h", 20)));
        var schedule =
                new Schedule(
                        ScheduleSettings.UNBOUNDED, Destinations.ofPool("default"), limiter, asked);
        var fixture = new ScheduleFixture();
        var stream = new MailStream("shop", "", PriorityClass.NORMAL);
        long before = usedBytes();
        for (int i = 0; i < QUEUES; i++) {
            schedule.admit(fixture.message(stream, "u@d" + i + ".example"), fixture.now);
            while (!asked.destinations.isEmpty()) {
                Destination one = asked.destinations.remove();
                var site = new Site("mx." + one.domain(), "default");
                schedule.siteResolved(one, site, Duration.ofHours(1), fixture.now);
            }
        }
        long waiting = usedBytes();
        int given = 0;
        for (int i = 0; i < QUEUES; i++) {
            var path = new EgressPath("default", new Site("mx.d" + i + ".example", "default"));
            if (schedule.take(path, Carrier.ANY, fixture.now) instanceof Take.Given given1) {
                given++;
                given1.grant().finished(Micros.of(fixture.now));
                schedule.finished(given1.entry(), List.of(), fixture.now);
            }
        }
        long after = usedBytes();
        System.out.printf(
                "%,d ready queues: %,d bytes each with a message, %,d each afterwards%n",
                QUEUES, (waiting - before) / QUEUES, (after - before) / QUEUES);
        assertThat(given).isEqualTo(QUEUES);
        assertThat((waiting - before) / QUEUES).isLessThan(4_000);
    }

    private static LimitSettings limit(String rate, int connections) {
        return new LimitSettings(
                "w.toml:1",
                LimitScope.ALL,
                Set.of(Dimension.SOURCE, Dimension.SITE),
                Rate.parse(rate).stream().toList(),
                OptionalInt.of(connections),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    private static long usedBytes() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
