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
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/// Walks over all queues in a scope, to wake them or to make what rests there due, a page at a time
/// so that nobody waits for a walk over millions of rows. Confined to the index thread.
final class Walks {
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
        boolean isOver = pass.scope.id().isPresent() ? visitMessage(pass, now) : page(pass, now);
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
