package io.whimbrel.spool;

import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.mail.QueueId;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Predicate;

/// Brings the records of messages into the system's cache, many at a time: read one after the
/// other, each would wait for the disk by itself. Confined to the index thread.
final class ReadAhead {
    private final QueueIndex index;
    private final LiveMessages live;
    private final Executor disk;
    private final int threads;

    /// @param disk so many threads that may wait for the disk
    ReadAhead(QueueIndex index, LiveMessages live, Executor disk, int threads) {
        this.index = index;
        this.live = live;
        this.disk = disk;
        this.threads = threads;
    }

    /// Returns when all are read, but for what stays: that costs no look at the log, however much
    /// it is. What cannot be read is told to who asks for it next.
    void read(List<DueRow> rows, Predicate<QueueId> staying) {
        List<QueueId> ids = rows.stream().map(DueRow::id).filter(staying.negate()).toList();
        if (ids.size() > 1) {
            read(ids);
        }
    }

    private void read(List<QueueId> ids) {
        int share = Math.ceilDiv(ids.size(), threads);
        var over = new CountDownLatch(Math.ceilDiv(ids.size(), share));
        for (int from = 0; from < ids.size(); from += share) {
            List<QueueId> part = ids.subList(from, Math.min(ids.size(), from + share));
            try {
                disk.execute(() -> {
                    try {
                        part.forEach(this::read);
                    } finally {
                        over.countDown();
                    }
                });
            } catch (RejectedExecutionException _) {
                // The spool closes.
                over.countDown();
            }
        }
        try {
            over.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void read(QueueId id) {
        try {
            Optional<MessageRow> row =
                    live.inMemory(id).isPresent() ? Optional.empty() : index.message(id);
            if (row.isPresent()) {
                live.place(row.get().accepted()).read();
            }
        } catch (IOException | IllegalStateException _) {
            // Told when the message is brought, where it is so still.
        }
    }
}
