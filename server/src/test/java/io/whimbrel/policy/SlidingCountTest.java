package io.whimbrel.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class SlidingCountTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Instant START = Instant.parse("2026-11-27T15:00:00.123Z");

    private record Event(Instant at, long amount) {}

    @Test
    void noWindow_holdsMoreThanTheLimit_whereverItLies() {
        for (long seed = 20261127; seed < 20261127 + 60; seed++) {
            var random = new Random(seed);
            int slots = List.of(1, 10, 100).get(random.nextInt(3));
            long limit = 1 + random.nextLong(50);
            List<Event> taken = run(random, new SlidingCount(MINUTE, slots), limit);
            for (Event event : taken) {
                Instant from = event.at().minus(MINUTE);
                long inWindow =
                        taken.stream()
                                .filter(it -> it.at().isAfter(from) && !it.at().isAfter(event.at()))
                                .mapToLong(Event::amount)
                                .sum();
                assertThat(inWindow).as("seed " + seed).isLessThanOrEqualTo(limit);
            }
        }
    }

    /// Bursts, long pauses, and takings that are given back.
    private static List<Event> run(Random random, SlidingCount count, long limit) {
        List<Event> taken = new ArrayList<>();
        int everTaken = 0;
        Instant now = START;
        for (int i = 0; i < 1_500; i++) {
            now =
                    now.plusMillis(
                            random.nextInt(20) == 0 ? random.nextInt(90_000) : random.nextInt(400));
            long amount = 1 + random.nextLong(3);
            if (count.hasRoom(now, amount, limit)) {
                count.add(now, amount);
                taken.add(new Event(now, amount));
                everTaken++;
            }
            if (!taken.isEmpty() && random.nextInt(10) == 0) {
                Event back = taken.remove(random.nextInt(taken.size()));
                count.giveBack(back.at(), back.amount());
            }
        }
        assertThat(everTaken).isGreaterThan(10);
        return taken;
    }

    @Test
    void steadyUse_getsNearlyTheWholeLimit() {
        var count = new SlidingCount(Duration.ofHours(1), 100);
        int taken = 0;
        for (int second = 0; second < 36_000; second++) {
            Instant now = START.plusSeconds(second);
            if (count.hasRoom(now, 1, 1_000)) {
                count.add(now, 1);
                taken++;
            }
        }
        assertThat(taken).isBetween(9_900, 10_000);
    }

    @Test
    void roomAt_isWhenItFits_andNotAMillisecondLater() {
        for (long seed = 7; seed < 107; seed++) {
            var random = new Random(seed);
            var count = new SlidingCount(MINUTE, 10);
            Instant now = START;
            for (int i = 0; i < 30; i++) {
                now = now.plusMillis(random.nextInt(5_000));
                count.add(now, random.nextInt(5));
            }
            long amount = 1 + random.nextLong(10);
            long limit = 10 + random.nextLong(20);
            Instant roomAt = count.roomAt(now, amount, limit);
            assertThat(roomAt).as("seed " + seed).isBetween(now, now.plusSeconds(66));
            if (roomAt.isAfter(now)) {
                assertThat(count.hasRoom(roomAt.minusMillis(1), amount, limit)).isFalse();
            }
            assertThat(count.hasRoom(roomAt, amount, limit)).as("seed " + seed).isTrue();
        }
    }

    @Test
    void givingBackLate_takesNothingFromWhatCameLater() {
        var count = new SlidingCount(MINUTE, 10);
        count.add(START, 5);
        Instant later = START.plusSeconds(90);
        count.add(later, 3);

        count.giveBack(START, 5);

        assertThat(count.total(later)).isEqualTo(3);
    }

    @Test
    void clockSetBack_forgetsNothing() {
        var count = new SlidingCount(MINUTE, 10);
        count.add(START, 5);

        assertThat(count.hasRoom(START.minusSeconds(300), 1, 5)).isFalse();
        assertThat(count.total(START)).isEqualTo(5);
    }

    @Test
    void whatWasKept_goesOnAfterwards() {
        var before = new SlidingCount(MINUTE, 10);
        before.add(START, 2);
        before.add(START.plusSeconds(30), 3);
        var after = new SlidingCount(MINUTE, 10);

        after.restore(START.plusSeconds(40), before.newest(), before.counts());

        assertThat(after.total(START.plusSeconds(40))).isEqualTo(5);
        assertThat(after.total(START.plusSeconds(70))).isEqualTo(3);
        assertThat(after.total(START.plusSeconds(100))).isZero();
    }

    @Test
    void whatAClockAheadKept_countsFromNow() {
        var before = new SlidingCount(MINUTE, 10);
        before.add(START.plusSeconds(86_400), 4);
        var after = new SlidingCount(MINUTE, 10);

        after.restore(START, before.newest(), before.counts());

        assertThat(after.total(START)).isEqualTo(4);
        assertThat(after.total(START.plusSeconds(67))).isZero();
    }

    @Test
    void slotsThatDoNotDivideTheWindow_cannotBe() {
        assertThatThrownBy(() -> new SlidingCount(Duration.ofSeconds(1), 12))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
