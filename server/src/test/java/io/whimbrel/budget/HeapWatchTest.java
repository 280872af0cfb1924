package io.whimbrel.budget;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.budget.HeapWatch.Reading;

import org.junit.jupiter.api.Test;

import java.time.Instant;

final class HeapWatchTest {
    private Reading reading = new Reading(0, 1000, 0);
    private int asked;
    private Instant now = Instant.parse("2026-11-27T12:00:00Z");

    private final HeapWatch watch = new HeapWatch(() -> reading, () -> asked++);

    private void after(long used, long collections) {
        reading = new Reading(used, 1000, collections);
        look(1);
    }

    private void look(int seconds) {
        for (int i = 0; i < seconds; i++) {
            now = now.plusSeconds(1);
            watch.look(now);
        }
    }

    @Test
    void mail_isRefusedFromTheHighMark_untilBelowTheLow() {
        after(849, 1);
        assertThat(watch.refusal()).isEmpty();
        after(850, 2);
        assertThat(watch.refusal().orElseThrow()).hasToString(watch.refusal().get().toString());
        assertThat(watch.refusal().orElseThrow().toString()).startsWith("452 4.3.1");
        after(701, 3);
        assertThat(watch.refusal()).isPresent();
        assertThat(watch.level().isOver()).isTrue();
        after(699, 4);
        assertThat(watch.refusal()).isEmpty();
        assertThat(watch.level().isOver()).isFalse();
        // Between the marks nothing changes: no flapping.
        after(800, 5);
        assertThat(watch.refusal()).isEmpty();
        assertThat(watch.level().felt()).isPositive();
    }

    @Test
    void collection_isAskedFor_whereNoneComes() {
        after(900, 1);
        look(14);
        assertThat(asked).isZero();
        look(1);
        assertThat(asked).isEqualTo(1);
        // One came by itself in time.
        look(14);
        after(880, 2);
        look(14);
        assertThat(asked).isEqualTo(1);
        after(500, 3);
        look(100);
        assertThat(asked).isEqualTo(1);
    }

    @Test
    void processWithoutGenerations_refusesNothing() {
        var none = new HeapWatch(() -> new Reading(0, 0, 0), () -> asked++);
        none.look(now);
        assertThat(none.refusal()).isEmpty();
    }

    @Test
    void thisProcess_hasAnOldGeneration() {
        BudgetLevel level = HeapWatch.ofProcess().level();
        assertThat(level.most()).isPositive();
        assertThat(level.isOver()).isFalse();
    }
}
