package io.whimbrel.spool;

import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.log.Position;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/// Which scheduled queues have to be looked at, and from where on. Confined to the index thread.
///
/// A queue of which nothing is in memory is known to the index only, by its wake row, which is
/// never later than its first due row but for a wait that the schedule asked for. A queue of which
/// rows are in memory as well is *open*: it has a cursor behind the rows that were brought, so that
/// a look neither finds them again nor walks over the tombstones of those that were delivered.
final class RestingQueues {
    /// A queue stays open where a look from its beginning would pass over so many rows.
    private static final int PASSED_WORTH_A_CURSOR = 100;

    /// Rows that were passed over are looked at again after this, whatever happens.
    private static final Duration PASSED_LATER = Duration.ofMinutes(10);

    private static final QueueId LAST_ID = new QueueId(Long.MAX_VALUE);

    private final QueueIndex index;
    private final Map<QueueName, Open> open = new HashMap<>();
    private final TreeSet<Look> looks = new TreeSet<>();

    /// Recipients in one queue that are due at one time.
    record Due(QueueName queue, Instant dueAt) {}

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

        /// The schedule knows that there is more, and will ask.
        private boolean isMore;

        /// Rows in front of the cursor that are due and stay at rest.
        private int passed;
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
    void heldChanged(Set<Due> before, Set<Due> after, Instant now) throws IOException {
        if (before.equals(after)) {
            return;
        }
        for (Due row : after) {
            open(row.queue).heldRows++;
        }
        for (Due row : before) {
            Open known = open.get(row.queue);
            if (known != null) {
                known.heldRows--;
                closeIfIdle(row.queue, known, now);
            }
        }
    }

    /// The queue is open from here on. What rests in it is looked at when it would have been
    /// before.
    private Open open(QueueName queue) throws IOException {
        Open known = open.get(queue);
        if (known != null) {
            return known;
        }
        Optional<Instant> wakeAt = index.queue(queue).flatMap(QueueRow::wakeAt);
        var made = new Open();
        open.put(queue, made);
        setLook(queue, made, wakeAt);
        return made;
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
    /// @param passed how many rows among them stay at rest
    void looked(QueueName queue, Optional<DueRow> last, boolean isMore, int passed, Instant now)
            throws IOException {
        Open known = open.get(queue);
        if (known == null && !isMore && passed < PASSED_WORTH_A_CURSOR) {
            Optional<Instant> next = index.nextDue(queue, last);
            index.wakeAt(queue, passed == 0 ? next : atMost(next, now.plus(PASSED_LATER)));
            return;
        }
        Open its = known == null ? new Open() : known;
        open.put(queue, its);
        its.cursor = last.or(() -> its.cursor);
        its.isMore = isMore;
        its.passed += passed;
        setLook(queue, its, isMore ? Optional.empty() : index.nextDue(queue, its.cursor));
        closeIfIdle(queue, its, now);
    }

    private static Optional<Instant> atMost(Optional<Instant> at, Instant most) {
        return Optional.of(at.filter(most::isAfter).orElse(most));
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
            return;
        }
        if (!known.isMore || known.passed > 0) {
            known.cursor = Optional.empty();
            known.passed = 0;
        }
        if (!known.isMore) {
            setLook(queue, known, Optional.of(at));
        }
    }

    private void closeIfIdle(QueueName queue, Open known, Instant now) throws IOException {
        if (known.heldRows > 0 || known.isMore || known.passed >= PASSED_WORTH_A_CURSOR) {
            return;
        }
        Optional<Instant> next =
                known.lookAt.isPresent() ? known.lookAt : index.nextDue(queue, known.cursor);
        setLook(queue, known, Optional.empty());
        open.remove(queue);
        index.wakeAt(queue, known.passed == 0 ? next : atMost(next, now.plus(PASSED_LATER)));
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

    /// What rests, for people: a look at what moves, a page of the index at a time. Thread-safe.
    static final class Census {
        private static final int PAGE = 500;

        /// Recipients of all messages that one look brings into memory, settled ones included.
        static final int RECIPIENTS_MOST = 200_000;

        private static final Comparator<Rested> BY_WAKE = Comparator.comparing(Rested::wakeAt);

        private final QueueIndex index;
        private final LiveMessages live;
        private final QueueRows rows;

        /// A queue in which something rests.
        private record Rested(QueueName name, Instant wakeAt) {}

        Census(QueueIndex index, LiveMessages live, QueueRows rows) {
            this.index = index;
            this.live = live;
            this.rows = rows;
        }

        private static List<RecoveredMessage.Waiting> resting(
                SpooledMessage message, QueueName queue) {
            synchronized (message) {
                return message.states().resting(message.envelope(), queue.domain(), Indexer.FAR);
            }
        }

        /// Shows the rows of a queue until `isWanted` says no.
        private void eachRow(QueueName queue, Predicate<DueRow> isWanted) throws IOException {
            Optional<DueRow> after = Optional.empty();
            var page = index.due(queue, after, Indexer.FAR, PAGE);
            while (!page.isEmpty()) {
                for (DueRow row : page) {
                    if (!isWanted.test(row)) {
                        return;
                    }
                }
                after = Optional.of(page.getLast());
                page = index.due(queue, after, Indexer.FAR, PAGE);
            }
        }

        /// Some messages of which something in `scope` rests, about the oldest due first: once for
        /// each queue, at most `most`, and fewer where together they have more than
        /// [#RECIPIENTS_MOST]. A message that the scope names comes once, with all of it that
        /// rests.
        List<RecoveredMessage> some(QueueScope scope, int most) throws IOException {
            if (scope.id().isPresent()) {
                return message(scope.id().get(), scope).stream().limit(most).toList();
            }
            var some = new Some(most);
            for (Rested queue : first(scope, most)) {
                eachRow(
                        queue.name(),
                        row -> {
                            if (scope.matchesMessage(row.id())) {
                                some.add(queue.name(), row.id());
                            }
                            return !some.isFull();
                        });
                if (some.isFull()) {
                    break;
                }
            }
            return some.messages;
        }

        private Optional<RecoveredMessage> message(QueueId id, QueueScope scope) {
            Optional<SpooledMessage> found = live.message(id, Position.START);
            if (found.isEmpty()) {
                return Optional.empty();
            }
            List<RecoveredMessage.Waiting> waiting;
            synchronized (found.get()) {
                waiting = found.get().states().resting(found.get(), scope);
            }
            return waiting.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new RecoveredMessage(found.get(), waiting));
        }

        /// The queues that are looked at first, at most `most`.
        private List<Rested> first(QueueScope scope, int most) throws IOException {
            var latestFirst = new PriorityQueue<Rested>(BY_WAKE.reversed());
            rows.counts(
                    scope,
                    (count, wakeAt) -> {
                        if (count.resting() > 0) {
                            latestFirst.add(new Rested(count.queue(), wakeAt.orElse(Indexer.FAR)));
                        }
                        if (latestFirst.size() > most) {
                            latestFirst.remove();
                        }
                    });
            return latestFirst.stream().sorted(BY_WAKE).toList();
        }

        /// Collects for one call; reads each message once, for the same one may rest in a thousand
        /// queues.
        private final class Some {
            private final List<RecoveredMessage> messages = new ArrayList<>();
            private final Map<QueueId, Optional<SpooledMessage>> read = new HashMap<>();
            private final int most;

            /// Those of the queue in turn, which may have several rows of one message.
            private final Set<QueueId> inQueue = new HashSet<>();

            private Optional<QueueName> turn = Optional.empty();
            private long recipients;

            Some(int most) {
                this.most = most;
            }

            boolean isFull() {
                return messages.size() >= most || recipients >= RECIPIENTS_MOST;
            }

            void add(QueueName queue, QueueId id) {
                if (!turn.equals(Optional.of(queue))) {
                    turn = Optional.of(queue);
                    inQueue.clear();
                }
                if (!inQueue.add(id)) {
                    return;
                }
                Optional<SpooledMessage> found = read.get(id);
                if (found == null) {
                    found = live.message(id, Position.START);
                    read.put(id, found);
                    // One that cannot be read costs as well.
                    recipients += found.map(SpooledMessage::recipients).orElse(1);
                }
                found.ifPresent(message -> {
                    List<RecoveredMessage.Waiting> waiting = resting(message, queue);
                    if (!waiting.isEmpty()) {
                        messages.add(new RecoveredMessage(message, waiting));
                    }
                });
            }
        }
    }
}
