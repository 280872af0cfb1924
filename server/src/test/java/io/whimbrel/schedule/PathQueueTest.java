package io.whimbrel.schedule;

import static io.whimbrel.schedule.ScheduleFixture.START;
import static io.whimbrel.schedule.ScheduleFixture.domain;
import static io.whimbrel.schedule.ScheduleFixture.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.Destinations;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.schedule.PathQueue.Added;
import io.whimbrel.schedule.PathQueue.Place;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.List;

/// What holds mail and domains together while others are at work.
class PathQueueTest {
    private static final long NOW = START.toEpochMilli();

    private final SiteTable sites = new SiteTable(Destinations.ofPool("default"));
    private final PathQueue queue = newQueue();
    private final QueueEntry entry = entryOf("a.example");

    @BeforeEach
    void knowSite() {
        sites.put(destination("a.example"), path("mx"), DueHeap.NEVER);
    }

    @Test
    void add_domainOfAnotherPath_isRefused() {
        sites.put(destination("a.example"), path("elsewhere"), DueHeap.NEVER);

        assertThat(queue.add(entry, Place.TAIL, NOW)).isEqualTo(Added.MOVED);
        assertThat(queue.takeUntried()).isEmpty();
    }

    @Test
    void add_toClosedQueue_isRefused() {
        assertThat(queue.closeIfIdle()).isTrue();

        assertThat(queue.add(entry, Place.TAIL, NOW)).isEqualTo(Added.CLOSED);
        assertThat(queue.adopt(newScheduled())).isEmpty();
    }

    @Test
    void closeIfIdle_whileMailWaitsOrIsInFlight_staysOpen() {
        queue.add(entry, Place.TAIL, NOW);
        assertThat(queue.closeIfIdle()).isFalse();
        assertThat(queue.takeUntried()).contains(entry);
        assertThat(queue.closeIfIdle()).isFalse();
        queue.landed();
        assertThat(queue.closeIfIdle()).isTrue();
    }

    @Test
    void adopt_putsWhatArrivesBeforeWhatIsHere() {
        PathQueue old = newQueue();
        old.add(entry, Place.TAIL, NOW);
        QueueEntry later = entryOf("a.example");
        queue.add(later, Place.TAIL, NOW);

        List<ScheduledQueue> moving = old.extract(destination("a.example"));
        moving.forEach(queue::adopt);

        assertThat(old.takeUntried()).isEmpty();
        assertThat(queue.takeUntried()).containsSame(entry);
        assertThat(queue.takeUntried()).containsSame(later);
    }

    @Test
    void moveDue_supersededWake_isIgnored() {
        queue.add(entryOf("a.example").withDueAt(START.plusMillis(20)), Place.TIMED, NOW);
        long first = queue.arm();
        queue.add(entryOf("a.example").withDueAt(START.plusMillis(10)), Place.TIMED, NOW);
        long second = queue.arm();
        assertThat(List.of(first, second)).containsExactly(NOW + 20, NOW + 10);

        assertThat(queue.moveDue(second, NOW + 30, 1).readied()).isEqualTo(1);
        assertThat(queue.arm()).isEqualTo(NOW + 20);
        assertThat(queue.moveDue(NOW + 15, NOW + 30, 1).readied()).isZero();
        assertThat(queue.moveDue(NOW + 20, NOW + 30, 1).readied()).isEqualTo(1);
    }

    private PathQueue newQueue() {
        return new PathQueue(
                path("mx"),
                false,
                sites,
                new Restrictions(),
                new MemoryBudget(Integer.MAX_VALUE, () -> 0));
    }

    private static ScheduledQueue newScheduled() {
        return new ScheduledQueue(
                MailStream.NONE, destination("a.example"), false, new Restriction.Held("test"));
    }

    private static Destination destination(String domain) {
        return new Destination(domain(domain), "default", "");
    }

    private static QueueEntry entryOf(String domain) {
        return new QueueEntry(
                new ScheduleFixture().message(MailStream.NONE, "x@" + domain),
                domain(domain),
                RecipientNumbers.of(0),
                0,
                START,
                false);
    }
}
