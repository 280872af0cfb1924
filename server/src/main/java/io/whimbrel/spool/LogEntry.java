package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// What one record of the log says, the log's own records included. Immutable. The writer writes
/// these and applies them after the sync; recovery reads them and applies them in the same way.
sealed interface LogEntry {

    /// A piece of a message that may be accepted later. The first one, index 0, forgets earlier
    /// pieces of the same message.
    ///
    /// @param index 0, 1, 2 ...
    record BodyPart(QueueId id, int index) implements LogEntry {}

    /// A piece of an envelope that is too large for its `accepted` record.
    record EnvelopePart(QueueId id, int index) implements LogEntry {}

    /// All pieces are there, the message is ours.
    record Accepted(Head head) implements LogEntry {}

    /// The message was copied from the oldest segment to the end of the log. This replaces all that
    /// earlier records said about it.
    ///
    /// @param waiting all recipients that are not settled, grouped by equal state
    record Carried(Head head, List<RecoveredMessage.Waiting> waiting) implements LogEntry {}

    /// Settled, Deferred, Quarantined, Operator or Notice.
    record Fact(SpoolRecord record) implements LogEntry {}

    /// An operator action that was copied from the oldest segment to the end of the log.
    record StillInForce(SpoolRecord.Operator record) implements LogEntry {}

    /// @param size bytes of the message
    /// @param bodyParts how many there are
    /// @param envelopeParts how many there are; 0 where the envelope is in this record
    /// @param recipients how many the envelope has
    /// @param envelope empty where it was read from a record that has it in parts
    record Head(
            Instant at,
            QueueId id,
            QueueId cause,
            String origin,
            long size,
            int bodyParts,
            int envelopeParts,
            int recipients,
            Optional<Envelope> envelope) {

        /// The message, fresh from its client.
        SpooledMessage message(SpooledMessage.Location location) {
            Envelope known = envelope.orElseThrow();
            var states = RecipientStates.accepted(recipients, known.firstDue(at));
            return new SpooledMessage(id, known, size, states, location);
        }

        /// The message as a `carried` record has it.
        SpooledMessage message(
                SpooledMessage.Location location, List<RecoveredMessage.Waiting> waiting) {
            Envelope known = envelope.orElseThrow();
            var states = RecipientStates.carried(recipients, waiting);
            return new SpooledMessage(id, known, size, states, location);
        }

        SpoolRecord.Accepted record() {
            return new SpoolRecord.Accepted(at, id, envelope.orElseThrow(), origin, size, cause);
        }

        /// The same with its envelope in other records.
        Head inParts(int parts) {
            return new Head(at, id, cause, origin, size, bodyParts, parts, recipients, envelope);
        }

        Head withEnvelope(Envelope joined) {
            return new Head(
                    at,
                    id,
                    cause,
                    origin,
                    size,
                    bodyParts,
                    envelopeParts,
                    recipients,
                    Optional.of(joined));
        }
    }
}
