package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// What the log says is so: which messages are in the queue, where their records are, which
/// operator actions are in force. The writer applies each record after its sync, recovery each
/// record that it reads, both here; only [#message] may be called by others.
///
/// All of it is in memory. The RocksDB index of very deep queues will stand behind this class: rows
/// for messages and recipients that wait for long, with the log position that they reflect.
final class LiveMessages {
    private final ConcurrentHashMap<Long, SpooledMessage> live = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Long, Trace> settled = new ConcurrentHashMap<>();
    private final ArrayDeque<Trace> unreleased = new ArrayDeque<>();
    private final Map<ActionKey, InForce> actions = new LinkedHashMap<>();

    /// A message without recipients in the queue, whose records the event log may still read.
    private record Trace(QueueId id, Position settledAt, SpooledMessage.Location location) {}

    private record ActionKey(boolean isHold, QueueScope scope) {}

    /// @param segment where the action's latest record is
    private record InForce(SpoolRecord.Operator record, SpoolSegment segment) {}

    void accept(SpooledMessage message) {
        live.put(message.id().value(), message);
    }

    Optional<SpooledMessage> inQueue(QueueId id) {
        return Optional.ofNullable(live.get(id.value()));
    }

    /// Applies a record.
    ///
    /// @return the message it is about; empty for operator actions, and for messages that left the
    ///   log long ago
    Optional<SpooledMessage> apply(SpoolRecord record, SpoolSegment.Place place) {
        return switch (record) {
            case SpoolRecord.Settled r -> {
                Optional<SpooledMessage> message = inQueue(r.id());
                message.ifPresent(m -> settle(m, r, place));
                yield message;
            }
            case SpoolRecord.Deferred r -> {
                Optional<SpooledMessage> message = inQueue(r.id());
                message.ifPresent(m -> m.states().defer(r));
                yield message;
            }
            case SpoolRecord.Operator r -> {
                applyAction(r, place.segment());
                yield Optional.empty();
            }
            case SpoolRecord.Accepted r -> inQueue(r.id());
        };
    }

    void applyAction(SpoolRecord.Operator record, SpoolSegment segment) {
        switch (record.action()) {
            case SpoolRecord.OperatorAction.Hold hold ->
                    actions.put(new ActionKey(true, hold.scope()), new InForce(record, segment));
            case SpoolRecord.OperatorAction.Release release ->
                    actions.remove(new ActionKey(true, release.scope()));
            case SpoolRecord.OperatorAction.Suspend suspend ->
                    actions.put(
                            new ActionKey(false, suspend.scope()), new InForce(record, segment));
            case SpoolRecord.OperatorAction.Resume resume ->
                    actions.remove(new ActionKey(false, resume.scope()));
            case SpoolRecord.OperatorAction.RetryNow retry ->
                    live.values().forEach(m -> m.states().retryNow(m, retry.scope(), record.at()));
        }
    }

    /// A message was copied; `location` holds the pins of the new place.
    void moved(SpooledMessage message, SpooledMessage.Location location) {
        SpooledMessage.Location old = message.location();
        message.movedTo(location);
        old.unpin();
    }

    /// Takes a damaged message out of the queue. Its bytes are in the quarantine folder.
    void quarantine(QueueId id) {
        SpooledMessage message = live.remove(id.value());
        if (message != null) {
            message.location().unpin();
        }
    }

    /// The event log has what is before `position`: messages that were settled there are forgotten.
    void release(Position position) {
        while (!unreleased.isEmpty()
                && unreleased.getFirst().settledAt().compareTo(position) <= 0) {
            Trace trace = unreleased.removeFirst();
            settled.remove(trace.id().value());
            trace.location().unpin();
        }
    }

    /// A message in the queue, or one that left it behind `at` but was not released yet, which is
    /// read from the log again. Empty where it is neither, or damaged. Thread-safe.
    Optional<SpooledMessage> message(QueueId id, Position at) {
        SpooledMessage message = live.get(id.value());
        if (message != null) {
            return Optional.of(message);
        }
        Trace trace = settled.get(id.value());
        if (trace == null || at.compareTo(trace.settledAt()) >= 0) {
            return Optional.empty();
        }
        try {
            LogEntry.Head head = head(trace.location());
            Envelope envelope = head.envelope().orElseThrow();
            var states =
                    new SpooledMessage.RecipientStates(envelope.recipients().size(), head.at());
            return Optional.of(
                    new SpooledMessage(id, envelope, head.size(), states, trace.location()));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /// Reads the record that committed a message, its envelope included.
    static LogEntry.Head head(SpooledMessage.Location location) throws IOException {
        SpoolSegment.Place place = location.accepted();
        ByteBuffer payload = place.read();
        byte type = payload.get(LogFormat.TYPE_AT);
        LogEntry.Head head =
                switch (RecordCodec.decode(type, payload).orElseThrow(() -> unreadable(place))) {
                    case LogEntry.Accepted(LogEntry.Head accepted) -> accepted;
                    case LogEntry.Carried(
                                    LogEntry.Head carried,
                                    List<RecoveredMessage.Waiting> _) ->
                            carried;
                    case LogEntry.BodyPart _,
                            LogEntry.EnvelopePart _,
                            LogEntry.Fact _,
                            LogEntry.StillInForce _,
                            LogEntry.Quarantined _ ->
                            throw unreadable(place);
                };
        return head.envelope().isPresent() ? head : head.withEnvelope(envelope(location));
    }

    /// Whether recipients of this many messages are unsettled.
    int size() {
        return live.size();
    }

    /// Messages in the queue with a record in `segment`, oldest first.
    List<SpooledMessage> in(SpoolSegment segment) {
        var found = new ArrayList<SpooledMessage>();
        for (SpooledMessage message : live.values()) {
            if (message.location().isIn(segment)) {
                found.add(message);
            }
        }
        found.sort(Comparator.comparing(SpooledMessage::id));
        return found;
    }

    List<RecoveredMessage> recovered() {
        return live.values().stream()
                .sorted(Comparator.comparing(SpooledMessage::id))
                .map(message -> new RecoveredMessage(message, message.states().waiting()))
                .toList();
    }

    /// Hold and Suspend records in force at `now`, oldest first.
    List<SpoolRecord.Operator> actionsInForce(Instant now) {
        forgetEndedSuspensions(now);
        return actions.values().stream()
                .map(InForce::record)
                .sorted(Comparator.comparing(SpoolRecord.Operator::at))
                .toList();
    }

    /// Those whose record is in `segment`.
    List<SpoolRecord.Operator> actionsIn(SpoolSegment segment, Instant now) {
        forgetEndedSuspensions(now);
        return actions.values().stream()
                .filter(action -> action.segment() == segment)
                .map(InForce::record)
                .toList();
    }

    private void forgetEndedSuspensions(Instant now) {
        actions.values().removeIf(action -> isEnded(action.record(), now));
    }

    private static boolean isEnded(SpoolRecord.Operator record, Instant now) {
        return record.action() instanceof SpoolRecord.OperatorAction.Suspend suspend
                && !now.isBefore(record.at().plus(suspend.duration()));
    }

    private void settle(
            SpooledMessage message, SpoolRecord.Settled record, SpoolSegment.Place place) {
        message.states().settle(record.recipients());
        if (message.states().unsettled() == 0) {
            var trace = new Trace(message.id(), place.next(), message.location());
            // Before it leaves the queue, so that a reader finds it in one of the two.
            settled.put(message.id().value(), trace);
            live.remove(message.id().value());
            unreleased.addLast(trace);
        }
    }

    private static Envelope envelope(SpooledMessage.Location location) throws IOException {
        var parts = new ArrayList<ByteBuffer>();
        for (SpoolSegment.Place place : location.envelope()) {
            ByteBuffer payload = place.read();
            if (RecordCodec.decode(payload.get(LogFormat.TYPE_AT), payload).isEmpty()) {
                throw unreadable(place);
            }
            parts.add(payload);
        }
        return RecordCodec.decodeEnvelope(SpooledMessage.Draft.join(parts))
                .orElseThrow(() -> unreadable(location.accepted()));
    }

    private static IOException unreadable(SpoolSegment.Place place) {
        return new IOException(place.segment().name() + " at " + place.offset() + ": unreadable");
    }

    /// Copies messages that wait for long from the oldest segment to the end of the log, with the
    /// present state of their recipients, so that the segment can go. Confined to the writer.
    ///
    /// It copies a quarter of a batch at a time, and only where most of the log, or of its oldest
    /// segment, is of no use any more: so the copies stay below half of what is written anyway.
    static final class Carrier {
        private static final Logger LOG = LoggerFactory.getLogger(Carrier.class);

        /// A log of so many segments is short enough as it is.
        private static final int SEGMENTS_KEPT = 4;

        private final LiveMessages live;
        private final ArrayDeque<SpooledMessage> stragglers = new ArrayDeque<>();
        private Optional<SpoolSegment> segment = Optional.empty();
        private Optional<Copy> copy = Optional.empty();

        /// A message of which some pieces have been copied.
        private static final class Copy {
            private final SpooledMessage message;
            private final SpooledMessage.Draft draft;
            private int nextPart;

            Copy(SpooledMessage message) {
                this.message = message;
                this.draft = new SpooledMessage.Draft(message.id());
            }
        }

        Carrier(LiveMessages live) {
            this.live = live;
        }

        /// Whether the oldest of `segments` should be emptied now.
        ///
        /// @param hasRoom the disk is not short of space
        boolean isWorthwhile(Collection<SpoolSegment> segments, boolean hasRoom) {
            if (hasRoom && segments.size() <= SEGMENTS_KEPT) {
                return false;
            }
            long written = 0;
            long needed = 0;
            for (SpoolSegment one : segments) {
                written += one.size();
                needed += one.pinnedBytes();
            }
            SpoolSegment oldest = segments.iterator().next();
            return oldest.pinnedBytes() < oldest.size() / 4 || needed < written / (hasRoom ? 3 : 2);
        }

        /// The next pieces to write; empty where nothing is left that can be copied.
        ///
        /// @param bytesWanted it stops once it has so many
        Optional<Inbox.Submission> next(SpoolSegment oldest, long bytesWanted) {
            if (segment.isEmpty() || segment.get() != oldest) {
                segment = Optional.of(oldest);
                stragglers.clear();
                stragglers.addAll(live.in(oldest));
            }
            var records = new ArrayList<Inbox.Item>();
            long bytes = 0;
            while (bytes < bytesWanted && findMessage()) {
                Copy current = copy.orElseThrow();
                List<Inbox.Item> pieces = pieces(current);
                if (pieces.isEmpty()) {
                    // A piece of a copy that was given up would take the others' with it.
                    records.removeIf(record -> isOf(current, record));
                    bytes = records.stream().mapToLong(Inbox.Item::frameBytes).sum();
                }
                for (Inbox.Item piece : pieces) {
                    records.add(piece);
                    bytes += piece.frameBytes();
                }
            }
            return records.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Inbox.Submission(Inbox.Kind.WAITED, records, _ -> {}));
        }

        /// What was given out last did not get into the log.
        void restart() {
            segment = Optional.empty();
            copy.ifPresent(old -> old.draft.drop());
            copy = Optional.empty();
        }

        /// Lets go of the copy of a message that has left the queue since.
        void forgetSettled() {
            if (copy.isPresent() && !isInQueue(copy.get().message)) {
                copy.get().draft.drop();
                copy = Optional.empty();
            }
        }

        /// Sees to it that `copy` is a message that needs to be copied.
        private boolean findMessage() {
            if (copy.isPresent() && isInQueue(copy.get().message) && !copy.get().draft.isOver()) {
                return true;
            }
            copy.ifPresent(old -> old.draft.drop());
            copy = Optional.empty();
            while (copy.isEmpty() && !stragglers.isEmpty()) {
                SpooledMessage message = stragglers.removeFirst();
                if (isInQueue(message)) {
                    copy = Optional.of(new Copy(message));
                }
            }
            return copy.isPresent();
        }

        private boolean isInQueue(SpooledMessage message) {
            return live.inQueue(message.id()).isPresent();
        }

        private static boolean isOf(Copy copy, Inbox.Item record) {
            return record.draft().filter(draft -> draft == copy.draft).isPresent();
        }

        /// One body part; after the last one all that remains. Empty where it cannot be read.
        private List<Inbox.Item> pieces(Copy current) {
            SpooledMessage message = current.message;
            SpooledMessage.Location location = message.location();
            try {
                if (current.nextPart < location.body().size()) {
                    SpoolSegment.Place place = location.body().get(current.nextPart);
                    return List.of(part(place, current.draft, current.nextPart++, true));
                }
                var records = new ArrayList<Inbox.Item>();
                for (int i = 0; i < location.envelope().size(); i++) {
                    records.add(part(location.envelope().get(i), current.draft, i, false));
                }
                LogEntry.Head head = LiveMessages.head(location);
                var carried = new LogEntry.Carried(head, message.states().waiting());
                records.add(Inbox.Item.of(carried, Inbox.Bytes.NONE, current.draft));
                copy = Optional.empty();
                return records;
            } catch (IOException e) {
                LOG.error("message {} stays where it is: {}", message.id(), e.getMessage());
                current.draft.drop();
                copy = Optional.empty();
                return List.of();
            }
        }

        private static Inbox.Item part(
                SpoolSegment.Place place, SpooledMessage.Draft draft, int index, boolean isBody)
                throws IOException {
            ByteBuffer payload = place.read();
            if (RecordCodec.decode(payload.get(LogFormat.TYPE_AT), payload).isEmpty()) {
                throw new IOException(
                        place.segment().name() + " at " + place.offset() + ": unreadable");
            }
            QueueId id = draft.id();
            LogEntry entry =
                    isBody
                            ? new LogEntry.BodyPart(id, index)
                            : new LogEntry.EnvelopePart(id, index);
            var bytes = new byte[payload.remaining()];
            payload.get(bytes);
            var tail = new Inbox.Bytes(bytes, 0, bytes.length);
            return Inbox.Item.of(entry, tail, draft);
        }
    }
}
