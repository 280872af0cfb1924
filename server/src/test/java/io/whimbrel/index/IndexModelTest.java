package io.whimbrel.index;

import static io.whimbrel.index.IndexFixtures.NOW;
import static io.whimbrel.index.IndexFixtures.id;
import static io.whimbrel.index.IndexFixtures.open;
import static io.whimbrel.index.IndexFixtures.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.index.MessageRow.Entry;
import io.whimbrel.index.QueueIndex.Change;
import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.index.QueueIndex.Wake;
import io.whimbrel.log.FramePlace;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.RecipientNumbers;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/// Random changes, checkpoints and crashes, against maps that do the same in a simple way.
final class IndexModelTest {
    private static final int STEPS = Integer.getInteger("whimbrel.index.steps", 400);
    private static final int DOMAINS = 6;

    @TempDir private Path folder;
    private Model model = new Model();
    private Model checkpoint = new Model();
    private long nextId;

    /// All state: rows, and the wakes that do not follow from them.
    private static final class Model {
        final TreeMap<Long, MessageRow> rows = new TreeMap<>();
        final Map<QueueName, Instant> wakes = new HashMap<>();

        Model copy() {
            var copy = new Model();
            copy.rows.putAll(rows);
            copy.wakes.putAll(wakes);
            return copy;
        }

        Map<QueueName, List<DueRow>> due() {
            Map<QueueName, List<DueRow>> due = new HashMap<>();
            for (MessageRow row : rows.values()) {
                dueOf(row)
                        .forEach((queue, times) ->
                                times.forEach((at, recipients) ->
                                        due.computeIfAbsent(queue, _ -> new ArrayList<>())
                                                .add(new DueRow(at, row.id(), recipients))));
            }
            due.values()
                    .forEach(list ->
                            list.sort(
                                    Comparator.comparing(DueRow::dueAt).thenComparing(DueRow::id)));
            return due;
        }

        static Map<QueueName, Map<Instant, Integer>> dueOf(MessageRow row) {
            Map<QueueName, Map<Instant, Integer>> due = new HashMap<>();
            for (Entry entry : row.entries()) {
                due.computeIfAbsent(entry.queue(), _ -> new TreeMap<>())
                        .merge(entry.dueAt(), entry.recipients().size(), Integer::sum);
            }
            return due;
        }

        void apply(Change change) {
            Map<QueueName, Map<Instant, Integer>> before =
                    change.before().map(Model::dueOf).orElse(Map.of());
            change.after()
                    .map(Model::dueOf)
                    .orElse(Map.of())
                    .forEach((queue, times) ->
                            times.keySet().stream()
                                    .filter(at ->
                                            !before.getOrDefault(queue, Map.of()).containsKey(at))
                                    .forEach(at -> wakes.merge(queue, at, Model::earlier)));
            change.after()
                    .ifPresentOrElse(
                            row -> rows.put(row.id().value(), row),
                            () -> rows.remove(change.id().value()));
            wakes.keySet().retainAll(due().keySet());
        }

        private static Instant earlier(Instant a, Instant b) {
            return a.isBefore(b) ? a : b;
        }
    }

    @Test
    void randomChanges_keepRowsCountsWakesAndSegmentsExact() throws IOException {
        long seed = Long.getLong("whimbrel.seed", System.nanoTime());
        var random = new Random(seed);
        QueueIndex index = open(folder);
        try {
            for (int step = 0; step < STEPS; step++) {
                index = step(index, random);
                if (step % 5 == 0) {
                    compare(index);
                }
            }
            compare(index);
        } catch (IOException | RuntimeException | AssertionError e) {
            throw new AssertionError("-Dwhimbrel.seed=" + seed, e);
        } finally {
            index.close();
        }
    }

    private QueueIndex step(QueueIndex index, Random random) throws IOException {
        switch (random.nextInt(14)) {
            case 0 -> {
                index.checkpoint(new byte[] {(byte) random.nextInt()});
                checkpoint = model.copy();
            }
            case 1 -> {
                index.close();
                model = checkpoint.copy();
                return open(folder);
            }
            case 2, 3 -> {
                QueueName queue = queue("d" + random.nextInt(DOMAINS));
                Optional<Instant> at =
                        random.nextBoolean() ? Optional.empty() : Optional.of(time(random));
                index.wakeAt(queue, at);
                if (!model.due().containsKey(queue) || at.isEmpty()) {
                    model.wakes.remove(queue);
                } else {
                    model.wakes.put(queue, at.get());
                }
            }
            default -> index.write(changes(random));
        }
        return index;
    }

    private List<Change> changes(Random random) {
        List<Change> changes = new ArrayList<>();
        for (int i = random.nextInt(8); i >= 0; i--) {
            QueueId id;
            if (model.rows.isEmpty() || random.nextInt(3) == 0) {
                id = id(nextId++);
            } else {
                Long near = model.rows.ceilingKey(random.nextLong(nextId));
                id = id(near == null ? model.rows.firstKey() : near);
            }
            Optional<MessageRow> before = Optional.ofNullable(model.rows.get(id.value()));
            Optional<MessageRow> after =
                    before.isPresent() && random.nextInt(3) == 0
                            ? Optional.empty()
                            : Optional.of(after(id, before, random));
            var change = new Change(id, before, after);
            model.apply(change);
            changes.add(change);
        }
        return changes;
    }

    private static MessageRow after(QueueId id, Optional<MessageRow> before, Random random) {
        List<Entry> entries = new ArrayList<>();
        for (int recipient = 0; recipient <= random.nextInt(5); recipient++) {
            entries.add(
                    new Entry(
                            queue("d" + random.nextInt(DOMAINS)),
                            RecipientNumbers.of(recipient, recipient + 100),
                            random.nextInt(9),
                            time(random),
                            random.nextBoolean()));
        }
        boolean isCopied = before.isEmpty() || random.nextInt(4) == 0;
        List<FramePlace> body = new ArrayList<>();
        for (int part = random.nextInt(3); part >= 0; part--) {
            body.add(new FramePlace(random.nextInt(9), part, random.nextInt(1000)));
        }
        return new MessageRow(
                id,
                5,
                random.nextInt(200),
                isCopied ? body : before.get().body(),
                List.of(),
                isCopied ? new FramePlace(random.nextInt(9), 1, 1) : before.get().accepted(),
                entries);
    }

    private static Instant time(Random random) {
        return NOW.plusSeconds(random.nextInt(5));
    }

    private void compare(QueueIndex index) throws IOException {
        assertThat(index.messages(Optional.empty(), 10_000))
                .containsExactlyElementsOf(model.rows.values());
        Map<QueueName, List<DueRow>> due = model.due();
        for (int i = 0; i < DOMAINS; i++) {
            QueueName queue = queue("d" + i);
            List<DueRow> expected = due.getOrDefault(queue, List.of());
            assertThat(index.due(queue, Optional.empty(), Instant.MAX, 10_000)).isEqualTo(expected);
            var row =
                    new QueueRow(
                            queue,
                            expected.size(),
                            expected.stream().mapToLong(DueRow::recipients).sum(),
                            Optional.ofNullable(model.wakes.get(queue)));
            assertThat(index.queue(queue))
                    .isEqualTo(expected.isEmpty() ? Optional.empty() : Optional.of(row));
        }
        assertThat(index.queues(Optional.empty(), 100)).hasSize(due.size());
        assertThat(index.wakes(Optional.empty(), Instant.MAX, 100))
                .isSortedAccordingTo(Comparator.comparing(Wake::at))
                .hasSize(model.wakes.size())
                .allSatisfy(wake -> assertThat(model.wakes).containsEntry(wake.queue(), wake.at()));
        compareSegments(index);
    }

    private void compareSegments(QueueIndex index) throws IOException {
        Map<Long, Long> bytes = new TreeMap<>();
        Map<Long, List<QueueId>> ids = new TreeMap<>();
        for (MessageRow row : model.rows.values()) {
            List<FramePlace> frames = new ArrayList<>(row.body());
            frames.add(row.accepted());
            for (FramePlace frame : frames) {
                bytes.merge(frame.segment(), (long) frame.length(), Long::sum);
                List<QueueId> here = ids.computeIfAbsent(frame.segment(), _ -> new ArrayList<>());
                if (!here.contains(row.id())) {
                    here.add(row.id());
                }
            }
        }
        assertThat(index.segments()).containsExactlyElementsOf(ids.keySet());
        for (long segment : ids.keySet()) {
            assertThat(index.inSegment(segment, Optional.empty(), 10_000))
                    .isEqualTo(ids.get(segment));
        }
        try (var census = new SegmentCensus(index)) {
            assertThat(census.sum()).isEqualTo(bytes);
        }
    }
}
