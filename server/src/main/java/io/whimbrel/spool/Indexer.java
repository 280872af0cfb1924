package io.whimbrel.spool;

import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.Change;
import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.index.QueueIndex.Wake;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/// Keeps the index in step with what the writer applied, and brings mail back into memory when it
/// is due. Confined to its thread, but for what is said to be thread-safe.
///
/// Rows follow the log: what is not durable there is never in a row. A message gets a row when a
/// recipient of it rests, or when it is older than the next checkpoint; so mail that is delivered
/// at once never touches the index.
final class Indexer implements LiveMessages.Changes {
    /// Messages in one write to the index.
    private static final int BATCH_MOST = 500;

    /// Queues looked at in one round, so that changes are not kept waiting.
    private static final int LOOKS_MOST = 200;

    private static final int WAKES_AT_ONCE = 1000;

    /// Mail is brought into memory so much before it is due.
    static final Duration AHEAD = Duration.ofSeconds(10);

    /// Behind every due time.
    private static final Instant FAR = Instant.parse("9999-01-01T00:00:00Z");

    private static final Duration BETWEEN_SCANS = Duration.ofMillis(200);

    private final QueueIndex index;
    private final LiveMessages live;
    private final InstantSource clock;
    private volatile Damage damage = (_, _) -> {};
    private final RestingQueues resting;
    private final ConcurrentLinkedQueue<SpooledMessage> changed = new ConcurrentLinkedQueue<>();
    private final AtomicInteger changedCount = new AtomicInteger();
    private final ConcurrentLinkedQueue<Request> requests = new ConcurrentLinkedQueue<>();
    private final List<Change> unwritten = new ArrayList<>();
    private final ArrayDeque<Pass> passes = new ArrayDeque<>();
    private Optional<Waking> waking = Optional.empty();
    private Instant nextScan = Instant.MIN;

    /// What others ask of the index thread.
    private sealed interface Request {
        record Start(Waking whom) implements Request {}

        record Wanted(QueueName queue, int most) implements Request {}

        record WakeAll(QueueScope scope) implements Request {}

        record RetryAll(QueueScope scope, Instant at) implements Request {}

        record Stragglers(SpoolSegment segment, int most, Queue<SpooledMessage> answer)
                implements Request {}

        record Forget(QueueId id) implements Request {}

        record TakeAll(QueueScope scope, int most, Queue<List<RecoveredMessage>> answer)
                implements Request {}
    }

    /// A walk over all queues in a scope, a page at a time.
    private static final class Pass {
        private final QueueScope scope;

        /// Where it is no retry: wake only.
        private final Optional<Instant> retryAt;

        private Optional<QueueName> after = Optional.empty();

        Pass(QueueScope scope, Optional<Instant> retryAt) {
            this.scope = scope;
            this.retryAt = retryAt;
        }
    }

    /// Who takes a message out of the queue that cannot be read.
    interface Damage {
        void found(MessageRow row, DamagedRecord why);
    }

    Indexer(QueueIndex index, LiveMessages live, InstantSource clock) {
        this.index = index;
        this.live = live;
        this.clock = clock;
        this.resting = new RestingQueues(index);
    }

    /// From now on `whom` is told of messages that cannot be read.
    void tell(Damage whom) {
        damage = whom;
    }

    /// Thread-safe.
    @Override
    public void changed(SpooledMessage message) {
        synchronized (message) {
            if (message.isChangeNoted()) {
                return;
            }
            message.noteChange(true);
        }
        changed.add(message);
        changedCount.incrementAndGet();
    }

    /// Thread-safe.
    @Override
    public void retryNow(QueueScope scope, Instant at) {
        requests.add(new Request.RetryAll(scope, at));
    }

    /// A message that is not in memory was taken out of the queue. Thread-safe.
    @Override
    public void quarantined(QueueId id) {
        requests.add(new Request.Forget(id));
    }

    /// A message that the index knows cannot be read. Thread-safe.
    void damaged(SpooledMessage message, DamagedRecord why) {
        message.row().ifPresent(row -> damage.found(row, why));
    }

    /// From now on mail that is due is brought to `whom`. Thread-safe.
    void start(Waking whom) {
        requests.add(new Request.Start(whom));
    }

    /// Thread-safe.
    void wanted(QueueName queue, int most) {
        requests.add(new Request.Wanted(queue, most));
    }

    /// Thread-safe.
    void wake(QueueScope scope) {
        requests.add(new Request.WakeAll(scope));
    }

    /// Asks for messages that need `segment`, to be copied: they stay in memory until the writer
    /// says that the copy ends. Thread-safe.
    ///
    /// @param answer gets them, at most `most`
    void stragglers(SpoolSegment segment, int most, Queue<SpooledMessage> answer) {
        requests.add(new Request.Stragglers(segment, most, answer));
    }

    /// Asks for messages of which something in `scope` rests; it is held from then on. Thread-safe.
    ///
    /// @param answer gets one list, of at most `most` messages; empty where nothing rests
    void takeAll(QueueScope scope, int most, Queue<List<RecoveredMessage>> answer) {
        requests.add(new Request.TakeAll(scope, most, answer));
    }

    /// Recipients that rest, by queue. Thread-safe; a look at what moves.
    List<RestingQueue> resting(QueueScope scope) throws IOException {
        var found = new ArrayList<RestingQueue>();
        Optional<QueueName> after = Optional.empty();
        List<QueueRow> page = index.queues(after, BATCH_MOST);
        while (!page.isEmpty()) {
            for (QueueRow row : page) {
                long recipients = row.recipients() - resting.heldRecipients(row.name());
                if (recipients > 0 && isIn(scope, row.name())) {
                    found.add(new RestingQueue(row.name(), recipients, row.wakeAt().orElse(FAR)));
                }
            }
            after = Optional.of(page.getLast().name());
            page = index.queues(after, BATCH_MOST);
        }
        return found;
    }

    /// Some messages of which something in `scope` rests, about the oldest due first. Thread-safe.
    List<RecoveredMessage> some(QueueScope scope, int most) throws IOException {
        var some = new ArrayList<RecoveredMessage>();
        if (scope.id().isPresent()) {
            Optional<SpooledMessage> found = live.message(scope.id().get(), Position.START);
            for (QueueName queue : found.map(Indexer::queuesOf).orElse(Set.of())) {
                if (isIn(scope, queue)) {
                    addResting(queue, scope.id().get(), some);
                }
            }
            return some;
        }
        List<RestingQueue> queues = resting(scope);
        queues.sort(Comparator.comparing(RestingQueue::lookedAt));
        for (RestingQueue queue : queues) {
            int left = most - some.size();
            if (left <= 0) {
                return some;
            }
            for (DueRow row : index.due(queue.name(), Optional.empty(), FAR, left)) {
                addResting(queue.name(), row.id(), some);
            }
        }
        return some;
    }

    private void addResting(QueueName queue, QueueId id, List<RecoveredMessage> some) {
        Optional<SpooledMessage> found = live.message(id, Position.START);
        if (found.isEmpty()) {
            return;
        }
        List<RecoveredMessage.Waiting> waiting;
        synchronized (found.get()) {
            waiting = found.get().states().resting(found.get().envelope(), queue.domain(), FAR);
        }
        if (!waiting.isEmpty()) {
            some.add(new RecoveredMessage(found.get(), waiting));
        }
    }

    /// How many messages wait for the index thread. Thread-safe.
    int backlog() {
        return changedCount.get();
    }

    /// Whether a walk is under way that a checkpoint must not overtake.
    boolean isWalking() {
        return !passes.isEmpty() || !requests.isEmpty();
    }

    /// One round.
    ///
    /// @return whether there was anything to do
    boolean step() throws IOException {
        boolean worked = writeChanges(BATCH_MOST);
        worked |= answerRequests();
        if (waking.isPresent()) {
            worked |= look(clock.instant());
        }
        return worked;
    }

    /// Does all that was asked for, walks included: for recovery, which goes on only then.
    void finish() throws IOException {
        writeAll();
        boolean isMore = true;
        while (isMore) {
            isMore = answerRequests();
        }
        writeAll();
    }

    /// Writes every change noted so far.
    void writeAll() throws IOException {
        boolean isMore = true;
        while (isMore) {
            isMore = writeChanges(BATCH_MOST);
        }
    }

    /// Notes all that a recovery from `position` would not read and that has no row yet.
    void noteOlderThan(Position position) {
        for (SpooledMessage message : live.inMemory()) {
            boolean isOlder = message.location().accepted().start().compareTo(position) < 0;
            if (isOlder && message.row().isEmpty()) {
                changed(message);
            }
        }
    }

    private boolean writeChanges(int most) throws IOException {
        var looked = new ArrayList<SpooledMessage>();
        for (int i = 0; i < most; i++) {
            SpooledMessage message = changed.poll();
            if (message == null) {
                break;
            }
            changedCount.decrementAndGet();
            looked.add(message);
            change(message).ifPresent(unwritten::add);
        }
        if (!unwritten.isEmpty()) {
            try {
                index.write(unwritten);
            } catch (IOException e) {
                // The rows are tried again with the next change; until then nobody lets go.
                looked.forEach(this::changed);
                throw e;
            }
            unwritten.clear();
        }
        for (SpooledMessage message : looked) {
            follow(message);
        }
        return !looked.isEmpty();
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

    /// Its rows are as it is: sees to it that those that rest are found, and lets go of the object
    /// where nobody holds it.
    private void follow(SpooledMessage message) throws IOException {
        Map<RestingQueues.Due, Integer> held;
        Map<RestingQueues.Due, Integer> rest;
        boolean isGone;
        synchronized (message) {
            if (message.isChangeNoted() || message.hasLeft()) {
                // It comes again, or another object has taken its place.
                return;
            }
            boolean isOver = message.states().unsettled() == 0;
            held = message.states().dues(message.envelope(), true);
            rest = message.states().dues(message.envelope(), false);
            isGone = isOver && message.row().isEmpty();
            if (!isOver && held.isEmpty() && !message.isBeingCopied()) {
                live.leaveToIndex(message);
            }
        }
        var stream = message.envelope().stream();
        resting.heldChanged(stream, message.heldRows(), held);
        message.heldRowsAre(held);
        for (RestingQueues.Due due : rest.keySet()) {
            resting.rests(new QueueName(stream, due.domain()), due.dueAt(), message.id());
        }
        if (isGone && message.isForgotten()) {
            live.gone(message);
        }
    }

    private boolean answerRequests() throws IOException {
        boolean worked = false;
        for (Request request = requests.poll(); request != null; request = requests.poll()) {
            worked = true;
            switch (request) {
                case Request.Start(Waking whom) -> waking = Optional.of(whom);
                case Request.Wanted(QueueName queue, int most) -> bring(queue, most);
                case Request.WakeAll(QueueScope scope) ->
                        passes.add(new Pass(scope, Optional.empty()));
                case Request.RetryAll(QueueScope scope, Instant at) ->
                        passes.add(new Pass(scope, Optional.of(at)));
                case Request.Forget(QueueId id) -> forget(id);
                case Request.TakeAll(QueueScope scope, int most, var answer) ->
                        answer.add(takeAll(scope, most));
                case Request.Stragglers(SpoolSegment segment, int most, var answer) -> {
                    writeAll();
                    findStragglers(segment, most, answer);
                }
            }
        }
        if (!passes.isEmpty() && !walk(passes.getFirst())) {
            passes.removeFirst();
        }
        return worked || !passes.isEmpty();
    }

    /// Queues whose time has come, oldest first.
    private boolean look(Instant now) throws IOException {
        int looks = 0;
        Optional<QueueName> open = resting.pollLook(now.plus(AHEAD));
        while (open.isPresent()) {
            lookAt(open.get(), now);
            looks++;
            open = looks < LOOKS_MOST ? resting.pollLook(now.plus(AHEAD)) : Optional.empty();
        }
        if (nextScan.isAfter(now)) {
            return looks > 0;
        }
        Optional<Wake> last = Optional.empty();
        List<Wake> wakes = index.wakes(last, now.plus(AHEAD), WAKES_AT_ONCE);
        while (!wakes.isEmpty() && looks < LOOKS_MOST) {
            for (Wake wake : wakes) {
                if (!resting.isOpen(wake.queue()) && looks < LOOKS_MOST) {
                    lookAt(wake.queue(), now);
                    looks++;
                }
            }
            last = Optional.of(wakes.getLast());
            wakes = index.wakes(last, now.plus(AHEAD), WAKES_AT_ONCE);
        }
        if (looks < LOOKS_MOST) {
            nextScan = now.plus(BETWEEN_SCANS);
        }
        return looks > 0;
    }

    private void lookAt(QueueName queue, Instant now) throws IOException {
        switch (waking.orElseThrow().room(queue)) {
            case Waking.Room.Take(int most) -> bring(queue, most);
            case Waking.Room.Later(Duration pause) ->
                    // Never within AHEAD, or it would be asked again at once.
                    resting.postpone(queue, now.plus(pause).plus(AHEAD));
        }
    }

    private void bring(QueueName queue, int most) throws IOException {
        Instant limit = clock.instant().plus(AHEAD);
        List<DueRow> rows = index.due(queue, resting.cursor(queue), limit, most);
        var messages = new ArrayList<RecoveredMessage>(rows.size());
        for (DueRow row : rows) {
            hold(queue, row.id(), limit).ifPresent(messages::add);
        }
        Optional<DueRow> last = rows.isEmpty() ? Optional.empty() : Optional.of(rows.getLast());
        boolean isMore =
                rows.size() == most
                        && index.nextDue(queue, last)
                                .filter(due -> !due.isAfter(limit))
                                .isPresent();
        resting.looked(queue, last, isMore);
        waking.orElseThrow().due(queue, messages, isMore);
    }

    /// Takes into memory what of a message rests in `queue` and is due by `limit`.
    private Optional<RecoveredMessage> hold(QueueName queue, QueueId id, Instant limit)
            throws IOException {
        Optional<SpooledMessage> found = find(id);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        SpooledMessage message = found.get();
        List<RecoveredMessage.Waiting> waiting;
        Map<RestingQueues.Due, Integer> held;
        synchronized (message) {
            waiting = message.states().hold(message.envelope(), queue.domain(), limit);
            held = message.states().dues(message.envelope(), true);
        }
        resting.heldChanged(message.envelope().stream(), message.heldRows(), held);
        message.heldRowsAre(held);
        if (waiting.isEmpty()) {
            // It was brought for nothing.
            changed(message);
            return Optional.empty();
        }
        return Optional.of(new RecoveredMessage(message, waiting));
    }

    /// A message in the queue, in memory from here on.
    private Optional<SpooledMessage> find(QueueId id) throws IOException {
        try {
            return live.bring(id);
        } catch (DamagedRecord e) {
            Optional<MessageRow> row = index.message(id);
            row.ifPresent(known -> damage.found(known, e));
            return Optional.empty();
        }
    }

    private List<RecoveredMessage> takeAll(QueueScope scope, int most) throws IOException {
        writeAll();
        var taken = new ArrayList<RecoveredMessage>();
        if (scope.id().isPresent()) {
            Optional<SpooledMessage> found = find(scope.id().get());
            for (QueueName queue : found.map(Indexer::queuesOf).orElse(Set.of())) {
                if (isIn(scope, queue)) {
                    hold(queue, scope.id().get(), FAR).ifPresent(taken::add);
                }
            }
            return taken;
        }
        for (RestingQueue queue : resting(scope)) {
            for (DueRow row : index.due(queue.name(), Optional.empty(), FAR, most)) {
                hold(queue.name(), row.id(), FAR).ifPresent(taken::add);
            }
            if (taken.size() >= most) {
                return taken;
            }
        }
        return taken;
    }

    private static Set<QueueName> queuesOf(SpooledMessage message) {
        var queues = new HashSet<QueueName>();
        for (Recipient recipient : message.envelope().recipients()) {
            queues.add(new QueueName(message.envelope().stream(), recipient.path().domain()));
        }
        return queues;
    }

    private void findStragglers(SpoolSegment segment, int most, Queue<SpooledMessage> answer)
            throws IOException {
        for (QueueId id : index.inSegment(segment.sequence(), Optional.empty(), most)) {
            Optional<SpooledMessage> found = find(id);
            if (found.isPresent()) {
                synchronized (found.get()) {
                    found.get().copyBegins(true);
                }
                answer.add(found.get());
            }
        }
    }

    private void forget(QueueId id) throws IOException {
        Optional<MessageRow> row = index.message(id);
        if (row.isPresent()) {
            index.write(List.of(new Change(id, row, Optional.empty())));
            live.unpin(row.get());
        }
    }

    /// One page of a walk.
    ///
    /// @return whether there is more
    private boolean walk(Pass pass) throws IOException {
        List<QueueRow> page = index.queues(pass.after, BATCH_MOST);
        for (QueueRow row : page) {
            QueueName name = row.name();
            pass.after = Optional.of(name);
            if (isIn(pass.scope, name)) {
                if (pass.retryAt.isPresent()) {
                    retryNow(pass.scope, name, pass.retryAt.get());
                }
                resting.wake(name, clock.instant());
            }
        }
        return page.size() == BATCH_MOST;
    }

    private static boolean isIn(QueueScope scope, QueueName queue) {
        return (scope.domain().isEmpty() || scope.domain().get().equals(queue.domain()))
                && (scope.tenant().isEmpty()
                        || scope.tenant().get().equals(queue.stream().tenant()))
                && (scope.campaign().isEmpty()
                        || scope.campaign().get().equals(queue.stream().campaign()));
    }

    private void retryNow(QueueScope scope, QueueName queue, Instant at) throws IOException {
        Optional<DueRow> after = Optional.of(new DueRow(at, new QueueId(Long.MAX_VALUE), 0));
        List<DueRow> rows = index.due(queue, after, FAR, BATCH_MOST);
        while (!rows.isEmpty()) {
            for (DueRow row : rows) {
                Optional<SpooledMessage> found = find(row.id());
                if (found.isPresent()) {
                    synchronized (found.get()) {
                        found.get().states().retryNow(found.get(), scope, at);
                    }
                    changed(found.get());
                }
            }
            writeAll();
            after = Optional.of(rows.getLast());
            rows = index.due(queue, after, FAR, BATCH_MOST);
        }
    }
}
