package io.whimbrel.spool;

import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.Wake;
import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.log.SpoolSegment.DamagedRecord;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/// Keeps the index in step with what the writer applied, and brings mail back into memory when it
/// is due. Confined to its thread, but for what is said to be thread-safe.
///
/// Rows follow the log: what is not durable there is never in a row. A message gets a row when a
/// recipient of it rests, or when it is older than the next checkpoint; so mail that is delivered
/// at once never touches the index.
final class Indexer implements LiveMessages.Changes {
    private static final Logger LOG = LoggerFactory.getLogger(Indexer.class);

    /// In one write to the index, by weight; but one message.
    private static final int BATCH_MOST = 500;

    /// Queues looked at in one round, so that changes are not kept waiting.
    private static final int LOOKS_MOST = 200;

    private static final int WAKES_AT_ONCE = 1000;

    /// Messages brought into memory in one round, for the same reason.
    private static final int BRINGS_MOST = 1000;

    /// And in a round that begins with more than [#BEHIND] changes: mail that arrives waits for
    /// them, and is refused in the end; mail that is due can wait where it is.
    private static final int BRINGS_WHEN_BEHIND = 50;

    private static final int BEHIND = 5000;

    /// More writes to the index in such a round.
    private static final int BATCHES_WHEN_BEHIND = 10;

    /// Messages brought when a queue is looked at, before the schedule asks for more: after a start
    /// thousands of queues may be due, and the last of them must not wait until the first one has
    /// all that it can take.
    private static final int FIRST_BRINGS = 20;

    /// Mail is brought into memory so much before it is due.
    static final Duration AHEAD = Duration.ofSeconds(10);

    /// Rows that stay at rest and are passed over in one look.
    private static final int PASSED_MOST = 5000;

    private static final int PAGE = 500;

    /// When memory is looked at again that was short.
    private static final Duration WHILE_TIGHT = Duration.ofSeconds(5);

    /// Behind every due time.
    static final Instant FAR = Instant.parse("9999-01-01T00:00:00Z");

    private static final Duration BETWEEN_SCANS = Duration.ofMillis(200);

    /// So that scans over the rows of open queues stay a small part of the time.
    private static final Duration PER_PASSED_OVER = Duration.ofNanos(20_000);

    private final QueueIndex index;
    private final LiveMessages live;
    private final InstantSource clock;
    private volatile Damage damage = (_, _) -> {};
    private final RestingQueues resting;
    private final RestingQueues.Census census;
    private final NotedChanges changes = new NotedChanges();
    private final ConcurrentLinkedQueue<Request> requests = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Wanted> wanted = new ConcurrentLinkedQueue<>();
    private final QueueRows rows;
    private final Walks walks;

    /// What the log says has happened to rows and has not yet.
    private final AtomicInteger unfinished = new AtomicInteger();

    private Optional<Waking> waking = Optional.empty();
    private Optional<ReadAhead> readAhead = Optional.empty();
    private Instant nextScan = Instant.MIN;

    /// Where a scan of the wake rows goes on.
    private Optional<Wake> scanned = Optional.empty();

    private int passedOver;

    /// In this round.
    private int bringsLeft;

    /// What others ask of the index thread.
    private sealed interface Request {
        record Start(Waking whom) implements Request {}

        record WakeAll(QueueScope scope) implements Request {}

        record RetryAll(QueueScope scope, Instant at) implements Request {}

        record Stragglers(SpoolSegment segment, int most, Queue<SpooledMessage> answer)
                implements Request {}

        record Forget(QueueId id) implements Request {}

        record Written(Queue<Boolean> answer) implements Request {}
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
        this.rows = new QueueRows(index, live);
        this.census = new RestingQueues.Census(index, live, rows);
        this.walks = new Walks(index, this, resting);
    }

    /// From now on `whom` is told of messages that cannot be read.
    void tell(Damage whom) {
        damage = whom;
    }

    /// Thread-safe.
    @Override
    public void changed(SpooledMessage message) {
        changes.add(message);
    }

    /// Thread-safe.
    @Override
    public void retryNow(QueueScope scope, Instant at) {
        unfinished.incrementAndGet();
        requests.add(new Request.RetryAll(scope, at));
    }

    /// A message that is not in memory was taken out of the queue. Thread-safe.
    @Override
    public void quarantined(QueueId id) {
        rows.vanished(id);
        unfinished.incrementAndGet();
        requests.add(new Request.Forget(id));
    }

    /// A message in memory cannot be read. Thread-safe.
    void damaged(SpooledMessage message, DamagedRecord why) {
        MessageRow row;
        synchronized (message) {
            row = message.toRow();
        }
        if (!row.entries().isEmpty()) {
            damage.found(row, why);
        }
    }

    /// Before the index thread runs.
    void readAheadBy(ReadAhead ahead) {
        readAhead = Optional.of(ahead);
    }

    private record Wanted(QueueName queue, int most) {}

    /// From now on mail that is due is brought to `whom`. Thread-safe.
    void start(Waking whom) {
        requests.add(new Request.Start(whom));
    }

    /// Thread-safe.
    void wanted(QueueName queue, int most) {
        wanted.add(new Wanted(queue, most));
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

    /// Answers once every change noted before is in rows. Thread-safe.
    void written(Queue<Boolean> answer) {
        requests.add(new Request.Written(answer));
    }

    /// What rests, for people. Thread-safe.
    RestingQueues.Census census() {
        return census;
    }

    /// What is in the queue, in numbers. Thread-safe.
    QueueRows rows() {
        return rows;
    }

    /// How much waits for the index thread, in entries: messages, and what many recipients weigh
    /// beside. Thread-safe.
    long backlog() {
        return changes.weight();
    }

    /// Whether rows are not yet as the log says, which a checkpoint must not overtake. Thread-safe.
    boolean isWalking() {
        return unfinished.get() > 0;
    }

    /// One round.
    ///
    /// @return whether there was anything to do
    boolean step() throws IOException {
        boolean worked = writeChanges(BATCH_MOST);
        for (int i = 0; i < BATCHES_WHEN_BEHIND && backlog() > BEHIND; i++) {
            worked |= writeChanges(BATCH_MOST);
        }
        worked |= answerRequests();
        if (waking.isPresent()) {
            int brings = backlog() > BEHIND ? BRINGS_WHEN_BEHIND : BRINGS_MOST;
            bringsLeft = brings / 2;
            worked |= look(clock.instant());
            bringsLeft += brings / 2;
            worked |= bringWanted();
        }
        return worked;
    }

    /// Does all that was asked for, walks included: for recovery, which goes on only then.
    void finish() throws IOException {
        writeAll();
        boolean isMore = true;
        while (isMore) {
            isMore = answerRequests();
            // Between the pages of a walk, so that no more than a page of it is in memory.
            writeAll();
        }
    }

    /// Writes every change noted so far.
    void writeAll() throws IOException {
        boolean isMore = true;
        while (isMore) {
            isMore = writeChanges(BATCH_MOST);
        }
    }

    /// Writes every change noted so far, and rows of all that a recovery from `position` would not
    /// read and that has none yet. Those are noted a batch at a time: noted all at once they would
    /// pass for a disk that does not keep up.
    void writeOlderThan(Position position) throws IOException {
        for (SpooledMessage message : live.inMemory()) {
            boolean isOlder = message.location().accepted().start().compareTo(position) < 0;
            if (isOlder && message.row().isEmpty()) {
                changed(message);
            }
            if (backlog() >= BATCH_MOST) {
                writeAll();
            }
        }
        writeAll();
    }

    private boolean writeChanges(int most) throws IOException {
        var looked = new ArrayList<SpooledMessage>();
        for (int weight = 0; weight < most; ) {
            Optional<SpooledMessage> message = changes.poll();
            if (message.isEmpty()) {
                break;
            }
            weight += NotedChanges.weight(message.get());
            looked.add(message.get());
        }
        try {
            rows.write(looked);
        } catch (IOException e) {
            // The rows are tried again with the next change; until then nobody lets go.
            looked.forEach(this::changed);
            throw e;
        }
        for (SpooledMessage message : looked) {
            try {
                follow(message);
            } catch (IOException e) {
                // Its rows, and those of all behind it, must be found when they are due.
                looked.subList(looked.indexOf(message), looked.size()).forEach(this::changed);
                throw e;
            }
        }
        return !looked.isEmpty();
    }

    /// Its rows are as it is: sees to it that those that rest are found, and lets go of the object
    /// where nobody holds it.
    private void follow(SpooledMessage message) throws IOException {
        Set<RestingQueues.Due> held;
        Set<RestingQueues.Due> rest;
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
        }
        // First, so that there is no moment without a wake row that finds them.
        for (RestingQueues.Due due : rest) {
            resting.rests(due.queue(), due.dueAt(), message.id());
        }
        resting.heldChanged(message.heldRows(), held, clock.instant());
        message.heldRowsAre(held);
        if (isGone && message.isForgotten()) {
            live.gone(message);
        }
        leaveIfIdle(message);
    }

    private void leaveIfIdle(SpooledMessage message) {
        synchronized (message) {
            boolean isOver = message.states().unsettled() == 0;
            boolean isUsed = message.states().isHeld() || message.isBeingCopied();
            if (!isOver && !isUsed && !message.isChangeNoted()) {
                live.leaveToIndex(message);
            }
        }
    }

    private boolean answerRequests() throws IOException {
        boolean worked = false;
        for (Request request = requests.poll(); request != null; request = requests.poll()) {
            worked = true;
            try {
                answer(request);
            } catch (IOException e) {
                // Somebody waits for it.
                requests.add(request);
                throw e;
            }
        }
        worked |= !walks.isIdle();
        if (walks.step(clock.instant())) {
            unfinished.decrementAndGet();
        }
        return worked;
    }

    private void answer(Request request) throws IOException {
        switch (request) {
            case Request.Start(Waking whom) -> waking = Optional.of(whom);
            case Request.WakeAll(QueueScope scope) -> walks.add(scope, Optional.empty());
            case Request.RetryAll(QueueScope scope, Instant at) ->
                    walks.add(scope, Optional.of(at));
            case Request.Forget(QueueId id) -> {
                rows.remove(id).ifPresent(live::unpin);
                unfinished.decrementAndGet();
            }
            case Request.Written(var answer) -> {
                writeAll();
                answer.add(true);
            }
            case Request.Stragglers(SpoolSegment segment, int most, var answer) -> {
                writeAll();
                findStragglers(segment, most, answer);
            }
        }
    }

    /// What the schedule has asked for.
    private boolean bringWanted() throws IOException {
        boolean worked = !wanted.isEmpty();
        while (!wanted.isEmpty() && bringsLeft > 0) {
            Wanted next = wanted.remove();
            if (waking.orElseThrow().isTight()) {
                putOff(next.queue);
            } else {
                bring(next.queue, next.most);
            }
        }
        return worked;
    }

    /// Queues whose time has come, oldest first.
    private boolean look(Instant now) throws IOException {
        int looks = 0;
        // Those that are not open get a part, however busy the others are.
        int reserved = bringsLeft / 2;
        while (looks < LOOKS_MOST && bringsLeft > reserved) {
            Optional<QueueName> open = resting.pollLook(now.plus(AHEAD));
            if (open.isEmpty()) {
                break;
            }
            lookAt(open.get(), now);
            looks++;
        }
        if (!nextScan.isAfter(now)) {
            looks += scan(now, LOOKS_MOST - looks);
        }
        return looks > 0;
    }

    /// Goes on with the scan of queues that are not open; where it is through, the next one begins
    /// a little later, and later still where it passed over many.
    ///
    /// @return how many queues it looked at
    private int scan(Instant now, int most) throws IOException {
        int looks = 0;
        List<Wake> wakes = index.wakes(scanned, now.plus(AHEAD), WAKES_AT_ONCE);
        while (!wakes.isEmpty()) {
            for (Wake wake : wakes) {
                if (looks >= most || bringsLeft <= 0) {
                    return looks;
                }
                scanned = Optional.of(wake);
                if (resting.isOpen(wake.queue())) {
                    passedOver++;
                } else {
                    looks++;
                    lookAt(wake.queue(), now);
                }
            }
            wakes = index.wakes(scanned, now.plus(AHEAD), WAKES_AT_ONCE);
        }
        nextScan = now.plus(BETWEEN_SCANS).plus(PER_PASSED_OVER.multipliedBy(passedOver));
        scanned = Optional.empty();
        passedOver = 0;
        return looks;
    }

    private void lookAt(QueueName queue, Instant now) throws IOException {
        switch (waking.orElseThrow().room(queue)) {
            case Waking.Room.Take(int most) -> bring(queue, Math.min(most, FIRST_BRINGS));
            case Waking.Room.Later(Duration pause) ->
                    // Never within AHEAD, or it would be asked again at once.
                    resting.postpone(queue, now.plus(pause).plus(AHEAD));
        }
    }

    /// The schedule need not ask again: the queue is looked at in a while.
    private void putOff(QueueName queue) throws IOException {
        try {
            Instant now = clock.instant();
            resting.looked(queue, Optional.empty(), false, 0, now);
            resting.postpone(queue, now.plus(WHILE_TIGHT).plus(AHEAD));
        } finally {
            waking.orElseThrow().due(queue, List.of(), false);
        }
    }

    /// @param most what may come, by weight: a message that many recipients make heavy counts as
    ///   many; but one message comes
    private void bring(QueueName queue, int most) throws IOException {
        var messages = new ArrayList<RecoveredMessage>();
        boolean isMore = true;
        try {
            isMore = hold(queue, Math.min(most, bringsLeft), messages);
        } finally {
            bringsLeft--;
            // What was taken is held, whatever went wrong since; and who asked must be answered.
            waking.orElseThrow().due(queue, messages, isMore);
        }
    }

    /// @return whether more is due
    private boolean hold(QueueName queue, int most, List<RecoveredMessage> messages)
            throws IOException {
        Instant limit = clock.instant().plus(AHEAD);
        Predicate<QueueId> staying = waking.orElseThrow().staying(queue);
        Optional<DueRow> last = Optional.empty();
        int taken = 0;
        int passed = 0;
        boolean isAtEnd = false;
        while (!isAtEnd && taken < most && passed < PASSED_MOST) {
            int page = passed == 0 ? most - taken : PAGE;
            var rows = index.due(queue, last.or(() -> resting.cursor(queue)), limit, page);
            readAhead.ifPresent(ahead -> ahead.read(rows, staying));
            for (DueRow row : rows) {
                if (taken >= most) {
                    break;
                }
                int came = staying.test(row.id()) ? 0 : hold(queue, row.id(), limit, messages);
                taken += came;
                // What cannot be read at present stays as well, and is looked at again.
                passed += came == 0 ? 1 : 0;
                last = Optional.of(row);
            }
            isAtEnd = rows.size() < page;
        }
        boolean isMore =
                last.isPresent()
                        && !(isAtEnd && taken < most)
                        && index.nextDue(queue, last)
                                .filter(due -> !due.isAfter(limit))
                                .isPresent();
        resting.looked(queue, last, isMore, passed, clock.instant());
        return isMore;
    }

    /// Takes into memory what of a message rests in `queue` and is due by `limit`.
    ///
    /// @param taken gets it
    /// @return how much more there is in memory now, in entries; 0 where it cannot be read
    private int hold(QueueName queue, QueueId id, Instant limit, List<RecoveredMessage> taken)
            throws IOException {
        boolean isThere = live.inMemory(id).isPresent();
        bringsLeft--;
        Optional<SpooledMessage> found = find(id);
        if (found.isEmpty()) {
            return 0;
        }
        SpooledMessage message = found.get();
        List<RecoveredMessage.Waiting> waiting;
        Set<RestingQueues.Due> held;
        synchronized (message) {
            // Where it has moved, its row is not yet as it is.
            boolean isOfQueue = message.envelope().stream().equals(queue.stream());
            waiting =
                    isOfQueue
                            ? message.states().hold(message.envelope(), queue.domain(), limit)
                            : List.of();
            held = message.states().dues(message.envelope(), true);
        }
        if (!waiting.isEmpty()) {
            taken.add(new RecoveredMessage(message, waiting));
        } else if (held.isEmpty()) {
            // It was brought for nothing.
            changed(message);
        }
        resting.heldChanged(message.heldRows(), held, clock.instant());
        message.heldRowsAre(held);
        return isThere ? 1 : 1 + message.weight();
    }

    /// A message in the queue, in memory from here on. Empty, and told, where the log cannot be
    /// read: one bad sector must not keep back all other mail. It is tried again when its queue is
    /// looked at anew.
    Optional<SpooledMessage> find(QueueId id) throws IOException {
        try {
            return live.bring(id);
        } catch (DamagedRecord e) {
            Optional<MessageRow> row = index.message(id);
            row.ifPresent(known -> damage.found(known, e));
            return Optional.empty();
        } catch (IOException e) {
            // Thrown again where the trouble is the index's.
            if (index.message(id).isPresent()) {
                LOG.error("message {} cannot be read at present: {}", id, e.getMessage());
            }
            return Optional.empty();
        }
    }

    private void findStragglers(SpoolSegment segment, int most, Queue<SpooledMessage> answer)
            throws IOException {
        // Those of which nothing is in the queue any more may be in front of the others.
        Optional<QueueId> after = Optional.empty();
        int count = 0;
        List<QueueId> ids = index.inSegment(segment.sequence(), after, most);
        while (!ids.isEmpty() && count < most) {
            for (QueueId id : ids) {
                Optional<SpooledMessage> found = find(id);
                if (found.isPresent()) {
                    synchronized (found.get()) {
                        found.get().copyBegins(true);
                    }
                    answer.add(found.get());
                    count++;
                }
            }
            after = Optional.of(ids.getLast());
            ids = index.inSegment(segment.sequence(), after, most);
        }
    }
}
