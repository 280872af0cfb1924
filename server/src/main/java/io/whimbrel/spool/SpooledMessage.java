package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/// A message that is durable in the spool: a handle to its body and what is known about it.
/// Thread-safe. Made by the spool only; its body is read with [Spool#read].
public final class SpooledMessage {
    private static final byte[] NOT_IN_MEMORY = {};

    private final QueueId id;
    private final Envelope envelope;
    private final long size;
    private final RecipientStates states;
    private volatile Location location;
    private byte[] body = NOT_IN_MEMORY;

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

    /// Where each recipient of one message stands. Recovery needs it to fill the queues, the writer
    /// to copy a message forward. Confined to the writer, or to recovery before it.
    ///
    /// The on-disk index of very deep queues will hold this, one row a recipient; until then it is
    /// in memory: one shared state while all recipients are alike, an array of them once they
    /// differ.
    static final class RecipientStates {
        private static final State SETTLED = new State(-1, Instant.EPOCH, false);

        private final int count;
        private int unsettled;

        /// Of all recipients, or of the one with the same number.
        private State[] states;

        private record State(int attempts, Instant dueAt, boolean isDelayNotified) {

            boolean isSettled() {
                return attempts < 0;
            }
        }

        RecipientStates(int count, Instant acceptedAt) {
            this.count = count;
            this.unsettled = count;
            this.states = new State[] {new State(0, acceptedAt, false)};
        }

        /// As a `carried` record has them.
        RecipientStates(int count, List<RecoveredMessage.Waiting> waiting) {
            this.count = count;
            this.unsettled = 0;
            this.states = new State[count];
            Arrays.fill(states, SETTLED);
            for (RecoveredMessage.Waiting group : waiting) {
                var state = new State(group.attempts(), group.dueAt(), group.isDelayNotified());
                forEach(
                        group.recipients(),
                        number -> {
                            unsettled += states[number].isSettled() ? 1 : 0;
                            states[number] = state;
                        });
            }
        }

        int unsettled() {
            return unsettled;
        }

        void settle(RecipientNumbers recipients) {
            if (recipients.size() >= count) {
                states = new State[] {SETTLED};
                unsettled = 0;
                return;
            }
            spread();
            forEach(
                    recipients,
                    number -> {
                        if (!states[number].isSettled()) {
                            states[number] = SETTLED;
                            unsettled--;
                        }
                    });
        }

        void defer(SpoolRecord.Deferred record) {
            var state = new State(record.attempt(), record.dueAt(), record.isDelayNotified());
            if (record.recipients().size() >= count && unsettled == count) {
                states = new State[] {state};
                return;
            }
            spread();
            forEach(
                    record.recipients(),
                    number -> {
                        if (!states[number].isSettled()) {
                            states[number] = state;
                        }
                    });
        }

        /// What of `message` is in `scope` is due at `now`.
        void retryNow(SpooledMessage message, QueueScope scope, Instant now) {
            var stream = message.envelope().stream();
            var recipients = message.envelope().recipients();
            for (int number = 0; number < count; number++) {
                var domain = recipients.get(number).path().domain();
                if (scope.matches(message.id(), stream, domain)) {
                    spread();
                    State old = states[number];
                    if (!old.isSettled() && old.dueAt.isAfter(now)) {
                        states[number] = new State(old.attempts, now, old.isDelayNotified);
                    }
                }
            }
        }

        /// The unsettled recipients, grouped by equal state.
        List<RecoveredMessage.Waiting> waiting() {
            if (unsettled == 0) {
                return List.of();
            }
            if (states.length < count || count == 1) {
                return List.of(group(states[0], RecipientNumbers.all(count)));
            }
            Map<State, Numbers> groups = new LinkedHashMap<>();
            for (int number = 0; number < count; number++) {
                if (!states[number].isSettled()) {
                    groups.computeIfAbsent(states[number], _ -> new Numbers()).add(number);
                }
            }
            var waiting = new ArrayList<RecoveredMessage.Waiting>(groups.size());
            groups.forEach((state, numbers) -> waiting.add(group(state, numbers.toNumbers())));
            return List.copyOf(waiting);
        }

        private static RecoveredMessage.Waiting group(State state, RecipientNumbers recipients) {
            return new RecoveredMessage.Waiting(
                    recipients, state.attempts, state.dueAt, state.isDelayNotified);
        }

        private void spread() {
            if (states.length < count) {
                State all = states[0];
                states = new State[count];
                Arrays.fill(states, all);
            }
        }

        /// Numbers beyond the envelope are not ours; a record that has them comes from damage.
        private void forEach(RecipientNumbers recipients, IntConsumer action) {
            for (int i = 0; i < recipients.size() && recipients.get(i) < count; i++) {
                action.accept(recipients.get(i));
            }
        }

        private static final class Numbers {
            private int[] numbers = new int[8];
            private int size;

            void add(int number) {
                if (size == numbers.length) {
                    numbers = Arrays.copyOf(numbers, size * 2);
                }
                numbers[size++] = number;
            }

            RecipientNumbers toNumbers() {
                return RecipientNumbers.of(Arrays.copyOf(numbers, size));
            }
        }
    }
}
