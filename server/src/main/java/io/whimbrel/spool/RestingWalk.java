package io.whimbrel.spool;

import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/// One walk over what rests in a scope, for work on all of it: queue by queue, and in each by due
/// time. It reads on its caller's thread, so that the index thread is not kept from mail. Confined
/// to one thread.
///
/// A look at what moves: mail that comes to rest behind its back is for another walk.
public final class RestingWalk {
    private static final int QUEUES_AT_ONCE = 500;

    /// Rows looked at in one step.
    private static final int ROWS_MOST = 5000;

    private final QueueIndex index;
    private final Indexer indexer;
    private final QueueScope scope;
    private final ArrayDeque<QueueName> queues = new ArrayDeque<>();
    private Optional<QueueName> lastQueue = Optional.empty();
    private Optional<DueRow> lastRow = Optional.empty();
    private boolean areAllRead;
    private boolean isAtEnd;

    RestingWalk(QueueIndex index, Indexer indexer, QueueScope scope) {
        this.index = index;
        this.indexer = indexer;
        this.scope = scope;
    }

    public boolean isAtEnd() {
        return isAtEnd;
    }

    /// The next messages, each with those of its recipients that are in the scope and rest; they
    /// stay in memory until they are settled or let go by [#leave]. May be none before the end.
    ///
    /// @param most messages
    public List<RecoveredMessage> next(int most) throws IOException {
        var found = new ArrayList<RecoveredMessage>();
        if (scope.id().isPresent()) {
            isAtEnd = true;
            add(scope.id().get(), found);
            return found;
        }
        var seen = new HashSet<QueueId>();
        int looked = 0;
        while (!isAtEnd && found.size() < most && looked < ROWS_MOST) {
            if (queues.isEmpty()) {
                looked += readQueues();
                isAtEnd = areAllRead && queues.isEmpty();
                continue;
            }
            int page = most - found.size();
            List<DueRow> rows = index.due(queues.getFirst(), lastRow, Indexer.FAR, page);
            looked += rows.size() + 1;
            for (DueRow row : rows) {
                lastRow = Optional.of(row);
                if (scope.matchesMessage(row.id()) && seen.add(row.id())) {
                    add(row.id(), found);
                }
            }
            if (rows.size() < page) {
                queues.removeFirst();
                lastRow = Optional.empty();
                isAtEnd = areAllRead && queues.isEmpty();
            }
        }
        return found;
    }

    /// Nothing more is done to these; those that rest may leave memory.
    public void leave(List<RecoveredMessage> messages) {
        messages.forEach(one -> indexer.changed(one.message()));
    }

    private int readQueues() throws IOException {
        List<QueueRow> page = index.queues(lastQueue, QUEUES_AT_ONCE);
        for (QueueRow row : page) {
            lastQueue = Optional.of(row.name());
            if (scope.matchesQueue(row.name().stream(), row.name().domain())) {
                queues.addLast(row.name());
            }
        }
        areAllRead = page.size() < QUEUES_AT_ONCE;
        return page.size();
    }

    private void add(QueueId id, List<RecoveredMessage> found) throws IOException {
        Optional<SpooledMessage> message = indexer.find(id);
        if (message.isEmpty()) {
            return;
        }
        List<RecoveredMessage.Waiting> resting;
        synchronized (message.get()) {
            resting = message.get().states().resting(message.get(), scope);
        }
        if (resting.isEmpty()) {
            indexer.changed(message.get());
        } else {
            found.add(new RecoveredMessage(message.get(), resting));
        }
    }
}
