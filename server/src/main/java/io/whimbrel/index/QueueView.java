package io.whimbrel.index;

import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.mail.QueueName;

import org.rocksdb.Snapshot;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Queues and what is due in them as they were when this was made, whatever is written meanwhile.
/// Confined to one thread at a time; calls are as those of [QueueIndex].
///
/// RocksDB keeps rows that were removed since until this is closed.
public final class QueueView implements AutoCloseable {
    private final QueueIndex index;
    private final Snapshot snapshot;

    QueueView(QueueIndex index) {
        this.index = index;
        snapshot = index.store().snapshot();
    }

    /// As [QueueIndex#queues].
    public List<QueueRow> queues(Optional<QueueName> after, int most) throws IOException {
        byte[] from = after.map(name -> Keys.behind(Keys.queue(name))).orElse(new byte[0]);
        return index.rows(
                Family.QUEUES, range(from, new byte[0]), most, (_, value) -> Rows.queueRow(value));
    }

    /// As [QueueIndex#due], whenever it is due.
    public List<DueRow> due(QueueName queue, Optional<DueRow> after, int most) throws IOException {
        byte[] hash = Keys.queue(queue);
        byte[] from =
                after.map(row -> Keys.behind(Keys.due(hash, Keys.micros(row.dueAt()), row.id())))
                        .orElse(hash);
        return index.rows(Family.DUE, range(from, Keys.behindAll(hash)), most, Rows::due);
    }

    private Store.Range range(byte[] from, byte[] to) {
        return new Store.Range(from, to, Optional.of(snapshot), false);
    }

    @Override
    public void close() {
        index.store().release(snapshot);
    }
}
