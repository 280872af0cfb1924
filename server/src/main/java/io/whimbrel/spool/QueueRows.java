package io.whimbrel.spool;

import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.Change;
import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.index.QueueView;
import io.whimbrel.mail.QueueCount;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/// The rows of messages: brings them in line with what messages have become, and counts by them
/// what is in the queue. Thread-safe; one thread at a time writes.
///
/// A row is behind its message while that waits for the index thread. So a count is the sum of what
/// rows say and of how far the messages in memory are ahead of theirs. No row changes while these
/// are looked at, at most a microsecond for each recipient, for which the index thread waits and
/// nobody else; the rows themselves are read from a view of that moment afterwards. So each message
/// counts once, whichever way it is going, and as it is at a moment of the call.
final class QueueRows {
    private static final int PAGE = 500;

    /// A disk on which one write takes longer does not work.
    private static final Duration WRITE_MOST = Duration.ofSeconds(10);

    private final QueueIndex index;
    private final LiveMessages live;
    private final Writes writes;

    /// With it held rows say what [SpooledMessage#row] and `unwritten` tell of them. Fair, or who
    /// counts would hardly get it from the index thread. Never taken with the monitor of a message
    /// held.
    private final ReentrantLock lock = new ReentrantLock(true);

    /// Changes that messages take for written; there are some between calls after a failed write.
    private final List<Change> unwritten = new ArrayList<>();

    /// Messages that left the queue without coming into memory, and may have rows still.
    private final Set<QueueId> vanished = ConcurrentHashMap.newKeySet();

    /// Of the looks so far.
    private int lookNumber;

    /// What [QueueIndex#write] does.
    @FunctionalInterface
    interface Writes {
        void write(List<Change> changes) throws IOException;
    }

    QueueRows(QueueIndex index, LiveMessages live) {
        this(index, live, index::write);
    }

    QueueRows(QueueIndex index, LiveMessages live, Writes writes) {
        this.index = index;
        this.live = live;
        this.writes = writes;
    }

    /// Writes what `messages` have become, and what an earlier call could not write.
    void write(List<SpooledMessage> messages) throws IOException {
        lock.lock();
        try {
            for (SpooledMessage message : messages) {
                change(message).ifPresent(unwritten::add);
            }
            if (!unwritten.isEmpty()) {
                writes.write(unwritten);
                unwritten.clear();
            }
        } finally {
            lock.unlock();
        }
    }

    /// What the index must learn of a message.
    private static Optional<Change> change(SpooledMessage message) {
        synchronized (message) {
            message.noteChange(false);
            if (message.hasLeft()) {
                return Optional.empty();
            }
            Optional<MessageRow> before = message.row();
            boolean isOver = message.states().unsettled() == 0;
            if (isOver && (before.isEmpty() || message.isForgotten())) {
                message.rowIs(Optional.empty());
                return before.map(row -> new Change(message.id(), before, Optional.empty()));
            }
            Optional<MessageRow> after = Optional.of(message.toRow());
            if (after.equals(before)) {
                return Optional.empty();
            }
            message.rowIs(after);
            return Optional.of(new Change(message.id(), before, after));
        }
    }

    /// A message that is not in memory has left the queue; [#remove] is to follow.
    void vanished(QueueId id) {
        vanished.add(id);
    }

    /// Removes the row of a message that is not in memory.
    ///
    /// @return what it was
    Optional<MessageRow> remove(QueueId id) throws IOException {
        lock.lock();
        try {
            Optional<MessageRow> row = index.message(id);
            if (row.isPresent()) {
                writes.write(List.of(new Change(id, row, Optional.empty())));
            }
            vanished.remove(id);
            return row;
        } finally {
            lock.unlock();
        }
    }

    /// Counts what of each queue is in `scope`, and shows the queues that have any of it, with
    /// their wakes where they have rows. Reads a row for each queue, and where the scope is of an
    /// age one for each message of these; memory is taken for queues of messages in memory only.
    ///
    /// @throws IOException where the index cannot be read, or is not written for long
    void counts(QueueScope scope, BiConsumer<QueueCount, Optional<Instant>> viewer)
            throws IOException {
        var ahead = new Ahead(scope);
        if (scope.id().isPresent()) {
            add(scope.id().get(), ahead);
        } else {
            try (QueueView rows = look(ahead)) {
                eachQueue(rows, ahead, viewer);
            }
        }
        ahead.forEach(count -> viewer.accept(count, Optional.empty()));
    }

    private static void eachQueue(
            QueueView rows, Ahead ahead, BiConsumer<QueueCount, Optional<Instant>> viewer)
            throws IOException {
        List<QueueRow> page = rows.queues(Optional.empty(), PAGE);
        while (!page.isEmpty()) {
            for (QueueRow row : page) {
                if (ahead.isOf(row.name())) {
                    QueueCount count = ahead.take(row.name(), recipients(rows, row, ahead.scope));
                    if (count.recipients() > 0) {
                        viewer.accept(count, row.wakeAt());
                    }
                }
            }
            page = rows.queues(Optional.of(page.getLast().name()), PAGE);
        }
    }

    private static long recipients(QueueView rows, QueueRow queue, QueueScope scope)
            throws IOException {
        if (scope.isOfWholeQueues()) {
            return queue.recipients();
        }
        long sum = 0;
        List<DueRow> page = rows.due(queue.name(), Optional.empty(), PAGE);
        while (!page.isEmpty()) {
            for (DueRow row : page) {
                sum += scope.matchesMessage(row.id()) ? row.recipients() : 0;
            }
            page = rows.due(queue.name(), Optional.of(page.getLast()), PAGE);
        }
        return sum;
    }

    /// @return rows as they were while this looked
    private QueueView look(Ahead ahead) throws IOException {
        awaitLock();
        try {
            lookNumber++;
            int number = lookNumber;
            live.forEach(message -> ahead.add(message, number));
            for (Change change : unwritten) {
                // The message is ahead of `after`, and the index has `before`.
                change.after().ifPresent(row -> ahead.add(row, 1));
                change.before().ifPresent(row -> ahead.add(row, -1));
            }
            for (QueueId id : vanished) {
                if (isNowhereElse(id)) {
                    index.message(id).ifPresent(row -> ahead.add(row, -1));
                }
            }
            return index.view();
        } finally {
            lock.unlock();
        }
    }

    private void awaitLock() throws IOException {
        try {
            if (!lock.tryLock(WRITE_MOST.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException("the index cannot be written at present");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new IOException(SpoolWriter.CLOSED.text());
        }
    }

    private boolean isNowhereElse(QueueId id) {
        return live.inMemory(id).isEmpty() && !live.isSettled(id);
    }

    /// One message, by itself.
    private void add(QueueId id, Ahead ahead) throws IOException {
        Optional<SpooledMessage> known = live.inMemory(id);
        boolean isCounted = known.isPresent() && ahead.addAll(known.get());
        if (!isCounted && !live.isSettled(id) && !vanished.contains(id)) {
            index.message(id).ifPresent(row -> ahead.add(row, 1));
        }
    }

    /// What rows do not say of the queues in a scope. Confined to one thread.
    private static final class Ahead {
        private final QueueScope scope;
        private final Map<QueueName, Sum> sums = new HashMap<>();

        private static final class Sum {
            private long recipients;
            private long resting;
        }

        Ahead(QueueScope scope) {
            this.scope = scope;
        }

        boolean isOf(QueueName queue) {
            return scope.matchesQueue(queue.stream(), queue.domain());
        }

        /// What a message in memory is now, less what its row says.
        void add(SpooledMessage message, int look) {
            if (!scope.matchesMessage(message.id())) {
                return;
            }
            synchronized (message) {
                if (!message.hasLeft() && message.isNewTo(look)) {
                    addNow(message);
                    message.row().ifPresent(row -> add(row, -1));
                }
            }
        }

        /// What a message is now; false where its object is of no account any more.
        boolean addAll(SpooledMessage message) {
            synchronized (message) {
                if (!message.hasLeft() && scope.matchesMessage(message.id())) {
                    addNow(message);
                }
                return !message.hasLeft();
            }
        }

        private void addNow(SpooledMessage message) {
            message.states()
                    .forEachUnsettled(
                            message.envelope(), (queue, isHeld) -> add(queue, 1, isHeld ? 0 : 1));
        }

        /// Of what is only a row, all rests.
        void add(MessageRow row, int sign) {
            if (scope.matchesMessage(row.id())) {
                for (MessageRow.Entry entry : row.entries()) {
                    int recipients = sign * entry.recipients().size();
                    add(entry.queue(), recipients, recipients);
                }
            }
        }

        private void add(QueueName queue, int recipients, int resting) {
            if (isOf(queue)) {
                Sum sum = sums.computeIfAbsent(queue, _ -> new Sum());
                sum.recipients += recipients;
                sum.resting += resting;
            }
        }

        /// The queue as it is, where rows say that it has so many recipients.
        QueueCount take(QueueName queue, long recipients) {
            Sum sum = sums.remove(queue);
            return sum == null
                    ? new QueueCount(queue, recipients, recipients)
                    : new QueueCount(queue, recipients + sum.recipients, recipients + sum.resting);
        }

        /// The queues without rows.
        void forEach(Consumer<QueueCount> viewer) {
            sums.forEach((queue, sum) -> {
                if (sum.recipients > 0) {
                    viewer.accept(new QueueCount(queue, sum.recipients, sum.resting));
                }
            });
        }
    }
}
