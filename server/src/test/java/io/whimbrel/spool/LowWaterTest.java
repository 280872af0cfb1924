package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.CLOCK;
import static io.whimbrel.spool.SpoolFixtures.NOW;
import static io.whimbrel.spool.SpoolFixtures.accept;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.envelope;
import static io.whimbrel.spool.SpoolFixtures.offer;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.budget.Budget;
import io.whimbrel.budget.BudgetLevel;
import io.whimbrel.log.LowWater;
import io.whimbrel.log.Position;
import io.whimbrel.spool.SpoolRecord.NoticeKind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/// Free disk space that shrinks and grows, and notices about it in the log.
final class LowWaterTest {
    private static final int SEGMENT = 64 << 10;
    private static final long STOP = 16 * SEGMENT;
    private static final long SLOW = 2 * STOP;

    private FaultyFiles files = new FaultyFiles();
    private Spool spool;

    LowWaterTest() throws IOException {
        files.capacity = 100 * SEGMENT;
        spool = IndexHome.open(files, SEGMENT, STOP, CLOCK);
    }

    @AfterEach
    void delete() {
        files.index.delete();
    }

    private BudgetLevel level(Budget budget) {
        return Optional.ofNullable(spool.budgets().get(budget)).orElseThrow().get();
    }

    private void room(long bytes) {
        spool.step(Inbox.Wake.IDLE);
        files.capacity += bytes - level(Budget.DISK_SLOW).used();
        spool.step(Inbox.Wake.IDLE);
        assertThat(level(Budget.DISK_SLOW).used()).isEqualTo(bytes);
    }

    @Test
    void answers_areDelayedTheMoreTheLessRoomThereIs_andNoMoreThanTwoSeconds() {
        room(SLOW);
        assertThat(spool.slowness()).isZero();
        assertThat(level(Budget.DISK_SLOW).isOver()).isFalse();
        room(SLOW - STOP / 4);
        assertThat(spool.slowness()).isEqualTo(Duration.ofMillis(500));
        assertThat(level(Budget.DISK_SLOW).isOver()).isTrue();
        assertThat(level(Budget.DISK_STOP).isOver()).isFalse();
        room(STOP);
        assertThat(spool.slowness()).isEqualTo(Duration.ofSeconds(2));
        assertThat(spool.refusal()).isEmpty();
        room(STOP / 2);
        assertThat(spool.slowness()).isEqualTo(Duration.ofSeconds(2));
        room(3 * SLOW);
        assertThat(spool.slowness()).isZero();
        assertThat(level(Budget.DISK_SLOW).isOver()).isFalse();
    }

    @Test
    void mail_isRefusedBelowTheReserve_andTakenAgainByItself_anEighthAboveIt() {
        room(STOP);
        accept(spool, envelope(1), bytes(100, 1));
        room(STOP - 1);
        assertThat(spool.refusal().orElseThrow().toString()).startsWith("452 4.3.1");
        assertThat(level(Budget.DISK_STOP).isOver()).isTrue();
        room(STOP + STOP / 8 - 1);
        assertThat(offer(spool, envelope(1), bytes(100, 2)))
                .isInstanceOf(AcceptResult.Refused.class);
        room(STOP + STOP / 8);
        assertThat(spool.refusal()).isEmpty();
        accept(spool, envelope(1), bytes(100, 3));
        assertThat(level(Budget.DISK_STOP).isOver()).isFalse();
        room(STOP);
        assertThat(spool.refusal()).isEmpty();
    }

    @Test
    void marks_followFromTheDisk_whereTheyAreNotGiven() {
        long gib = 1L << 30;
        assertThat(LowWater.OF_DISK.stop(8 * gib)).isEqualTo(gib / 4);
        assertThat(LowWater.OF_DISK.slow(8 * gib)).isEqualTo(gib / 2);
        assertThat(LowWater.OF_DISK.stop(100 * gib)).isEqualTo(gib);
        assertThat(LowWater.OF_DISK.slow(100 * gib)).isEqualTo(5 * gib);
        assertThat(LowWater.OF_DISK.stop(5000 * gib)).isEqualTo(4 * gib);
        assertThat(LowWater.OF_DISK.slow(5000 * gib)).isEqualTo(20 * gib);
        var never = new LowWater(OptionalLong.of(gib), OptionalLong.of(3 * gib));
        assertThat(never.slow(100 * gib)).isEqualTo(never.stop(100 * gib));
        assertThat(new LowWater(OptionalLong.of(9), OptionalLong.of(9)).slow(gib)).isEqualTo(9);
    }

    @Test
    void sameMarks_delayNothing_beforeMailIsRefused() throws IOException {
        files = new FaultyFiles();
        files.capacity = 100 * SEGMENT;
        var marks = new LowWater(OptionalLong.of(STOP), OptionalLong.of(STOP));
        var settings =
                new SpoolSettings(
                        files.index.folder(), SEGMENT, Duration.ZERO, marks, 1 << 20, 32 << 20);
        var start = new Spool.Start(CLOCK, Position.START, files, Spool.Drive.CALLER);
        spool = Spool.open(settings, start);
        room(STOP);
        assertThat(spool.slowness()).isZero();
        spool.abandonIndex();
    }

    @Test
    void notices_areReadBackInOrder_fromMemoryAndAfterAKill_andKeepNoSegment() throws Exception {
        CommittedRecords records = spool.records(Position.START);
        var felt = new SpoolRecord.Notice(NOW, NoticeKind.BUDGET_FELT, "disk-stop", "1 of 2");
        var eased = new SpoolRecord.Notice(NOW, NoticeKind.BUDGET_EASED, "disk-stop", "");
        assertThat(spool.note(felt)).isTrue();
        accept(spool, envelope(1), bytes(100, 1));
        assertThat(spool.note(eased)).isTrue();
        spool.step(Inbox.Wake.WORK);
        var told = records.take(Duration.ZERO);
        assertThat(told).extracting(CommittedRecord::record).contains(felt, eased).hasSize(3);
        files = files.afterKill();
        spool = IndexHome.open(files, SEGMENT, STOP, CLOCK);
        var again = spool.records(Position.START).take(Duration.ZERO);
        assertThat(again)
                .extracting(CommittedRecord::record)
                .satisfiesExactly(
                        first -> assertThat(first).isEqualTo(felt),
                        second -> assertThat(second).isInstanceOf(SpoolRecord.Accepted.class),
                        third -> assertThat(third).isEqualTo(eased));
        assertThat(again.getFirst().message()).isEmpty();
        assertThat(spool.takeRecovery().findings()).isEmpty();
        assertThat(spool.takeRecovery().operatorActions()).isEmpty();
    }

    @Test
    void bodies_beyondTheirMemory_areCounted() {
        assertThat(level(Budget.BODIES).felt()).isZero();
        for (int i = 0; i < 130; i++) {
            accept(spool, envelope(1), bytes(10_000, i));
        }
        assertThat(level(Budget.BODIES).felt()).isPositive();
        assertThat(level(Budget.BODIES).used()).isLessThanOrEqualTo(1 << 20);
    }
}
