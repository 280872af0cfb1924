package io.whimbrel.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Random;

class RetryScheduleTest {
    private static final Instant RECEIVED = Instant.parse("2026-03-01T12:00:00Z");
    private static final double NO_JITTER = 0.5;

    @ParameterizedTest
    @CsvSource({"0, 5", "1, 5", "2, 10", "3, 20", "6, 160", "7, 240", "8, 240", "2147483647, 240"})
    void nextDue_growsFromFirstByFactorUpToMost(int attempts, long minutes) {
        Optional<Instant> due =
                RetrySchedule.DEFAULT.nextDue(RECEIVED, attempts, RECEIVED, NO_JITTER);

        assertThat(due).contains(RECEIVED.plus(Duration.ofMinutes(minutes)));
    }

    @Test
    void nextDue_jitterIsAnEighthToBothSides() {
        var retry = RetrySchedule.DEFAULT;

        assertThat(retry.nextDue(RECEIVED, 2, RECEIVED, 0))
                .contains(RECEIVED.plusSeconds(600 - 75));
        assertThat(retry.nextDue(RECEIVED, 2, RECEIVED, 1))
                .contains(RECEIVED.plusSeconds(600 + 75));
    }

    @Test
    void nextDue_jitterNeverExceedsMost() {
        assertThat(RetrySchedule.DEFAULT.nextDue(RECEIVED, 20, RECEIVED, 1))
                .contains(RECEIVED.plus(Duration.ofHours(4)));
    }

    @Test
    void nextDue_nearEndOfLife_isEndOfLife() {
        Instant endOfLife = RECEIVED.plus(Duration.ofDays(5));
        Instant now = endOfLife.minusSeconds(60);

        assertThat(RetrySchedule.DEFAULT.nextDue(RECEIVED, 30, now, NO_JITTER)).contains(endOfLife);
    }

    @Test
    void nextDue_atEndOfLife_isEmpty() {
        Instant endOfLife = RECEIVED.plus(Duration.ofDays(5));

        assertThat(RetrySchedule.DEFAULT.nextDue(RECEIVED, 30, endOfLife, NO_JITTER)).isEmpty();
        assertThat(RetrySchedule.DEFAULT.nextDue(RECEIVED, 1, endOfLife.plusSeconds(1), NO_JITTER))
                .isEmpty();
    }

    @Test
    void nextDue_anySchedule_isLaterWithinMostAndLastAtEndOfLife() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int round = 0; round < 1_000; round++) {
            RetrySchedule retry = anySchedule(random);
            Instant endOfLife = RECEIVED.plus(retry.expire());
            Instant now = RECEIVED;
            int attempts = 0;
            while (now.isBefore(endOfLife) && attempts < 1_000) {
                attempts++;
                Instant due =
                        retry.nextDue(RECEIVED, attempts, now, random.nextDouble()).orElseThrow();
                assertThat(due).as("seed %d: %s", seed, retry).isAfter(now);
                assertThat(due).as("seed %d: %s", seed, retry).isBeforeOrEqualTo(endOfLife);
                assertThat(Duration.between(now, due))
                        .as("seed %d: %s", seed, retry)
                        .isLessThanOrEqualTo(retry.most());
                now = due;
            }
            assertThat(retry.nextDue(RECEIVED, attempts, endOfLife, 0)).isEmpty();
        }
    }

    @Test
    void constructor_longestAllowed_doesNotOverflow() {
        Duration year = Duration.ofDays(365);
        var retry = new RetrySchedule(year, 10.0, year, year, year);

        assertThat(retry.nextDue(RECEIVED, Integer.MAX_VALUE, RECEIVED, 1))
                .contains(RECEIVED.plus(year));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.99, 10.01, Double.NaN, Double.POSITIVE_INFINITY, -2})
    void constructor_factorOutOfRange_isRefused(double factor) {
        var like = RetrySchedule.DEFAULT;

        assertThatThrownBy(() ->
                        new RetrySchedule(
                                like.first(),
                                factor,
                                like.most(),
                                like.expire(),
                                like.delayNotice()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("factor must be 1.0 to 10.0, not " + factor);
    }

    @Test
    void constructor_durationOutOfRange_isRefusedByName() {
        Duration hour = Duration.ofHours(1);
        Duration bad = Duration.ZERO;
        Duration tooLong = Duration.ofDays(366);

        assertThatThrownBy(() -> new RetrySchedule(bad, 2, hour, hour, hour))
                .hasMessageStartingWith("first must be more than 0");
        assertThatThrownBy(() -> new RetrySchedule(hour, 2, tooLong, hour, hour))
                .hasMessageStartingWith("most must be more than 0 and at most 365 days");
        assertThatThrownBy(() -> new RetrySchedule(hour, 2, hour, bad.minusSeconds(1), hour))
                .hasMessageStartingWith("expire must be more than 0");
        assertThatThrownBy(() -> new RetrySchedule(hour, 2, hour, hour, bad))
                .hasMessageStartingWith("delay-notice must be more than 0");
    }

    @Test
    void constructor_firstLongerThanMost_isRefused() {
        Duration hour = Duration.ofHours(1);

        assertThatThrownBy(() -> new RetrySchedule(hour.plusSeconds(1), 2, hour, hour, hour))
                .hasMessage("first must not be longer than most: PT1H1S > PT1H");
    }

    @Test
    void settings_outOfRange_areRefused() {
        assertThatThrownBy(() -> new ScheduleSettings(" ", 100))
                .hasMessage("pool must have a name");
        assertThatThrownBy(() -> new ScheduleSettings("default", 0))
                .hasMessage("recipients-per-transaction must be 1..1000, not 0");
        assertThatThrownBy(() -> new ScheduleSettings("default", 1001))
                .hasMessage("recipients-per-transaction must be 1..1000, not 1001");
    }

    private static RetrySchedule anySchedule(Random random) {
        Duration first = Duration.ofMillis(1 + random.nextLong(3_600_000));
        Duration most = first.plusMillis(random.nextLong(36_000_000));
        Duration expire = Duration.ofMillis(1 + random.nextLong(30L * 86_400_000));
        double factor = 1.0 + 9.0 * random.nextDouble();
        return new RetrySchedule(first, factor, most, expire, Duration.ofHours(4));
    }
}
