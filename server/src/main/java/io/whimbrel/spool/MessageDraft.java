package io.whimbrel.spool;

import io.whimbrel.mail.QueueId;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// The pieces of one message that are in the log already, before the record that commits them: for
/// mail that arrives, for mail that is copied forward, and in recovery. Its pieces are pinned.
/// Thread-safe: a connection drops it while the writer adds to it.
final class MessageDraft {
    private final QueueId id;
    private final List<SpoolSegment.Place> body = new ArrayList<>(1);
    private final List<SpoolSegment.Place> envelope = new ArrayList<>(0);
    private boolean isOver;

    MessageDraft(QueueId id) {
        this.id = id;
    }

    /// Where all records of a message are. Immutable.
    ///
    /// @param accepted the `accepted` or `carried` record
    record Location(
            List<SpoolSegment.Place> body,
            List<SpoolSegment.Place> envelope,
            SpoolSegment.Place accepted) {

        void unpin() {
            body.forEach(SpoolSegment.Place::unpin);
            envelope.forEach(SpoolSegment.Place::unpin);
            accepted.unpin();
        }

        boolean isIn(SpoolSegment segment) {
            return accepted.segment() == segment
                    || body.stream().anyMatch(place -> place.segment() == segment)
                    || envelope.stream().anyMatch(place -> place.segment() == segment);
        }
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
