package io.whimbrel.budget;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.metrics.Metrics;

import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

final class BudgetWatchTest {
    private final Metrics metrics = new Metrics();
    private final List<String> told = new ArrayList<>();
    private BudgetLevel level = new BudgetLevel(10, 100, 0, false);
    private boolean isHeard = true;
    private Instant now = Instant.parse("2026-11-27T12:00:00Z");

    private final BudgetWatch watch =
            new BudgetWatch(Map.of(Budget.ARRIVING, () -> level), metrics);

    private void look(int seconds) {
        for (int i = 0; i < seconds; i++) {
            now = now.plusSeconds(1);
            watch.look(now, this::tell);
        }
    }

    private boolean tell(BudgetNotice notice) {
        if (isHeard) {
            told.add((notice.begins() ? "felt " : "eased ") + notice.budget().label());
        }
        return isHeard;
    }

    private void level(long used, long felt, boolean isOver) {
        level = new BudgetLevel(used, 100, felt, isOver);
    }

    private double felt() {
        return metrics.budgetFelt.labelValues("arriving").get();
    }

    @Test
    void budget_isToldOnceWhenItIsFelt_andOnceTenSecondsAfter() {
        look(5);
        assertThat(told).isEmpty();
        level(100, 3, false);
        look(1);
        assertThat(told).containsExactly("felt arriving");
        assertThat(felt()).isEqualTo(1);
        assertThat(watch.views().getFirst().isFelt()).isTrue();
        look(9);
        assertThat(told).hasSize(1);
        look(1);
        assertThat(told).containsExactly("felt arriving", "eased arriving");
        assertThat(felt()).isZero();
        assertThat(metrics.budgetFeltSeconds.labelValues("arriving").get()).isEqualTo(1);
        assertThat(metrics.budgetUsed.labelValues("arriving").get()).isEqualTo(100);
        assertThat(metrics.budgetLimit.labelValues("arriving").get()).isEqualTo(100);
    }

    @Test
    void overItsBound_isFelt_thoughNobodyCame() {
        level(101, 0, true);
        look(30);
        assertThat(told).containsExactly("felt arriving");
        assertThat(metrics.budgetFeltSeconds.labelValues("arriving").get()).isEqualTo(30);
        level(20, 0, false);
        look(10);
        assertThat(told).containsExactly("felt arriving", "eased arriving");
    }

    @Test
    void swinging_isAtMostOnePairInTenSeconds() {
        long seed = 20261127;
        var random = new Random(seed);
        int seconds = 2_000;
        long felt = 0;
        for (int i = 0; i < seconds; i++) {
            felt += random.nextInt(4) == 0 ? 1 : 0;
            level(99, felt, random.nextInt(9) == 0);
            look(1);
        }
        assertThat(told).as("seed %d", seed).hasSizeLessThanOrEqualTo(2 * seconds / 10);
        for (int i = 0; i < told.size(); i++) {
            assertThat(told.get(i)).startsWith(i % 2 == 0 ? "felt" : "eased");
        }
    }

    @Test
    void noticeThatCannotBeTold_waits_andNoMoreThanOneOfABudget() {
        isHeard = false;
        level(100, 0, true);
        look(3);
        level(10, 0, false);
        look(60);
        assertThat(told).isEmpty();
        isHeard = true;
        look(1);
        assertThat(told).containsExactly("felt arriving");
        look(2);
        assertThat(told).containsExactly("felt arriving", "eased arriving");
    }

    @Test
    void text_isForPeople() {
        var heap = new BudgetLevel(700 << 20, 600 << 20, 0, true);
        assertThat(new BudgetNotice(Budget.HEAP, true, heap).text())
                .isEqualTo("700 MiB of 600 MiB");
        var disk = new BudgetLevel(5 << 20, 600 << 20, 0, true);
        assertThat(new BudgetNotice(Budget.DISK_STOP, true, disk).text())
                .isEqualTo("5120 KiB free, mark 600 MiB");
        var entries = new BudgetLevel(7, 10, 1, false);
        assertThat(new BudgetNotice(Budget.ENTRIES, true, entries).text()).isEqualTo("7 of 10");
    }
}
