package io.whimbrel.spool;

import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.log.Position;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
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
    private final ConcurrentHashMap<QueueName, Open> open = new ConcurrentHashMap<>();
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
        private final AtomicLong heldRecipients = new AtomicLong();

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
    void heldChanged(Map<Due, Integer> before, Map<Due, Integer> after, Instant now)
            throws IOException {
        if (before.equals(after)) {
            return;
        }
        for (Map.Entry<Due, Integer> row : after.entrySet()) {
            Open known = open(row.getKey().queue);
            known.heldRows++;
            known.heldRecipients.addAndGet(row.getValue());
        }
        for (Map.Entry<Due, Integer> row : before.entrySet()) {
            Open known = open.get(row.getKey().queue);
            if (known != null) {
                known.heldRows--;
                known.heldRecipients.addAndGet(-row.getValue());
                closeIfIdle(row.getKey().queue, known, now);
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

    /// What rests, for people: a look at what moves, a page of the index at a time. Thread-safe.
    static final class Census {
        private static final int PAGE = 500;

        /// Recipients of all messages that one look brings into memory, settled ones included.
        static final int RECIPIENTS_MOST = 200_000;

        private static final Comparator<QueueRow> BY_WAKE =
                Comparator.comparing(queue -> queue.wakeAt().orElse(Indexer.FAR));

        private final QueueIndex index;
        private final LiveMessages live;
        private final RestingQueues resting;

        Census(QueueIndex index, LiveMessages live, RestingQueues resting) {
            this.index = index;
            this.live = live;
            this.resting = resting;
        }

        /// Shows the queues in which something in `scope` rests, with its recipients.
        void counts(QueueScope scope, Consumer<QueueRow> viewer) throws IOException {
            Optional<QueueName> after = Optional.empty();
            List<QueueRow> page = index.queues(after, PAGE);
            while (!page.isEmpty()) {
                for (QueueRow row : page) {
                    boolean isMeant = scope.matchesQueue(row.name().stream(), row.name().domain());
                    long recipients = isMeant ? recipients(scope, row) : 0;
                    if (recipients > 0) {
                        viewer.accept(
                                new QueueRow(row.name(), row.rows(), recipients, row.wakeAt()));
                    }
                }
                after = Optional.of(page.getLast().name());
                page = index.queues(after, PAGE);
            }
        }

        private long recipients(QueueScope scope, QueueRow queue) throws IOException {
            if (scope.isOfWholeQueues()) {
                return queue.recipients() - resting.heldRecipients(queue.name());
            }
            long[] sum = {0};
            var inMemory = new HashSet<QueueId>();
            eachRow(
                    queue.name(),
                    row -> {
                        if (scope.matchesMessage(row.id())) {
                            sum[0] += recipients(queue.name(), row, inMemory);
                        }
                        return true;
                    });
            return sum[0];
        }

        /// @param seen messages in memory that were counted, with all their rows of this queue
        private long recipients(QueueName queue, DueRow row, Set<QueueId> seen) {
            Optional<SpooledMessage> known = live.inMemory(row.id());
            if (known.isEmpty()) {
                return live.isSettled(row.id()) ? 0 : row.recipients();
            }
            return seen.add(row.id()) ? recipients(resting(known.get(), queue)) : 0;
        }

        private static long recipients(List<RecoveredMessage.Waiting> groups) {
            return groups.stream().mapToLong(group -> group.recipients().size()).sum();
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
            for (QueueRow queue : first(scope, most)) {
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
        private List<QueueRow> first(QueueScope scope, int most) throws IOException {
            var latestFirst = new PriorityQueue<QueueRow>(BY_WAKE.reversed());
            counts(
                    scope,
                    queue -> {
                        latestFirst.add(queue);
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
