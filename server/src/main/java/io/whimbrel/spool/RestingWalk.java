package io.whimbrel.spool;

import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

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

    /// Walks over all queues in a scope, to wake them or to make what rests there due, a page at a
    /// time so that nobody waits for a walk over millions of rows. Confined to the index thread.
    static final class Walks {
        private static final int ROWS_AT_ONCE = 500;

        private final QueueIndex index;
        private final Indexer indexer;
        private final RestingQueues resting;
        private final ArrayDeque<Pass> passes = new ArrayDeque<>();

        private static final class Pass {
            private final QueueScope scope;

            /// Where it is no retry: wake only.
            private final Optional<Instant> retryAt;

            private Optional<QueueName> after = Optional.empty();

            /// How far it came in the queue behind `after`, where that has more rows than a page.
            private Optional<DueRow> row = Optional.empty();

            Pass(QueueScope scope, Optional<Instant> retryAt) {
                this.scope = scope;
                this.retryAt = retryAt;
            }
        }

        Walks(QueueIndex index, Indexer indexer, RestingQueues resting) {
            this.index = index;
            this.indexer = indexer;
            this.resting = resting;
        }

        /// @param retryAt what rests is due then; empty where the queues are woken only
        void add(QueueScope scope, Optional<Instant> retryAt) {
            passes.add(new Pass(scope, retryAt));
        }

        boolean isIdle() {
            return passes.isEmpty();
        }

        /// One page.
        ///
        /// @return whether a retry came to its end
        boolean step(Instant now) throws IOException {
            if (passes.isEmpty()) {
                return false;
            }
            Pass pass = passes.getFirst();
            boolean isOver =
                    pass.scope.id().isPresent() ? visitMessage(pass, now) : page(pass, now);
            if (isOver) {
                passes.removeFirst();
            }
            return isOver && pass.retryAt.isPresent();
        }

        private boolean visitMessage(Pass pass, Instant now) throws IOException {
            Optional<SpooledMessage> found = indexer.find(pass.scope.id().orElseThrow());
            if (found.isPresent()) {
                if (pass.retryAt.isPresent()) {
                    retry(found.get(), pass);
                }
                for (QueueName queue : queuesOf(found.get())) {
                    if (isIn(pass.scope, queue)) {
                        resting.wake(queue, now);
                    }
                }
                indexer.changed(found.get());
            }
            return true;
        }

        private boolean page(Pass pass, Instant now) throws IOException {
            var page = index.queues(pass.after, ROWS_AT_ONCE);
            int left = ROWS_AT_ONCE;
            for (QueueRow row : page) {
                QueueName name = row.name();
                if (isIn(pass.scope, name)) {
                    left -= pass.retryAt.isPresent() ? retry(name, pass, left) : 1;
                    if (pass.row.isPresent()) {
                        return false;
                    }
                    resting.wake(name, now);
                }
                pass.after = Optional.of(name);
                if (left <= 0) {
                    return false;
                }
            }
            return page.size() < ROWS_AT_ONCE;
        }

        /// @return rows looked at
        private int retry(QueueName queue, Pass pass, int most) throws IOException {
            Instant at = pass.retryAt.orElseThrow();
            var behind = new DueRow(at, new QueueId(Long.MAX_VALUE), 0);
            var rows = index.due(queue, pass.row.or(() -> Optional.of(behind)), Indexer.FAR, most);
            for (DueRow row : rows) {
                Optional<SpooledMessage> found = indexer.find(row.id());
                if (found.isPresent()) {
                    retry(found.get(), pass);
                    indexer.changed(found.get());
                }
            }
            pass.row = rows.size() == most ? Optional.of(rows.getLast()) : Optional.empty();
            return rows.size() + 1;
        }

        private static void retry(SpooledMessage message, Pass pass) {
            synchronized (message) {
                message.states().retryNow(message, pass.scope, pass.retryAt.orElseThrow());
            }
        }

        static Set<QueueName> queuesOf(SpooledMessage message) {
            var queues = new HashSet<QueueName>();
            for (Recipient recipient : message.envelope().recipients()) {
                queues.add(new QueueName(message.envelope().stream(), recipient.path().domain()));
            }
            return queues;
        }

        static boolean isIn(QueueScope scope, QueueName queue) {
            return scope.matchesQueue(queue.stream(), queue.domain());
        }
    }
}
