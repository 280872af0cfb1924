package io.whimbrel.index;

import static io.whimbrel.index.RowCodec.NEVER;

import io.whimbrel.index.RowCodec.QueueValue;
import io.whimbrel.mail.QueueName;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Keeps each queue's own row, and its wake, exact while rows of messages come and go. Rows of
/// queues that were used lately are kept in memory, at most [#KEPT_MAX] (12 MB). Confined to the
/// thread that writes.
///
/// Calls between two [#store] belong to one batch; then either [#stored] or [#forget].
final class QueueTally {
    private static final int KEPT_MAX = 32_768;

    private final Store store;
    private final LinkedHashMap<QueueName, Standing> kept = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<QueueName, Standing> touched = new HashMap<>();

    /// One queue, as it is stored and as it will be.
    private static final class Standing {
        final QueueName name;
        final byte[] key;
        boolean isStored;
        long storedWake;
        long rows;
        long recipients;
        long wake;

        Standing(QueueName name, byte[] key, Optional<QueueValue> row) {
            this.name = name;
            this.key = key;
            isStored = row.isPresent();
            rows = row.map(QueueValue::rows).orElse(0L);
            recipients = row.map(QueueValue::recipients).orElse(0L);
            wake = row.map(QueueValue::wake).orElse(NEVER);
            storedWake = wake;
        }

        void markStored() {
            isStored = rows > 0;
            storedWake = wake;
        }
    }

    QueueTally(Store store) {
        this.store = store;
    }

    byte[] key(QueueName name) throws IOException {
        return standing(name).key;
    }

    /// A due row that was not there. The queue is woken for it, or earlier.
    void added(QueueName name, long dueMicros, int recipients) throws IOException {
        Standing queue = standing(name);
        queue.rows++;
        queue.recipients += recipients;
        queue.wake = Math.min(queue.wake, dueMicros);
    }

    /// A due row that stays, with so many more recipients, or fewer.
    void changed(QueueName name, int more) throws IOException {
        standing(name).recipients += more;
    }

    /// A due row that is gone. With the last one the wake goes.
    ///
    /// @throws IllegalArgumentException where the queue has no such row
    void removed(QueueName name, int recipients) throws IOException {
        Standing queue = standing(name);
        if (queue.rows == 0 || queue.recipients < recipients) {
            throw new IllegalArgumentException(
                    "queue " + name + " has no such row: `before` is not what is stored");
        }
        queue.rows--;
        queue.recipients -= recipients;
        if (queue.rows == 0) {
            queue.wake = NEVER;
        }
    }

    /// A queue without rows has no wake.
    void wake(QueueName name, long micros) throws IOException {
        Standing queue = standing(name);
        if (queue.rows > 0) {
            queue.wake = micros;
        }
    }

    /// Puts what has changed into `batch`.
    void store(Store.Batch batch) throws IOException {
        for (Standing queue : touched.values()) {
            if (queue.storedWake != queue.wake) {
                if (queue.storedWake != NEVER) {
                    batch.delete(Family.WAKE, Keys.wake(queue.storedWake, queue.key));
                }
                if (queue.wake != NEVER) {
                    byte[] key = Keys.wake(queue.wake, queue.key);
                    batch.put(Family.WAKE, key, RowCodec.encode(queue.name));
                }
            }
            if (queue.rows > 0) {
                var value = new QueueValue(queue.name, queue.rows, queue.recipients, queue.wake);
                batch.put(Family.QUEUES, queue.key, RowCodec.encode(value));
            } else if (queue.isStored) {
                batch.delete(Family.QUEUES, queue.key);
            }
        }
    }

    /// The batch was written.
    void stored() {
        touched.values().forEach(Standing::markStored);
        touched.clear();
        while (kept.size() > KEPT_MAX) {
            kept.pollFirstEntry();
        }
    }

    /// The batch was not written: nothing in memory can be trusted.
    void forget() {
        touched.clear();
        kept.clear();
    }

    private Standing standing(QueueName name) throws IOException {
        Standing used = touched.get(name);
        if (used != null) {
            return used;
        }
        Standing queue = kept.get(name);
        if (queue == null) {
            byte[] key = Keys.queue(name);
            queue = new Standing(name, key, read(key));
            kept.put(name, queue);
        }
        touched.put(name, queue);
        return queue;
    }

    private Optional<QueueValue> read(byte[] key) throws IOException {
        Optional<byte[]> row = store.get(Family.QUEUES, key);
        return row.isEmpty() ? Optional.empty() : Optional.of(Rows.queue(row.get()));
    }
}
