package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;

import java.util.List;

/// A message that is durable in the spool: a handle to its body and what is known about it.
/// Thread-safe. Made by the spool only; its body is read with [Spool#read].
public final class SpooledMessage {
    private static final byte[] NOT_IN_MEMORY = {};

    private final QueueId id;
    private final Envelope envelope;
    private final long size;
    private final RecipientStates states;
    private volatile MessageDraft.Location location;
    private byte[] body = NOT_IN_MEMORY;

    SpooledMessage(
            QueueId id,
            Envelope envelope,
            long size,
            RecipientStates states,
            MessageDraft.Location location) {
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

    /// Bytes of the message, our Received field included.
    public long size() {
        return size;
    }

    @Override
    public String toString() {
        return id.toString();
    }

    /// The writer's.
    RecipientStates states() {
        return states;
    }

    /// The same message with other recipients in the queue.
    SpooledMessage with(List<RecoveredMessage.Waiting> waiting) {
        var other = new RecipientStates(envelope.recipients().size(), waiting);
        return new SpooledMessage(id, envelope, size, other, location);
    }

    MessageDraft.Location location() {
        return location;
    }

    /// The message has been copied: readers that find other bytes in the old place look here.
    void movedTo(MessageDraft.Location place) {
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
}
