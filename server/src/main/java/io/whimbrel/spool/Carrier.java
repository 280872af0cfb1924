package io.whimbrel.spool;

import io.whimbrel.log.EnvelopeCodec;
import io.whimbrel.log.LogFormat;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.log.SpoolSegment.DamagedRecord;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Copies messages that wait for long from the oldest segment to the end of the log, with the
/// present state of their recipients, so that the segment can go. Confined to the writer.
///
/// It copies a quarter of a batch at a time, and only where most of the log, or of its oldest
/// segment, is of no use any more: so the copies stay below half of what is written anyway.
final class Carrier {
    private static final Logger LOG = LoggerFactory.getLogger(Carrier.class);

    private static final int STRAGGLERS_AT_ONCE = 256;

    /// A log of so many segments is short enough as it is.
    private static final int SEGMENTS_KEPT = 4;

    private final LiveMessages live;
    private final Indexer indexer;

    /// The index thread adds to it what the writer asked for.
    private final ConcurrentLinkedQueue<SpooledMessage> stragglers = new ConcurrentLinkedQueue<>();

    /// What the disk could not read; not tried again before the next start.
    private final Set<QueueId> unreadable = new HashSet<>();

    private boolean isAsked;
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

    Carrier(LiveMessages live, Indexer indexer) {
        this.live = live;
        this.indexer = indexer;
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
            isAsked = false;
        }
        if (stragglers.isEmpty() && copy.isEmpty()) {
            ask(oldest);
            return Optional.empty();
        }
        isAsked = false;
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

    /// Once for each time that all were copied: those that were copied meanwhile are no stragglers
    /// any more.
    private void ask(SpoolSegment oldest) {
        if (!isAsked) {
            isAsked = true;
            indexer.stragglers(oldest, STRAGGLERS_AT_ONCE, stragglers);
        }
    }

    /// What was given out last did not get into the log.
    void restart() {
        segment = Optional.empty();
        copy.ifPresent(this::end);
        copy = Optional.empty();
        for (SpooledMessage one = stragglers.poll(); one != null; one = stragglers.poll()) {
            live.copyEnds(one);
        }
    }

    private void end(Copy old) {
        old.draft.drop();
        live.copyEnds(old.message);
    }

    /// Lets go of the copy of a message that has left the queue since.
    void forgetSettled() {
        if (copy.isPresent() && !isInQueue(copy.get().message)) {
            end(copy.get());
            copy = Optional.empty();
        }
    }

    /// Sees to it that `copy` is a message that needs to be copied.
    private boolean findMessage() {
        if (copy.isPresent() && isInQueue(copy.get().message) && !copy.get().draft.isOver()) {
            return true;
        }
        copy.ifPresent(this::end);
        copy = Optional.empty();
        for (SpooledMessage one = stragglers.poll(); one != null; one = stragglers.poll()) {
            boolean isMeant = isInQueue(one) && one.location().isIn(segment.orElseThrow());
            if (isMeant && !unreadable.contains(one.id())) {
                copy = Optional.of(new Copy(one));
                return true;
            }
            live.copyEnds(one);
        }
        return false;
    }

    private boolean isInQueue(SpooledMessage message) {
        return live.inMemory(message.id()).filter(known -> known == message).isPresent();
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
            LogEntry.Head head = location.head();
            Envelope envelope = message.envelope();
            if (!head.envelope().orElseThrow().equals(envelope)) {
                // It has moved: the copy says where to.
                int parts = addParts(envelope, location.envelope().size(), current, records);
                head = head.withEnvelope(envelope).inParts(parts);
            } else {
                for (int i = 0; i < location.envelope().size(); i++) {
                    records.add(part(location.envelope().get(i), current.draft, i, false));
                }
            }
            List<RecoveredMessage.Waiting> waiting;
            synchronized (message) {
                waiting = message.states().waiting();
            }
            var carried = new LogEntry.Carried(head, waiting);
            records.add(Inbox.Item.of(carried, Inbox.Bytes.NONE, current.draft));
            copy = Optional.empty();
            return records;
        } catch (DamagedRecord e) {
            end(current);
            copy = Optional.empty();
            indexer.damaged(message, e);
            return List.of();
        } catch (IOException e) {
            LOG.error("message {} stays where it is: {}", message.id(), e.getMessage());
            unreadable.add(message.id());
            end(current);
            copy = Optional.empty();
            return List.of();
        }
    }

    /// The envelope in at most `parts` parts; none for 0.
    private static int addParts(Envelope envelope, int parts, Copy copy, List<Inbox.Item> records) {
        if (parts == 0) {
            return 0;
        }
        byte[] bytes = EnvelopeCodec.encode(envelope);
        int length = Math.ceilDiv(bytes.length, parts);
        int index = 0;
        for (int from = 0; from < bytes.length; from += length) {
            var slice = new Inbox.Bytes(bytes, from, Math.min(length, bytes.length - from));
            var part = new LogEntry.EnvelopePart(copy.draft.id(), index++);
            records.add(Inbox.Item.of(part, slice, copy.draft));
        }
        return index;
    }

    private static Inbox.Item part(
            SpoolSegment.Place place, SpooledMessage.Draft draft, int index, boolean isBody)
            throws IOException {
        ByteBuffer payload = place.read();
        if (RecordCodec.decode(payload.get(LogFormat.TYPE_AT), payload).isEmpty()) {
            throw new DamagedRecord(
                    place.segment().name() + " at " + place.offset() + ": unreadable");
        }
        QueueId id = draft.id();
        LogEntry entry =
                isBody ? new LogEntry.BodyPart(id, index) : new LogEntry.EnvelopePart(id, index);
        var bytes = new byte[payload.remaining()];
        payload.get(bytes);
        var tail = new Inbox.Bytes(bytes, 0, bytes.length);
        return Inbox.Item.of(entry, tail, draft);
    }
}
