package io.whimbrel.spool;

import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.log.FramePlace;
import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.log.SpoolSegment.DamagedRecord;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/// What the log says is so: which messages are in the queue, where their records are, which
/// operator actions are in force. The writer applies each record after its sync, recovery each
/// record that it reads, both here; the rest is thread-safe where it says so.
///
/// In memory are the messages of which the schedule holds a recipient, and those that the [Indexer]
/// has not come round to; all others are rows of the index. A message that is in both is as memory
/// has it.
final class LiveMessages {
    private static final Logger LOG = LoggerFactory.getLogger(LiveMessages.class);

    private final ConcurrentHashMap<Long, SpooledMessage> live = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Long, SpoolSegment> segments = new ConcurrentHashMap<>();
    private final Set<SpooledMessage.Draft> drafts = ConcurrentHashMap.newKeySet();
    private final Departed departed = new Departed();
    private final LogMark.ActionsInForce actions = new LogMark.ActionsInForce();
    private final Map<QueueId, LogMark.JobInForce> jobs = new LinkedHashMap<>();
    private final QueueIndex index;

    /// Held while a message comes into memory from its row, or leaves it.
    private final Object door = new Object();

    private final AtomicLong weight = new AtomicLong();
    private Changes changes = Changes.NOBODY;

    /// Whom the writer tells what the index must learn. All are thread-safe.
    interface Changes {
        Changes NOBODY =
                new Changes() {
                    @Override
                    public void changed(SpooledMessage message) {}

                    @Override
                    public void retryNow(QueueScope scope, Instant at) {}

                    @Override
                    public void quarantined(QueueId id) {}
                };

        /// The message is no longer as its row has it, or need not be in memory any more.
        void changed(SpooledMessage message);

        /// What rests in `scope` is due.
        void retryNow(QueueScope scope, Instant at);

        /// A message that is not in memory is no longer in the queue.
        void quarantined(QueueId id);
    }

    LiveMessages(QueueIndex index) {
        this.index = index;
    }

    /// From here on `whom` is told.
    void tell(Changes whom) {
        changes = whom;
    }

    /// A segment belongs to the log.
    void add(SpoolSegment segment) {
        segments.put(segment.sequence(), segment);
    }

    /// A segment is reclaimed.
    void remove(SpoolSegment segment) {
        segments.remove(segment.sequence(), segment);
    }

    void accept(SpooledMessage message) {
        Optional<SpooledMessage> before =
                Optional.ofNullable(live.put(message.id().value(), message));
        weight.addAndGet(message.weight() - before.map(SpooledMessage::weight).orElse(0));
    }

    private void remove(SpooledMessage message) {
        if (live.remove(message.id().value(), message)) {
            weight.addAndGet(-message.weight());
        }
    }

    /// Of all messages in memory; see [SpooledMessage#weight]. Thread-safe.
    long weight() {
        return weight.get();
    }

    /// The message where it is in memory. Thread-safe.
    Optional<SpooledMessage> inMemory(QueueId id) {
        return Optional.ofNullable(live.get(id.value()));
    }

    /// The message, in memory from here on until the index thread finds that nobody holds it. Empty
    /// where it is not in the queue. Thread-safe.
    ///
    /// @throws IOException where the index or the log cannot be read
    Optional<SpooledMessage> bring(QueueId id) throws IOException {
        SpooledMessage known = live.get(id.value());
        if (known != null) {
            return Optional.of(known);
        }
        synchronized (door) {
            // What another thread let go of is in the row by now, and in one object at most.
            if (live.containsKey(id.value()) || departed.contains(id)) {
                return inMemory(id);
            }
            Optional<MessageRow> row = index.message(id).filter(one -> !one.entries().isEmpty());
            if (row.isEmpty()) {
                return Optional.empty();
            }
            SpooledMessage brought = read(row.get());
            accept(brought);
            return Optional.of(brought);
        }
    }

    /// Thread-safe.
    boolean isSettled(QueueId id) {
        return departed.contains(id);
    }

    /// Nobody needs the object any more; its row has all of it. The index thread's, with the
    /// monitor of the message held.
    void leaveToIndex(SpooledMessage message) {
        synchronized (door) {
            message.leave();
            remove(message);
        }
    }

    /// All that are in memory, in no order. Thread-safe.
    Iterable<SpooledMessage> inMemory() {
        return live.values();
    }

    /// Shows all in memory, then those that have left the queue and may still have rows. What
    /// leaves it meanwhile may come twice, but is not passed over. Thread-safe.
    void forEach(Consumer<SpooledMessage> viewer) {
        live.values().forEach(viewer);
        departed.forEach(viewer);
    }

    /// The message of a row, as an object of its own. Thread-safe.
    ///
    /// @throws IOException where its records are damaged, or their segment is missing
    SpooledMessage read(MessageRow row) throws IOException {
        SpooledMessage.Location location = location(row);
        LogEntry.Head head = location.head();
        if (!head.id().equals(row.id()) || head.recipients() != row.recipients()) {
            throw SpooledMessage.Location.unreadable(location.accepted());
        }
        Envelope envelope = head.envelope().orElseThrow();
        if (!row.entries().isEmpty()) {
            // It may have moved since that record.
            envelope = envelope.withStream(row.entries().getFirst().queue().stream());
        }
        var message =
                new SpooledMessage(
                        row.id(), envelope, row.size(), RecipientStates.of(row), location);
        message.rowIs(Optional.of(row));
        return message;
    }

    /// @throws IOException where a segment is missing
    SpooledMessage.Location location(MessageRow row) throws IOException {
        return new SpooledMessage.Location(
                places(row.body()), places(row.envelope()), place(row.accepted()));
    }

    /// The row is gone: what it needed of the log is needed no more. Thread-safe.
    void unpin(MessageRow row) {
        unpin(row.accepted());
        row.body().forEach(this::unpin);
        row.envelope().forEach(this::unpin);
    }

    private void unpin(FramePlace frame) {
        SpoolSegment segment = segments.get(frame.segment());
        if (segment != null) {
            segment.addPinned(-frame.length());
        }
    }

    List<SpoolSegment.Place> places(List<FramePlace> frames) throws IOException {
        var places = new ArrayList<SpoolSegment.Place>(frames.size());
        for (FramePlace frame : frames) {
            places.add(place(frame));
        }
        return List.copyOf(places);
    }

    SpoolSegment.Place place(FramePlace frame) throws DamagedRecord {
        return placeIfPresent(frame)
                .orElseThrow(() ->
                        new DamagedRecord(SpoolSegment.name(frame.segment()) + " is missing"));
    }

    Optional<SpoolSegment.Place> placeIfPresent(FramePlace frame) {
        return Optional.ofNullable(segments.get(frame.segment()))
                .map(segment -> new SpoolSegment.Place(segment, frame.offset(), frame.length()));
    }

    /// A piece of a message is in the log, the record that commits it is not yet.
    void opened(SpooledMessage.Draft draft) {
        drafts.add(draft);
    }

    void committed(SpooledMessage.Draft draft) {
        drafts.remove(draft);
    }

    /// The log as it is behind what was applied last.
    LogMark mark(SpoolSegment current, long lastId) {
        drafts.removeIf(SpooledMessage.Draft::isOver);
        return new LogMark(
                new Position(current.sequence(), current.end()),
                current.generation(),
                lastId,
                drafts.stream().map(SpooledMessage.Draft::toOpenDraft).toList(),
                actions.marks(),
                departed.marks(),
                List.copyOf(jobs.values()));
    }

    /// As [Departed#isNeededBefore].
    boolean isNeededBefore(Position position) {
        return departed.isNeededBefore(position);
    }

    /// Applies a record.
    ///
    /// @return the message it is about; empty for operator actions and notices, and for messages
    ///   that left the log long ago
    Optional<SpooledMessage> apply(SpoolRecord record, SpoolSegment.Place place) {
        return switch (record) {
            case SpoolRecord.Settled r -> {
                Optional<SpooledMessage> message =
                        change(r.id(), m -> m.states().settle(r.recipients()));
                message.ifPresent(m -> settled(m, place));
                yield message;
            }
            case SpoolRecord.Deferred r -> change(r.id(), m -> m.states().defer(r));
            case SpoolRecord.Quarantined r -> quarantine(r.id(), place);
            case SpoolRecord.Moved r -> change(r.id(), m -> m.relabel(r.stream()));
            case SpoolRecord.Operator r -> {
                applyAction(r, place.segment().sequence());
                yield Optional.empty();
            }
            case SpoolRecord.Notice _ -> Optional.empty();
            case SpoolRecord.Job r -> {
                applyJob(r, place.segment().sequence());
                yield Optional.empty();
            }
            case SpoolRecord.Accepted r -> inMemory(r.id());
        };
    }

    void applyJob(SpoolRecord.Job record, long segment) {
        if (record.stage().isEnd()) {
            jobs.remove(record.job().id());
        } else {
            jobs.put(record.job().id(), new LogMark.JobInForce(record, segment));
        }
    }

    /// Jobs that have not ended, oldest first.
    List<SpoolRecord.Job> jobs() {
        return jobs.values().stream().map(LogMark.JobInForce::record).toList();
    }

    void applyAction(SpoolRecord.Operator record, long segment) {
        actions.apply(record, segment);
        if (record.action() instanceof SpoolRecord.OperatorAction.RetryNow retry) {
            for (SpooledMessage message : live.values()) {
                synchronized (message) {
                    message.states().retryNow(message, retry.scope(), record.at());
                    changedIfIndexedOrResting(message);
                }
            }
            changes.retryNow(retry.scope(), record.at());
        }
    }

    /// A message was copied; `location` holds the pins of the new place.
    void moved(SpooledMessage message, SpooledMessage.Location location) {
        SpooledMessage.Location old = message.location();
        synchronized (message) {
            message.movedTo(location);
            message.copyBegins(false);
            // With the monitor held, or it leaves with a row that knows the old place only.
            changes.changed(message);
        }
        old.unpin();
    }

    /// A message need not be copied any more.
    void copyEnds(SpooledMessage message) {
        synchronized (message) {
            message.copyBegins(false);
        }
        changes.changed(message);
    }

    /// Takes a damaged message out of the queue. Its bytes are in the quarantine folder.
    ///
    /// @return empty where nothing can be read of it, or it was not in the queue
    private Optional<SpooledMessage> quarantine(QueueId id, SpoolSegment.Place place) {
        boolean isReadable;
        try {
            isReadable = bring(id).isPresent();
        } catch (IOException _) {
            isReadable = false;
        }
        if (!isReadable) {
            if (!isSettled(id)) {
                changes.quarantined(id);
            }
            return Optional.empty();
        }
        Optional<SpooledMessage> found =
                change(id, m -> m.states().settle(RecipientNumbers.all(m.recipients())));
        found.ifPresent(m -> settled(m, place));
        return found;
    }

    /// Recipients of a message that are in the queue, by what is so now; the writer's.
    ///
    /// @throws IOException where the index cannot be read
    List<MessageRow.Entry> unsettled(QueueId id) throws IOException {
        SpooledMessage known = live.get(id.value());
        if (known != null) {
            synchronized (known) {
                if (!known.hasLeft()) {
                    return known.states().entries(known.envelope());
                }
            }
        }
        return isSettled(id)
                ? List.of()
                : index.message(id).map(MessageRow::entries).orElse(List.of());
    }

    /// As if a damaged message were not in the queue, until the next start tries again to keep what
    /// is left of it. For recovery.
    void leaveOut(QueueId id) {
        SpooledMessage message = live.get(id.value());
        if (message != null && settleAll(message)) {
            departed.addUnasked(message);
            remove(message);
            release(message);
        } else {
            changes.quarantined(id);
        }
    }

    /// Not where it has just left memory.
    private static boolean settleAll(SpooledMessage message) {
        synchronized (message) {
            if (!message.hasLeft()) {
                message.states().settle(RecipientNumbers.all(message.recipients()));
            }
            return !message.hasLeft();
        }
    }

    /// The event log has what is before `position`: messages that were settled there are forgotten.
    void release(Position position) {
        departed.release(position).forEach(this::release);
    }

    /// While its rows are there it must be found here, or they would bring it back.
    private void release(SpooledMessage message) {
        boolean isIndexed;
        synchronized (message) {
            message.forget();
            isIndexed = message.row().isPresent();
        }
        message.location().unpin();
        if (isIndexed) {
            changes.changed(message);
        } else {
            gone(message);
        }
    }

    /// After a recovery rows hold on to what they need, and these messages to what no row has.
    void pinUnreleased() {
        departed.pinUnreleased();
    }

    /// No row tells of it any more. Thread-safe.
    void gone(SpooledMessage message) {
        departed.gone(message);
    }

    /// The schedule does not hold these recipients any more. Thread-safe.
    void rest(SpooledMessage message, RecipientNumbers recipients, int attempts) {
        synchronized (message) {
            message.states().rest(recipients, attempts);
        }
        changes.changed(message);
    }

    /// A message in the queue, or one that left it behind `at` but was not released yet, which is
    /// read from the log again. Empty where it is neither, or damaged. Thread-safe.
    Optional<SpooledMessage> message(QueueId id, Position at) {
        SpooledMessage message = live.get(id.value());
        if (message != null) {
            return Optional.of(message);
        }
        if (departed.contains(id)) {
            return departed.find(id, at);
        }
        try {
            Optional<MessageRow> row = index.message(id);
            return row.isPresent() ? Optional.of(read(row.get())) : Optional.empty();
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /// Holds and suspensions.
    LogMark.ActionsInForce actions() {
        return actions;
    }

    /// Actions and jobs whose record is in `segment`, as they are copied forward.
    List<LogEntry> inForceIn(SpoolSegment segment) {
        var found = new ArrayList<LogEntry>();
        actions.in(segment).forEach(action -> found.add(new LogEntry.StillInForce(action)));
        for (LogMark.JobInForce job : jobs.values()) {
            if (job.segment() == segment.sequence()) {
                SpoolRecord.Job record = job.record();
                var still = record.at(record.at(), SpoolRecord.Stage.RUNNING, 0);
                found.add(new LogEntry.Fact(still));
            }
        }
        return found;
    }

    /// For recovery: a message left the queue by the record before `at`, as the mark says.
    void leftBefore(QueueId id, Position at) throws IOException {
        Optional<MessageRow> row = rowOfSettled(id);
        if (row.isPresent()) {
            readForEvents(row.get()).ifPresent(message -> departed.add(message, at));
        }
    }

    /// A message that has left the queue. Where it cannot be read nothing can be told of it, and
    /// its row goes: nobody else waits for it.
    private Optional<SpooledMessage> readForEvents(MessageRow row) {
        try {
            return Optional.of(read(row));
        } catch (IOException e) {
            LOG.error(
                    "message {} has left the queue, and events cannot tell of it: {}",
                    row.id(),
                    e.getMessage());
            changes.quarantined(row.id());
            return Optional.empty();
        }
    }

    /// For recovery: recipients of a message left the queue by the record before `at`, and its row
    /// knows that.
    ///
    /// @return whether that is so
    boolean wasSettled(QueueId id, Position at) throws IOException {
        Optional<SpooledMessage> known = departed.ahead(id);
        Optional<MessageRow> row = rowOfSettled(id);
        if (row.isEmpty() || (known.isEmpty() && isSettled(id))) {
            return false;
        }
        Optional<SpooledMessage> message = known.isPresent() ? known : readForEvents(row.get());
        message.ifPresent(one -> departed.noteAhead(one, at));
        return message.isPresent();
    }

    /// For recovery: `message` takes the place of what is known of it so far.
    void enter(SpooledMessage message) {
        inMemory(message.id()).ifPresent(this::leaveToIndex);
        departed.comesAgain(message.id());
        accept(message);
    }

    private Optional<MessageRow> rowOfSettled(QueueId id) throws IOException {
        return index.message(id).filter(one -> one.entries().isEmpty());
    }

    /// For recovery: a record of a message whose row knows more than that. It is an event all the
    /// same, unless the event log has it.
    boolean isAhead(QueueId id) throws IOException {
        return rowOfSettled(id).isPresent();
    }

    /// The log was read to its end.
    void readingEnds() {
        departed.readingEnds();
    }

    /// Changes a message that is in the queue.
    private Optional<SpooledMessage> change(QueueId id, Consumer<SpooledMessage> change) {
        while (true) {
            Optional<SpooledMessage> found;
            try {
                found = bring(id);
            } catch (DamagedRecord _) {
                // Told once, when it is taken out: not for each record about it.
                return Optional.empty();
            } catch (IOException e) {
                LOG.error("message {}: {}", id, e.getMessage());
                return Optional.empty();
            }
            if (found.isEmpty()) {
                return found;
            }
            synchronized (found.get()) {
                if (!found.get().hasLeft()) {
                    change.accept(found.get());
                    // With the monitor held, or it leaves with a row that does not know of this.
                    changedIfIndexedOrResting(found.get());
                    return found;
                }
            }
        }
    }

    private void settled(SpooledMessage message, SpoolSegment.Place place) {
        if (message.isOver()) {
            // Before it leaves memory, so that a reader finds it in one of the two.
            departed.add(message, place.next());
            remove(message);
        }
    }

    /// With the monitor held under which it was changed.
    private void changedIfIndexedOrResting(SpooledMessage message) {
        if (message.row().isPresent() || message.states().hasResting()) {
            changes.changed(message);
        }
    }
}
