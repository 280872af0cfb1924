package io.whimbrel.budget;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.OptionalInt;
import java.util.OptionalLong;

final class MemoryPlanTest {
    private static final long MIB = MemoryPlan.MIB;
    private static final OptionalLong OPEN = OptionalLong.empty();
    private static final MemorySettings NOTHING =
            new MemorySettings(OPEN, OPEN, OPEN, OPEN, OPEN, OptionalInt.empty());

    @Test
    void container_getsThreeQuarters_andLeavesTheRestToTheKernel() {
        var plan = MemoryPlan.of(NOTHING, 1536 * MIB);
        assertThat(plan.problem()).isEmpty();
        assertThat(plan.budgetBytes()).isEqualTo(1152 * MIB);
        assertThat(plan.indexBytes()).isEqualTo(124 * MIB);
        assertThat(plan.heapBytes()).isEqualTo(868 * MIB);
        assertThat(plan.javaOptions()).isEqualTo("-Xmx868m -Xmn96m");
        assertThat(plan.entriesMax()).isEqualTo(772 * 1024 / 8);
        assertThat(plan.arrivingBytes()).isEqualTo(868 * MIB / 8);
        assertThat(plan.bodiesBytes()).isEqualTo(4 * MIB);
        assertThat(plan.text()).contains("1152 MiB (three quarters of 1536 MiB)", "heap 868 MiB");
    }

    @Test
    void largeMachine_isNotTakenUnasked() {
        var plan = MemoryPlan.of(NOTHING, 24 * 1024 * MIB);
        assertThat(plan.budgetBytes()).isEqualTo(2048 * MIB);
        var asked = MemoryPlan.of(budget(16 * 1024 * MIB), 24 * 1024 * MIB);
        assertThat(asked.problem()).isEmpty();
        assertThat(asked.heapBytes()).isGreaterThan(13L * 1024 * MIB);
        assertThat(asked.text()).contains("memory.budget");
    }

    /// Whatever the machine, the parts are the whole, and no share is more than what it is of.
    @ParameterizedTest
    @ValueSource(ints = {427, 428, 512, 777, 1024, 1536, 4096, 65_536, 2_000_000})
    void parts_areTheBudget(int machineMib) {
        var plan = MemoryPlan.of(NOTHING, machineMib * MIB);
        assertThat(plan.problem()).isEmpty();
        assertThat(plan.programBytes() + plan.heapBytes() + plan.indexBytes())
                .isEqualTo(plan.budgetBytes());
        assertThat(plan.heapBytes()).isGreaterThanOrEqualTo(MemoryPlan.HEAP_LEAST);
        long old = plan.heapBytes() - plan.youngBytes();
        assertThat(plan.entriesMax() * 780L + plan.arrivingBytes() + plan.bodiesBytes())
                .as("live at the most, below the mark at which mail is refused")
                .isLessThan(old * HeapWatch.HIGH_PERCENT / 100);
    }

    @Test
    void eachPart_canBeSetByItself() {
        var given =
                new MemorySettings(
                        OptionalLong.of(1024 * MIB),
                        OptionalLong.of(300 * MIB),
                        OptionalLong.of(11 * MIB),
                        OptionalLong.of(12 * MIB),
                        OptionalLong.of(64 * MIB),
                        OptionalInt.of(5000));
        var plan = MemoryPlan.of(given, 2048 * MIB);
        assertThat(plan.problem()).isEmpty();
        assertThat(plan.heapBytes()).isEqualTo(300 * MIB);
        assertThat(plan.arrivingBytes()).isEqualTo(11 * MIB);
        assertThat(plan.bodiesBytes()).isEqualTo(12 * MIB);
        assertThat(plan.indexBytes()).isEqualTo(64 * MIB);
        assertThat(plan.entriesMax()).isEqualTo(5000);
    }

    @Test
    void heapAlone_leavesTheIndexWhatIsLeft() {
        var plan = MemoryPlan.of(heap(512 * MIB, 300 * MIB), 2048 * MIB);
        assertThat(plan.problem()).isEmpty();
        assertThat(plan.indexBytes()).isEqualTo(44 * MIB);
    }

    @Test
    void tooLittle_saysWhatToDo() {
        assertThat(MemoryPlan.of(NOTHING, 256 * MIB).problem().orElseThrow())
                .contains("320 MiB", "192 MiB", "memory.budget");
        assertThat(MemoryPlan.of(budget(4096 * MIB), 1536 * MIB).problem().orElseThrow())
                .contains("4096 MiB", "1536 MiB", "lower it");
        assertThat(MemoryPlan.of(heap(512 * MIB, 500 * MIB), 2048 * MIB).problem().orElseThrow())
                .contains("512 MiB", "692 MiB", "raise memory.budget");
    }

    @Test
    void smallerHeapOfTheJavaMachine_bringsSmallerShares() {
        var plan = MemoryPlan.of(NOTHING, 1536 * MIB);
        assertThat(plan.within(NOTHING, 4096 * MIB)).isEqualTo(plan);
        var small = plan.within(NOTHING, 256 * MIB);
        assertThat(small.heapBytes()).isEqualTo(256 * MIB);
        assertThat(small.arrivingBytes()).isEqualTo(32 * MIB);
        assertThat(small.entriesMax()).isLessThan(plan.entriesMax() / 3);
        assertThat(small.indexBytes()).isEqualTo(plan.indexBytes());
    }

    private static MemorySettings budget(long bytes) {
        return new MemorySettings(
                OptionalLong.of(bytes), OPEN, OPEN, OPEN, OPEN, OptionalInt.empty());
    }

    private static MemorySettings heap(long budget, long heap) {
        return new MemorySettings(
                OptionalLong.of(budget),
                OptionalLong.of(heap),
                OPEN,
                OPEN,
                OPEN,
                OptionalInt.empty());
    }
}
