package io.whimbrel.spool;

import io.whimbrel.index.MessageRow;
import io.whimbrel.log.EnvelopeCodec;
import io.whimbrel.log.FramePlace;
import io.whimbrel.log.LogFormat;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A message that is durable in the spool: a handle to its body and what is known about it.
/// Thread-safe. Made by the spool only; its body is read with [Spool#read].
public final class SpooledMessage {
    /// So many recipients take as much memory as an entry of the schedule: about 200 bytes each.
    public static final int RECIPIENTS_AN_ENTRY = 5;

    private static final byte[] NOT_IN_MEMORY = {};

    private final QueueId id;
    private volatile Envelope envelope;
    private final long size;
    private final RecipientStates states;
    private volatile Location location;
    private byte[] body = NOT_IN_MEMORY;
    private volatile Optional<MessageRow> row = Optional.empty();
    private Set<RestingQueues.Due> heldRows = Set.of();
    private int seenIn;
    private boolean isChangeNoted;
    private boolean isBeingCopied;
    private boolean isForgotten;
    private boolean hasLeft;

    SpooledMessage(
            QueueId id, Envelope envelope, long size, RecipientStates states, Location location) {
        this.id = id;
        this.envelope = envelope;
        this.size = size;
        this.states = states;
        this.location = location;
    }

    public QueueId id() {
        return id;
    }

    public Envelope envelope() {
        return envelope;
    }

    /// It is mail of `stream` from here on. With the monitor held.
    void relabel(MailStream stream) {
        envelope = envelope.withStream(stream);
    }

    /// Bytes of the message, our Received field included.
    public long size() {
        return size;
    }

    @Override
    public String toString() {
        return id.toString();
    }

    /// Guarded by the monitor of this message.
    RecipientStates states() {
        return states;
    }

    /// What its envelope takes of memory while any recipient of it is there, in entries of the
    /// schedule, beyond the one that a message with one recipient has.
    int weight() {
        return (recipients() - 1) / RECIPIENTS_AN_ENTRY;
    }

    /// How many its envelope has.
    int recipients() {
        return envelope.recipients().size();
    }

    /// The same message with other recipients in the queue.
    SpooledMessage with(List<RecoveredMessage.Waiting> waiting) {
        var other = RecipientStates.carried(envelope.recipients().size(), waiting);
        return new SpooledMessage(id, envelope, size, other, location);
    }

    /// Whether no recipient is in the queue any more.
    synchronized boolean isOver() {
        return states.unsettled() == 0;
    }

    /// What the index has of it, or is about to have. Set with the monitor held, so that who
    /// changes the message sees it, or is seen by who makes the row.
    Optional<MessageRow> row() {
        return row;
    }

    void rowIs(Optional<MessageRow> written) {
        row = written;
    }

    /// Which of its rows are in memory as well; the index thread's.
    Set<RestingQueues.Due> heldRows() {
        return heldRows;
    }

    void heldRowsAre(Set<RestingQueues.Due> held) {
        heldRows = held;
    }

    /// Whether the index thread is going to look at it. Guarded by the monitor, like all below.
    boolean isChangeNoted() {
        return isChangeNoted;
    }

    void noteChange(boolean isNoted) {
        isChangeNoted = isNoted;
    }

    /// The writer copies it forward; it stays in memory until that is done.
    boolean isBeingCopied() {
        return isBeingCopied;
    }

    void copyBegins(boolean begins) {
        isBeingCopied = begins;
    }

    /// Whether the look of this number has not seen it before; from here on it has.
    boolean isNewTo(int look) {
        boolean isNew = seenIn != look;
        seenIn = look;
        return isNew;
    }

    /// It is no longer the object of its message: another is made from the row where one is needed.
    boolean hasLeft() {
        return hasLeft;
    }

    void leave() {
        hasLeft = true;
    }

    /// Neither a delivery nor the event log needs it any more, so its row can go.
    boolean isForgotten() {
        return isForgotten;
    }

    void forget() {
        isForgotten = true;
    }

    /// The row that says what is so now. Call it with the monitor held.
    MessageRow toRow() {
        Location place = location;
        return new MessageRow(
                id,
                size,
                envelope.recipients().size(),
                place.body().stream().map(SpoolSegment.Place::frame).toList(),
                place.envelope().stream().map(SpoolSegment.Place::frame).toList(),
                place.accepted().frame(),
                states.entries(envelope));
    }

    Location location() {
        return location;
    }

    /// The message has been copied: readers that find other bytes in the old place look here.
    void movedTo(Location place) {
        location = place;
    }

    synchronized boolean isInMemory() {
        return body.length > 0;
    }

    /// The whole body, of zero bytes where it is not in memory.
    synchronized byte[] body() {
        return body;
    }

    synchronized void keepBody(byte[] bytes) {
        body = bytes;
    }

    /// How many bytes of memory this freed.
    synchronized int dropBody() {
        int freed = body.length;
        body = NOT_IN_MEMORY;
        return freed;
    }

    /// Where all records of a message are. Immutable.
    ///
    /// @param accepted the `accepted` or `carried` record
    record Location(
            List<SpoolSegment.Place> body,
            List<SpoolSegment.Place> envelope,
            SpoolSegment.Place accepted) {

        void pin() {
            body.forEach(SpoolSegment.Place::pin);
            envelope.forEach(SpoolSegment.Place::pin);
            accepted.pin();
        }

        void unpin() {
            body.forEach(SpoolSegment.Place::unpin);
            envelope.forEach(SpoolSegment.Place::unpin);
            accepted.unpin();
        }

        /// Reads the record that committed a message, its envelope included.
        LogEntry.Head head() throws IOException {
            SpoolSegment.Place place = accepted;
            ByteBuffer payload = place.read();
            byte type = payload.get(LogFormat.TYPE_AT);
            LogEntry.Head head =
                    switch (RecordCodec.decode(type, payload)
                            .orElseThrow(() -> unreadable(place))) {
                        case LogEntry.Accepted(LogEntry.Head accepted) -> accepted;
                        case LogEntry.Carried(
                                        LogEntry.Head carried,
                                        List<RecoveredMessage.Waiting> _) ->
                                carried;
                        case LogEntry.BodyPart _,
                                LogEntry.EnvelopePart _,
                                LogEntry.Fact _,
                                LogEntry.StillInForce _ ->
                                throw unreadable(place);
                    };
            return head.envelope().isPresent() ? head : head.withEnvelope(wholeEnvelope());
        }

        private Envelope wholeEnvelope() throws IOException {
            var parts = new ArrayList<ByteBuffer>();
            for (SpoolSegment.Place place : envelope) {
                ByteBuffer payload = place.read();
                if (RecordCodec.decode(payload.get(LogFormat.TYPE_AT), payload).isEmpty()) {
                    throw unreadable(place);
                }
                parts.add(payload);
            }
            return EnvelopeCodec.decode(Draft.join(parts)).orElseThrow(() -> unreadable(accepted));
        }

        static SpoolSegment.DamagedRecord unreadable(SpoolSegment.Place place) {
            return new SpoolSegment.DamagedRecord(
                    place.segment().name() + " at " + place.offset() + ": unreadable");
        }

        boolean isIn(SpoolSegment segment) {
            return accepted.segment() == segment
                    || body.stream().anyMatch(place -> place.segment() == segment)
                    || envelope.stream().anyMatch(place -> place.segment() == segment);
        }
    }

    /// The pieces of one message that are in the log already, before the record that commits them:
    /// for mail that arrives, for mail that is copied forward, and in recovery. Its pieces are
    /// pinned. Thread-safe: a connection drops it while the writer adds to it.
    static final class Draft {
        private final QueueId id;
        private final List<SpoolSegment.Place> body = new ArrayList<>(1);
        private final List<SpoolSegment.Place> envelope = new ArrayList<>(0);
        private boolean isOver;

        Draft(QueueId id) {
            this.id = id;
        }

        QueueId id() {
            return id;
        }

        synchronized void addBodyPart(SpoolSegment.Place place) {
            add(body, place);
        }

        synchronized void addEnvelopePart(SpoolSegment.Place place) {
            add(envelope, place);
        }

        synchronized int bodyParts() {
            return body.size();
        }

        synchronized int envelopeParts() {
            return envelope.size();
        }

        /// The message is committed by the record at `accepted`; its pins pass to the location.
        synchronized Location commit(SpoolSegment.Place accepted) {
            accepted.pin();
            isOver = true;
            return new Location(List.copyOf(body), List.copyOf(envelope), accepted);
        }

        /// The message will not be committed. Without effect after [#commit].
        synchronized void drop() {
            if (!isOver) {
                isOver = true;
                body.forEach(SpoolSegment.Place::unpin);
                envelope.forEach(SpoolSegment.Place::unpin);
            }
        }

        /// What of it is in the log.
        synchronized LogMark.OpenDraft toOpenDraft() {
            return new LogMark.OpenDraft(id, frames(body), frames(envelope));
        }

        private static List<FramePlace> frames(List<SpoolSegment.Place> places) {
            return places.stream().map(SpoolSegment.Place::frame).toList();
        }

        /// Committed or dropped.
        synchronized boolean isOver() {
            return isOver;
        }

        /// Joins the bytes of all envelope parts, each of which was checked when it was read.
        static ByteBuffer join(List<ByteBuffer> parts) {
            int size = parts.stream().mapToInt(ByteBuffer::remaining).sum();
            ByteBuffer joined = ByteBuffer.allocate(size);
            parts.forEach(part -> joined.put(part.duplicate()));
            return joined.flip();
        }

        private void add(List<SpoolSegment.Place> places, SpoolSegment.Place place) {
            if (!isOver) {
                place.pin();
                places.add(place);
            }
        }
    }
}
