package io.whimbrel.spool;

import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;

import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// Which scheduled queues have to be looked at, and from where on. Confined to the index thread.
///
/// A queue of which nothing is in memory is known to the index only, by its wake row, which is
/// never later than its first due row but for a wait that the schedule asked for. A queue of which
/// rows are in memory as well is *open*: it has a cursor behind the rows that were brought, so that
/// a look neither finds them again nor walks over the tombstones of those that were delivered.
final class RestingQueues {
    private static final QueueId LAST_ID = new QueueId(Long.MAX_VALUE);

    private final QueueIndex index;
    private final ConcurrentHashMap<QueueName, Open> open = new ConcurrentHashMap<>();
    private final TreeSet<Look> looks = new TreeSet<>();

    /// Recipients in one domain that are due at one time.
    record Due(DomainName domain, Instant dueAt) {}

    /// When an open queue is looked at next.
    private record Look(Instant at, QueueName queue) implements Comparable<Look> {
        private static final Comparator<Look> ORDER =
                Comparator.comparing(Look::at)
                        .thenComparing(look -> look.queue.domain().value())
                        .thenComparing(look -> look.queue.stream().tenant())
                        .thenComparing(look -> look.queue.stream().campaign())
                        .thenComparing(look -> look.queue.stream().priority());

        @Override
        public int compareTo(Look other) {
            return ORDER.compare(this, other);
        }
    }

    /// Of one queue.
    static final class Open {
        private Optional<DueRow> cursor = Optional.empty();
        private Optional<Instant> lookAt = Optional.empty();
        private int heldRows;
        private final AtomicLong heldRecipients = new AtomicLong();

        /// The schedule knows that there is more, and will ask.
        private boolean isMore;
    }

    RestingQueues(QueueIndex index) {
        this.index = index;
    }

    boolean isOpen(QueueName queue) {
        return open.containsKey(queue);
    }

    /// Where to go on in `queue`.
    Optional<DueRow> cursor(QueueName queue) {
        Open known = open.get(queue);
        return known == null ? Optional.empty() : known.cursor;
    }

    /// Whether the schedule was told that there is more.
    boolean isMore(QueueName queue) {
        Open known = open.get(queue);
        return known != null && known.isMore;
    }

    /// When the first open queue is to be looked at.
    Optional<Instant> nextLook() {
        return looks.isEmpty() ? Optional.empty() : Optional.of(looks.first().at);
    }

    /// An open queue whose time has come; it is taken off the list.
    Optional<QueueName> pollLook(Instant now) {
        if (looks.isEmpty() || looks.first().at.isAfter(now)) {
            return Optional.empty();
        }
        QueueName queue = looks.removeFirst().queue;
        Open known = open.get(queue);
        if (known != null) {
            known.lookAt = Optional.empty();
        }
        return Optional.of(queue);
    }

    /// The rows of one message that are in memory have changed.
    void heldChanged(MailStream stream, Map<Due, Integer> before, Map<Due, Integer> after)
            throws IOException {
        if (before.equals(after)) {
            return;
        }
        for (Map.Entry<Due, Integer> row : after.entrySet()) {
            var queue = new QueueName(stream, row.getKey().domain);
            Open known = open.computeIfAbsent(queue, _ -> new Open());
            known.heldRows++;
            known.heldRecipients.addAndGet(row.getValue());
        }
        for (Map.Entry<Due, Integer> row : before.entrySet()) {
            var queue = new QueueName(stream, row.getKey().domain);
            Open known = open.get(queue);
            if (known != null) {
                known.heldRows--;
                known.heldRecipients.addAndGet(-row.getValue());
                closeIfIdle(queue, known);
            }
        }
    }

    /// Of those that have a row. Thread-safe.
    long heldRecipients(QueueName queue) {
        Open known = open.get(queue);
        return known == null ? 0 : known.heldRecipients.get();
    }

    /// A row of `queue` is not in memory, or no longer: it must be found when it is due.
    void rests(QueueName queue, Instant dueAt, QueueId id) throws IOException {
        Open known = open.get(queue);
        if (known == null) {
            Optional<QueueRow> row = index.queue(queue);
            boolean isWoken =
                    row.flatMap(QueueRow::wakeAt).filter(at -> !at.isAfter(dueAt)).isPresent();
            if (!isWoken) {
                index.wakeAt(queue, Optional.of(dueAt));
            }
            return;
        }
        if (known.cursor.filter(cursor -> !isBehind(dueAt, id, cursor)).isPresent()) {
            Instant before = dueAt.minus(1, ChronoUnit.MICROS);
            known.cursor = Optional.of(new DueRow(before, LAST_ID, 0));
        }
        if (!known.isMore && known.lookAt.filter(at -> !at.isAfter(dueAt)).isEmpty()) {
            setLook(queue, known, Optional.of(dueAt));
        }
    }

    /// Rows up to `last` were brought into memory.
    ///
    /// @param isMore the schedule will ask for those behind
    void looked(QueueName queue, Optional<DueRow> last, boolean isMore) throws IOException {
        Open known = open.get(queue);
        if (known == null && !isMore) {
            index.wakeAt(queue, index.nextDue(queue, last));
            return;
        }
        Open now = known == null ? new Open() : known;
        open.put(queue, now);
        now.cursor = last.or(() -> now.cursor);
        now.isMore = isMore;
        setLook(queue, now, isMore ? Optional.empty() : index.nextDue(queue, now.cursor));
        closeIfIdle(queue, now);
    }

    /// The schedule had no room; not asked before `at`.
    void postpone(QueueName queue, Instant at) throws IOException {
        Open known = open.get(queue);
        if (known == null) {
            index.wakeAt(queue, Optional.of(at));
        } else {
            setLook(queue, known, Optional.of(at));
        }
    }

    /// What waits for its time, or for room, is looked at from `at` on.
    void wake(QueueName queue, Instant at) throws IOException {
        Open known = open.get(queue);
        if (known == null) {
            index.wakeAt(queue, Optional.of(at));
        } else if (!known.isMore) {
            known.cursor = Optional.empty();
            setLook(queue, known, Optional.of(at));
        }
    }

    private void closeIfIdle(QueueName queue, Open known) throws IOException {
        if (known.heldRows > 0 || known.isMore) {
            return;
        }
        Optional<Instant> next =
                known.lookAt.isPresent() ? known.lookAt : index.nextDue(queue, known.cursor);
        setLook(queue, known, Optional.empty());
        open.remove(queue);
        index.wakeAt(queue, next);
    }

    private void setLook(QueueName queue, Open known, Optional<Instant> at) {
        known.lookAt.ifPresent(old -> looks.remove(new Look(old, queue)));
        known.lookAt = at;
        at.ifPresent(when -> looks.add(new Look(when, queue)));
    }

    private static boolean isBehind(Instant dueAt, QueueId id, DueRow cursor) {
        int byDue = dueAt.compareTo(cursor.dueAt());
        return byDue > 0 || (byDue == 0 && id.compareTo(cursor.id()) > 0);
    }
}
