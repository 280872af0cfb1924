package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
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
    private record Trace(QueueId id, Position settledAt, MessageDraft.Location location) {}

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
    void moved(SpooledMessage message, MessageDraft.Location location) {
        MessageDraft.Location old = message.location();
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

    /// A message in the queue, or one that left it but was not released yet, which is read from the
    /// log again. Empty where it is neither, or damaged. Thread-safe.
    Optional<SpooledMessage> message(QueueId id) {
        SpooledMessage message = live.get(id.value());
        if (message != null) {
            return Optional.of(message);
        }
        Trace trace = settled.get(id.value());
        if (trace == null) {
            return Optional.empty();
        }
        try {
            LogEntry.Head head = head(trace.location());
            Envelope envelope = head.envelope().orElseThrow();
            var states = new RecipientStates(envelope.recipients().size(), head.at());
            return Optional.of(
                    new SpooledMessage(id, envelope, head.size(), states, trace.location()));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /// Reads the record that committed a message, its envelope included.
    static LogEntry.Head head(MessageDraft.Location location) throws IOException {
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

    private static Envelope envelope(MessageDraft.Location location) throws IOException {
        var parts = new ArrayList<ByteBuffer>();
        for (SpoolSegment.Place place : location.envelope()) {
            ByteBuffer payload = place.read();
            if (RecordCodec.decode(payload.get(LogFormat.TYPE_AT), payload).isEmpty()) {
                throw unreadable(place);
            }
            parts.add(payload);
        }
        return RecordCodec.decodeEnvelope(MessageDraft.join(parts))
                .orElseThrow(() -> unreadable(location.accepted()));
    }

    private static IOException unreadable(SpoolSegment.Place place) {
        return new IOException(place.segment().name() + " at " + place.offset() + ": unreadable");
    }
}
