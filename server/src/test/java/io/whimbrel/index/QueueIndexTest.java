package io.whimbrel.index;

import static io.whimbrel.index.IndexFixtures.NOW;
import static io.whimbrel.index.IndexFixtures.added;
import static io.whimbrel.index.IndexFixtures.changed;
import static io.whimbrel.index.IndexFixtures.entry;
import static io.whimbrel.index.IndexFixtures.id;
import static io.whimbrel.index.IndexFixtures.open;
import static io.whimbrel.index.IndexFixtures.queue;
import static io.whimbrel.index.IndexFixtures.removed;
import static io.whimbrel.index.IndexFixtures.row;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.index.QueueIndex.Wake;
import io.whimbrel.log.FramePlace;
import io.whimbrel.mail.QueueName;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

final class QueueIndexTest {
    private static final QueueName A = queue("a.example");
    private static final QueueName B = queue("b.example");
    private static final Instant LATER = NOW.plusSeconds(60);

    @TempDir private Path folder;
    private QueueIndex index;

    @BeforeEach
    void start() throws IOException {
        index = open(folder.resolve("index"));
    }

    @AfterEach
    void close() {
        index.close();
    }

    @Test
    void newMessage_isFoundInEveryWay() throws IOException {
        MessageRow row = row(5, 3, entry("a.example", NOW, 0, 1), entry("b.example", LATER, 2));
        index.write(List.of(added(row)));

        assertThat(index.message(id(5))).contains(row);
        assertThat(index.messages(Optional.empty(), 10)).containsExactly(row);
        assertThat(index.due(A, Optional.empty(), NOW, 10))
                .containsExactly(new DueRow(NOW, id(5), 2));
        assertThat(index.nextDue(B, Optional.empty())).contains(LATER);
        assertThat(index.queue(A)).contains(new QueueRow(A, 1, 2, Optional.of(NOW)));
        assertThat(index.queues(Optional.empty(), 10))
                .containsExactlyInAnyOrder(
                        new QueueRow(A, 1, 2, Optional.of(NOW)),
                        new QueueRow(B, 1, 1, Optional.of(LATER)));
        assertThat(index.wakes(Optional.empty(), LATER, 10))
                .containsExactly(new Wake(NOW, A), new Wake(LATER, B));
        assertThat(index.inSegment(3, Optional.empty(), 10)).containsExactly(id(5));
        assertThat(index.segments()).containsExactly(3L);
    }

    @Test
    void view_staysAsItWasWhenItWasMade() throws IOException {
        MessageRow row = row(5, 3, entry("a.example", NOW, 0, 1), entry("b.example", LATER, 2));
        index.write(List.of(added(row)));
        try (QueueView view = index.view()) {
            MessageRow other = row(6, entry("a.example", NOW, 0));
            index.write(List.of(removed(row), added(other)));

            List<QueueRow> first = view.queues(Optional.empty(), 1);
            assertThat(view.queues(Optional.of(first.getFirst().name()), 9))
                    .hasSize(1)
                    .doesNotContainAnyElementsOf(first);
            assertThat(view.queues(Optional.empty(), 9))
                    .containsExactlyInAnyOrder(
                            new QueueRow(A, 1, 2, Optional.of(NOW)),
                            new QueueRow(B, 1, 1, Optional.of(LATER)));
            assertThat(view.due(A, Optional.empty(), 9)).containsExactly(new DueRow(NOW, id(5), 2));
            assertThat(view.due(A, Optional.of(new DueRow(NOW, id(5), 2)), 9)).isEmpty();
        }
        try (QueueView view = index.view()) {
            assertThat(view.queues(Optional.empty(), 9))
                    .containsExactly(new QueueRow(A, 1, 1, Optional.of(NOW)));
        }
    }

    @Test
    void messageThatIsGone_leavesNothing() throws IOException {
        MessageRow row = row(5, entry("a.example", NOW, 0, 1), entry("b.example", LATER, 2));
        index.write(List.of(added(row)));
        index.write(List.of(removed(row)));
        assertEmpty();
        index.write(List.of(added(row), removed(row)));
        assertEmpty();
    }

    private void assertEmpty() throws IOException {
        assertThat(index.message(id(5))).isEmpty();
        assertThat(index.messages(Optional.empty(), 10)).isEmpty();
        assertThat(index.due(A, Optional.empty(), Instant.MAX, 10)).isEmpty();
        assertThat(index.nextDue(A, Optional.empty())).isEmpty();
        assertThat(index.queue(A)).isEmpty();
        assertThat(index.queues(Optional.empty(), 10)).isEmpty();
        assertThat(index.wakes(Optional.empty(), Instant.MAX, 10)).isEmpty();
        assertThat(index.segments()).isEmpty();
    }

    @Test
    void entriesDueTogether_areOneRow() throws IOException {
        var first = entry("a.example", NOW, 0);
        var tried =
                new MessageRow.Entry(A, entry("a.example", NOW, 3, 4).recipients(), 2, NOW, true);
        index.write(List.of(added(row(5, first, tried))));
        assertThat(index.due(A, Optional.empty(), NOW, 10))
                .containsExactly(new DueRow(NOW, id(5), 3));
        index.write(List.of(changed(row(5, first, tried), row(5, tried))));
        assertThat(index.due(A, Optional.empty(), NOW, 10))
                .containsExactly(new DueRow(NOW, id(5), 2));
        assertThat(index.queue(A)).contains(new QueueRow(A, 1, 2, Optional.of(NOW)));
    }

    @Test
    void due_goesOnBehindTheCursor_inOrderOfTimeThenId() throws IOException {
        Instant early = Instant.EPOCH.minusSeconds(1);
        index.write(
                List.of(
                        added(row(9, entry("a.example", NOW, 0))),
                        added(row(2, entry("a.example", LATER, 0))),
                        added(row(3, entry("a.example", NOW, 0))),
                        added(row(1, entry("b.example", NOW, 0))),
                        added(row(4, entry("a.example", early, 0)))));
        var expected =
                List.of(
                        new DueRow(early, id(4), 1),
                        new DueRow(NOW, id(3), 1),
                        new DueRow(NOW, id(9), 1),
                        new DueRow(LATER, id(2), 1));
        assertThat(index.due(A, Optional.empty(), Instant.MAX, 10)).isEqualTo(expected);
        assertThat(index.due(A, Optional.empty(), LATER.minusNanos(1000), 10))
                .isEqualTo(expected.subList(0, 3));
        assertThat(index.due(A, Optional.empty(), Instant.MIN, 10)).isEmpty();
        assertThat(index.due(A, Optional.empty(), Instant.MAX, 0)).isEmpty();
        for (int i = 0; i < 3; i++) {
            Optional<DueRow> cursor = Optional.of(expected.get(i));
            assertThat(index.due(A, cursor, LATER, 1)).containsExactly(expected.get(i + 1));
            assertThat(index.nextDue(A, cursor)).contains(expected.get(i + 1).dueAt());
        }
        assertThat(index.due(A, Optional.of(expected.get(3)), Instant.MAX, 1)).isEmpty();
    }

    @Test
    void pages_goOnBehindTheLast() throws IOException {
        for (int i = 0; i < 7; i++) {
            index.write(List.of(added(row(i, 4, entry("d" + i + ".example", NOW, 0)))));
        }
        List<MessageRow> messages = new ArrayList<>();
        List<Wake> wakes = new ArrayList<>();
        List<QueueRow> queues = new ArrayList<>();
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            messages.addAll(index.messages(last(messages).map(MessageRow::id), 1));
            wakes.addAll(index.wakes(last(wakes), NOW, 1));
            queues.addAll(index.queues(last(queues).map(QueueRow::name), 1));
            index.inSegment(4, last(ids).map(IndexFixtures::id), 1)
                    .forEach(id -> ids.add(id.value()));
        }
        assertThat(messages).isEqualTo(index.messages(Optional.empty(), 99)).hasSize(7);
        assertThat(wakes).isEqualTo(index.wakes(Optional.empty(), NOW, 99)).hasSize(7);
        assertThat(queues).isEqualTo(index.queues(Optional.empty(), 99)).hasSize(7);
        assertThat(ids).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L);
        assertThat(index.messages(Optional.of(id(6)), 1)).isEmpty();
        assertThat(index.inSegment(4, Optional.of(id(6)), 1)).isEmpty();
    }

    private static <T> Optional<T> last(List<T> list) {
        return list.isEmpty() ? Optional.empty() : Optional.of(list.getLast());
    }

    @Test
    void wake_movesEarlierByItself_andLaterOnlyWhenTold() throws IOException {
        MessageRow late = row(1, entry("a.example", LATER, 0));
        MessageRow early = row(2, entry("a.example", NOW, 0));
        index.write(List.of(added(late)));
        index.write(List.of(added(early)));
        assertThat(wakes()).containsExactly(new Wake(NOW, A));
        index.write(List.of(removed(early)));
        assertThat(wakes()).containsExactly(new Wake(NOW, A));
        index.wakeAt(A, Optional.of(LATER.plusSeconds(9)));
        assertThat(wakes()).containsExactly(new Wake(LATER.plusSeconds(9), A));
        index.wakeAt(A, Optional.empty());
        assertThat(wakes()).isEmpty();
        assertThat(index.queue(A)).contains(new QueueRow(A, 1, 1, Optional.empty()));
        index.write(List.of(added(row(3, entry("a.example", LATER.plusSeconds(1), 0)))));
        assertThat(wakes()).containsExactly(new Wake(LATER.plusSeconds(1), A));
    }

    @Test
    void onlyMessageMovesLater_wakeStays() throws IOException {
        MessageRow row = row(1, entry("a.example", NOW, 0));
        index.write(List.of(added(row)));
        index.write(List.of(changed(row, row(1, entry("a.example", LATER, 0)))));
        assertThat(index.nextDue(A, Optional.empty())).contains(LATER);
        assertThat(wakes()).containsExactly(new Wake(NOW, A));
    }

    @Test
    void wakeAt_queueWithoutRows_isNothing() throws IOException {
        index.wakeAt(A, Optional.of(NOW));
        assertThat(wakes()).isEmpty();
        assertThat(index.queue(A)).isEmpty();
    }

    private List<Wake> wakes() throws IOException {
        return index.wakes(Optional.empty(), Instant.MAX, 10);
    }

    @Test
    void segments_addUpFrames_andFollowACopy() throws IOException {
        var old =
                new MessageRow(
                        id(1),
                        9,
                        1,
                        List.of(new FramePlace(1, 0, 100), new FramePlace(2, 0, 50)),
                        List.of(new FramePlace(2, 50, 7)),
                        new FramePlace(2, 57, 3),
                        List.of(entry("a.example", NOW, 0)));
        MessageRow copy = row(1, 8, entry("a.example", NOW, 0));
        index.write(List.of(added(old), added(row(2, 2, entry("a.example", NOW, 0)))));
        assertThat(index.segments()).containsExactly(1L, 2L);
        assertThat(index.inSegment(2, Optional.empty(), 9)).containsExactly(id(1), id(2));
        try (var census = new SegmentCensus(index)) {
            index.write(List.of(changed(old, copy)));
            assertThat(census.sum()).containsEntry(1L, 100L).containsEntry(2L, 1260L).hasSize(2);
        }
        assertThat(index.segments()).containsExactly(2L, 8L);
        try (var census = new SegmentCensus(index)) {
            assertThat(census.sum()).containsEntry(2L, 1200L).containsEntry(8L, 1200L).hasSize(2);
        }
    }

    @Test
    void beforeThatIsNotStored_isRefused_andNothingIsWritten() throws IOException {
        MessageRow row = row(1, entry("a.example", NOW, 0));
        assertThatThrownBy(() ->
                        index.write(
                                List.of(added(row(2, entry("b.example", NOW, 0))), removed(row))))
                .isInstanceOf(IllegalArgumentException.class);
        index.write(List.of(added(row)));
        assertThat(index.queues(Optional.empty(), 9))
                .containsExactly(new QueueRow(A, 1, 1, Optional.of(NOW)));
        assertThat(index.messages(Optional.empty(), 9)).containsExactly(row);
    }

    @Test
    void stats_tellOfRowsAndMemory() throws IOException {
        index.write(List.of(added(row(1, entry("a.example", NOW, 0)))));
        index.checkpoint(new byte[] {1});
        IndexStats stats = index.stats();
        assertThat(stats.messagesEstimate()).isEqualTo(1);
        assertThat(stats.diskBytes()).isBetween(1000L, 100_000L);
        assertThat(stats.memoryBytes()).isBetween(1000L, IndexSettings.MEMORY_BYTES_MIN);
        assertThat(stats.memtableBytes()).isBetween(0L, stats.memoryBytes());
        assertThat(stats.isStalled()).isFalse();
        assertThat(stats.backgroundErrors()).isZero();
    }
}
