package io.whimbrel.shaping;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.Rate;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Limits in any window, against a list of all that happened.
@Timeout(60)
final class SlidingWindowTest {
    private static final long SECOND = 1_000_000;
    private static final long START = 1_800_000_000_000_000L;

    /// The most that any window of this length has.
    private static long densest(List<Long> stamps, long length) {
        int from = 0;
        int most = 0;
        for (int to = 0; to < stamps.size(); to++) {
            while (stamps.get(to) - stamps.get(from) >= length) {
                from++;
            }
            most = Math.max(most, to - from + 1);
        }
        return most;
    }

    private static WindowShape shape(String rate) {
        return WindowShape.of(Rate.parse(rate).orElseThrow());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1/s", "2/s", "3/s", "20/s", "128/s", "129/s", "200/s", "1000/s", "5/min",
                "100/min", "500/min", "7/h", "1000/h", "10000/h", "20000/d"
            })
    void anyWindow_neverExceedsTheLimit_andIsUsedWhereThereIsWork(String rate) {
        WindowShape shape = shape(rate);
        var window = new SlidingWindow(shape);
        List<Long> stamps = new ArrayList<>();
        long now = START;
        long end = START + 8 * shape.lengthMicros();
        while (now < end) {
            if (window.take(now)) {
                stamps.add(now);
            } else {
                assertThat(window.freeAt(now)).isGreaterThan(now);
                now = window.freeAt(now);
            }
        }
        assertThat(densest(stamps, shape.lengthMicros())).isEqualTo(shape.count());
        assertBurst(shape, stamps);
        assertThat((double) stamps.size()).isGreaterThanOrEqualTo(8 * shape.count() * 0.98);
    }

    private static void assertBurst(WindowShape shape, List<Long> stamps) {
        if (shape.burstMicros() > 0) {
            assertThat(densest(stamps, shape.burstMicros())).isLessThanOrEqualTo(shape.burst());
        }
    }

    @Test
    void randomUse_keepsToTheLimit_andRefusesNothingWithoutReason() {
        long seed = new Random().nextLong();
        for (int round = 0; round < 300; round++) {
            randomUse(new Random(seed + round), "seed " + seed + " round " + round);
        }
    }

    private static void randomUse(Random random, String what) {
        long count = random.nextBoolean() ? 1 + random.nextInt(128) : 129 + random.nextInt(3000);
        long length = 1 + random.nextLong(random.nextBoolean() ? 5 * SECOND : 4000 * SECOND);
        WindowShape shape = WindowShape.of(count, length);
        var window = new SlidingWindow(shape);
        List<Long> stamps = new ArrayList<>();
        long now = START + random.nextLong(SECOND);
        for (int i = 0; i < 6000; i++) {
            now += random.nextInt(10) == 0 ? random.nextLong(2 * length) : gap(random, shape);
            if (random.nextInt(8) == 0 && !stamps.isEmpty()) {
                Long back = stamps.remove(random.nextInt(stamps.size()));
                window.giveBack(back);
            }
            boolean isExact = shape.slotMicros() == 1;
            if (isExact) {
                assertThat(window.used(now)).as(what).isEqualTo(since(stamps, now - length));
            }
            long rounded = length + shape.slotMicros();
            boolean hadRoom =
                    since(stamps, now - rounded) < count
                            && (shape.burstMicros() == 0
                                    || since(stamps, now - shape.burstMicros() - shape.slotMicros())
                                            < shape.burst());
            boolean isGranted = window.take(now);
            assertThat(isGranted || !hadRoom).as(what).isTrue();
            if (isGranted) {
                stamps.add(now);
            }
        }
        assertThat(densest(stamps, length)).as(what).isLessThanOrEqualTo(count);
        assertBurst(shape, stamps);
    }

    private static long gap(Random random, WindowShape shape) {
        return random.nextLong(2 * shape.lengthMicros() / shape.count() + 1);
    }

    /// How many are younger than `then`.
    private static long since(List<Long> stamps, long then) {
        int i = stamps.size();
        while (i > 0 && stamps.get(i - 1) > then) {
            i--;
        }
        return (long) stamps.size() - i;
    }

    @Test
    void freeAt_isTheEarliestInstant() {
        var window = new SlidingWindow(shape("2/s"));
        window.take(START);
        window.take(START + 10);

        assertThat(window.freeAt(START + 20)).isEqualTo(START + SECOND);
        assertThat(window.take(START + SECOND - 1)).isFalse();
        assertThat(window.take(START + SECOND)).isTrue();
        assertThat(window.freeAt(START + SECOND)).isEqualTo(START + SECOND + 10);
    }

    @Test
    void rate_isPaced_andCatchesUp() {
        var window = new SlidingWindow(shape("200/s"));
        int atOnce = 0;
        while (window.take(START)) {
            atOnce++;
        }
        assertThat(atOnce).isEqualTo(15);
        int later = 0;
        for (long now = START; now < START + SECOND; now += 1000) {
            while (window.take(now)) {
                later++;
            }
        }
        assertThat(atOnce + later).isEqualTo(200);
    }

    @Test
    void takingAndGivingBack_keepsNoMemory() {
        var window = new SlidingWindow(shape("100/h"));
        for (int i = 0; i < 100_000; i++) {
            assertThat(window.take(START + i)).isTrue();
            window.giveBack(START + i);
        }
        assertThat(window.used(START + 100_000)).isZero();
        assertThat(window.ages(START + 100_000, 64)).isEmpty();
    }

    @Test
    void givingBackTwice_whatCountsNoMore_doesNothing() {
        var window = new SlidingWindow(shape("3/s"));
        window.take(START);
        window.giveBack(START);
        window.giveBack(START);
        window.giveBack(START - 5);
        window.take(START + 7);
        window.giveBack(START);

        assertThat(window.used(START + 7)).isEqualTo(1);
    }

    @Test
    void clockSetBack_countsAsTheNewest() {
        var window = new SlidingWindow(shape("1/s"));
        window.take(START);

        assertThat(window.take(START - 10 * SECOND)).isFalse();
        assertThat(window.take(START + SECOND)).isTrue();
    }

    @Test
    void otherRate_countsOn() {
        var old = new SlidingWindow(shape("1000/h"));
        for (int i = 0; i < 600; i++) {
            old.take(START + i * SECOND);
        }
        long now = START + 600 * SECOND;
        var more = new SlidingWindow(shape("2000/h"));
        more.absorb(old);
        var less = new SlidingWindow(shape("100/h"));
        less.absorb(old);

        assertThat(more.used(now)).isEqualTo(600);
        assertThat(less.freeAt(now)).isGreaterThan(START + 3600 * SECOND + 499 * SECOND);
    }

    @Test
    void slowRates_areOneInLonger() {
        assertThat(WindowShape.of(0.1)).isEqualTo(WindowShape.of(1, 10 * SECOND));
        assertThat(WindowShape.of(2.7)).isEqualTo(WindowShape.of(2, SECOND));
        assertThat(WindowShape.of(1e300).count()).isEqualTo(1_000_000_000_000_000L);
        assertThat(WindowShape.of(1e-300).lengthMicros()).isEqualTo(1_000_000_000_000_000L);
    }

    @Test
    void ages_whereTheyAreManyOnes_countAsTheYounger() {
        var window = new SlidingWindow(shape("100/h"));
        for (int i = 0; i < 100; i++) {
            window.take(START + i * SECOND);
        }
        long now = START + 100 * SECOND;
        long[] ages = window.ages(now, 30);
        var restored = new SlidingWindow(shape("100/h"));
        restored.restore(now, ages);

        assertThat(ages.length).isLessThanOrEqualTo(60);
        assertThat(restored.used(now)).isEqualTo(100);
        assertThat(restored.freeAt(now)).isGreaterThanOrEqualTo(window.freeAt(now));
        assertThat(restored.freeAt(now)).isLessThan(window.freeAt(now) + 5 * SECOND);
    }
}
