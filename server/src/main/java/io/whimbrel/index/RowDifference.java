package io.whimbrel.index;

import io.whimbrel.index.MessageRow.Entry;
import io.whimbrel.log.FramePlace;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Writes what differs between a message's stored row and its next one, and no more: its due rows
/// and its segment rows follow from its entries and frames. Confined to the thread that writes.
final class RowDifference {
    private final Store.Batch batch;
    private final QueueTally queues;

    /// One row in the family of due mail, of one message.
    private record Due(QueueName queue, long micros) {}

    RowDifference(Store.Batch batch, QueueTally queues) {
        this.batch = batch;
        this.queues = queues;
    }

    void write(QueueIndex.Change change) throws IOException {
        if (change.before().equals(change.after())) {
            return;
        }
        byte[] key = Keys.message(change.id());
        if (change.after().isPresent()) {
            batch.put(Family.MESSAGES, key, RowCodec.encode(change.after().get()));
        } else {
            batch.delete(Family.MESSAGES, key);
        }
        due(change.id(), dueOf(change.before()), dueOf(change.after()));
        if (!haveSameFrames(change.before(), change.after())) {
            segments(change.id(), bytesOf(change.before()), bytesOf(change.after()));
        }
    }

    private void due(QueueId id, Map<Due, Integer> before, Map<Due, Integer> after)
            throws IOException {
        // Rows come before rows go: a queue whose only message moves keeps its wake.
        for (Map.Entry<Due, Integer> row : after.entrySet()) {
            Due due = row.getKey();
            int recipients = row.getValue();
            int stored = before.getOrDefault(due, 0);
            if (stored == recipients) {
                continue;
            }
            if (stored == 0) {
                queues.added(due.queue(), due.micros(), recipients);
            } else {
                queues.changed(due.queue(), recipients - stored);
            }
            batch.put(Family.DUE, key(due, id), RowCodec.encodeNumber(recipients));
        }
        for (Map.Entry<Due, Integer> row : before.entrySet()) {
            Due due = row.getKey();
            if (!after.containsKey(due)) {
                queues.removed(due.queue(), row.getValue());
                batch.delete(Family.DUE, key(due, id));
            }
        }
    }

    private byte[] key(Due due, QueueId id) throws IOException {
        return Keys.due(queues.key(due.queue()), due.micros(), id);
    }

    private void segments(QueueId id, Map<Long, Long> before, Map<Long, Long> after)
            throws IOException {
        for (Map.Entry<Long, Long> row : after.entrySet()) {
            if (!row.getValue().equals(before.get(row.getKey()))) {
                byte[] value = RowCodec.encodeNumber(row.getValue());
                batch.put(Family.SEGMENTS, Keys.segment(row.getKey(), id), value);
            }
        }
        for (long segment : before.keySet()) {
            if (!after.containsKey(segment)) {
                batch.delete(Family.SEGMENTS, Keys.segment(segment, id));
            }
        }
    }

    private static Map<Due, Integer> dueOf(Optional<MessageRow> row) {
        if (row.isEmpty()) {
            return Map.of();
        }
        Map<Due, Integer> due = new HashMap<>();
        for (Entry entry : row.get().entries()) {
            if (!entry.recipients().isEmpty()) {
                var key = new Due(entry.queue(), Keys.micros(entry.dueAt()));
                due.merge(key, entry.recipients().size(), Integer::sum);
            }
        }
        return due;
    }

    private static boolean haveSameFrames(Optional<MessageRow> before, Optional<MessageRow> after) {
        return before.isPresent()
                && after.isPresent()
                && before.get().accepted().equals(after.get().accepted())
                && before.get().body().equals(after.get().body())
                && before.get().envelope().equals(after.get().envelope());
    }

    private static Map<Long, Long> bytesOf(Optional<MessageRow> row) {
        if (row.isEmpty()) {
            return Map.of();
        }
        Map<Long, Long> bytes = new HashMap<>();
        add(bytes, List.of(row.get().accepted()));
        add(bytes, row.get().body());
        add(bytes, row.get().envelope());
        return bytes;
    }

    private static void add(Map<Long, Long> bytes, List<FramePlace> frames) {
        for (FramePlace frame : frames) {
            bytes.merge(frame.segment(), (long) frame.length(), Long::sum);
        }
    }
}
