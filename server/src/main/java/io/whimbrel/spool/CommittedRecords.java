package io.whimbrel.spool;

import io.whimbrel.log.LogFormat;
import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolSegment;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Every durable record in log order, from a position on, without end: the source of the event log.
/// One reader thread.
///
/// The reader is part of the spool's life: a segment is reclaimed only when [#release] has passed
/// it. Where the reader falls behind by more than a bounded weight of records, as an event log does
/// that cannot write, the spool takes no more mail and deliveries wait, until half of it is taken;
/// the writer itself never waits for the reader.
public final class CommittedRecords {
    private static final Logger LOG = LoggerFactory.getLogger(CommittedRecords.class);

    private static final int TAKEN_MOST = 2048;

    /// By weight ([SpooledMessage#weight]). What was put into the inbox before comes on top of it.
    static final int WAITING_MAX = 1 << 16;

    private final LiveMessages live;
    private final Inbox inbox;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition added = lock.newCondition();
    private final ArrayDeque<CommittedRecord> waiting = new ArrayDeque<>();

    /// Of those that wait: each keeps its message in memory.
    private long waitingWeight;

    /// Segments of earlier runs, not read yet; the first of them is being read.
    private final ArrayDeque<SpoolSegment> past = new ArrayDeque<>();

    private Optional<SpoolSegment.Scan> scan = Optional.empty();
    private Position from = Position.START;
    private volatile Position released = Position.START;
    private volatile boolean isRead;
    private boolean isBehind;
    private boolean isClosed;

    /// @param past segments that recovery read
    /// @param inbox told where a release may let a segment go, and while the reader is behind
    CommittedRecords(LiveMessages live, List<SpoolSegment> past, Inbox inbox) {
        this.live = live;
        this.past.addAll(past);
        this.inbox = inbox;
    }

    /// Waits for records, at most `wait`, and returns those that are there, at most a few thousand.
    /// Empty where none came in time, or the spool is closed and all were taken.
    public List<CommittedRecord> take(Duration wait) throws InterruptedException {
        stopAtClose();
        if (past.isEmpty()) {
            return takeWaiting(wait);
        }
        List<CommittedRecord> old = takePast();
        if (isClosed()) {
            // The files may have been closed meanwhile, and records skipped that way.
            forgetAll();
            return List.of();
        }
        return old.isEmpty() ? takeWaiting(wait) : old;
    }

    /// Whether the spool is closed and every record was taken.
    public boolean isAtEnd() {
        lock.lock();
        try {
            return isClosed && (!past.isEmpty() || waiting.isEmpty());
        } finally {
            lock.unlock();
        }
    }

    /// What is before `position` will never be asked for again: the reader made it durable itself.
    public void release(Position position) {
        Position before = released;
        if (position.compareTo(before) > 0) {
            released = position;
            if (position.segment() > before.segment()) {
                inbox.nudge();
            }
        }
    }

    Position released() {
        return released;
    }

    /// Whether somebody reads: then the writer hands records over.
    boolean isRead() {
        return isRead;
    }

    /// The reader comes, and has what is before `position`; nothing of this log where that is
    /// behind its end.
    CommittedRecords startAt(Position position) {
        if (isRead) {
            throw new IllegalStateException("the records of a spool have one reader");
        }
        long newest = past.isEmpty() ? 0 : past.getLast().sequence();
        if (position.segment() > newest) {
            LOG.warn(
                    "the events are told up to segment {}, and the spool ends at {}: it is another"
                            + " one, all of its events are told",
                    position.segment(),
                    newest);
        } else {
            from = position;
        }
        isRead = true;
        release(from);
        return this;
    }

    /// The writer's.
    void add(List<CommittedRecord> records) {
        if (records.isEmpty()) {
            return;
        }
        lock.lock();
        try {
            waiting.addAll(records);
            records.forEach(record -> waitingWeight += weight(record));
            added.signal();
            if (waitingWeight >= WAITING_MAX && !isBehind) {
                isBehind = true;
                inbox.readerIsBehind(true);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Nothing more will be added.
    void close() {
        lock.lock();
        try {
            isClosed = true;
            added.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// The files are closed with the spool: what was not read of them comes at the next start, and
    /// what follows it must not come before.
    private void stopAtClose() {
        if (!past.isEmpty() && isClosed()) {
            forgetAll();
        }
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return isClosed;
        } finally {
            lock.unlock();
        }
    }

    private void forgetAll() {
        lock.lock();
        try {
            past.clear();
            waiting.clear();
            waitingWeight = 0;
        } finally {
            lock.unlock();
        }
    }

    private List<CommittedRecord> takeWaiting(Duration wait) throws InterruptedException {
        lock.lock();
        try {
            long rest = wait.toNanos();
            while (waiting.isEmpty() && !isClosed && rest > 0) {
                rest = added.awaitNanos(rest);
            }
            int count = Math.min(waiting.size(), TAKEN_MOST);
            var records = new ArrayList<CommittedRecord>(count);
            for (int i = 0; i < count; i++) {
                CommittedRecord next = waiting.removeFirst();
                waitingWeight -= weight(next);
                records.add(next);
            }
            if (isBehind && waitingWeight < WAITING_MAX / 2) {
                isBehind = false;
                inbox.readerIsBehind(false);
            }
            return records;
        } finally {
            lock.unlock();
        }
    }

    private static int weight(CommittedRecord record) {
        return 1 + record.message().map(SpooledMessage::weight).orElse(0);
    }

    private List<CommittedRecord> takePast() {
        var records = new ArrayList<CommittedRecord>();
        while (records.size() < TAKEN_MOST && !past.isEmpty()) {
            SpoolSegment segment = past.getFirst();
            if (segment.sequence() < from.segment() || !readFrom(segment, records)) {
                past.removeFirst();
                scan = Optional.empty();
            }
        }
        return records;
    }

    /// Adds records of a segment until there are enough.
    ///
    /// @return whether the segment has more
    private boolean readFrom(SpoolSegment segment, List<CommittedRecord> records) {
        if (scan.isEmpty()) {
            scan = Optional.of(new SpoolSegment.Scan(segment, segment.end(), true));
        }
        SpoolSegment.Scan frames = scan.get();
        while (records.size() < TAKEN_MOST) {
            if (!frames.next()) {
                return false;
            }
            SpoolSegment.Place place = frames.place();
            if (isFactType(frames.type()) && place.start().compareTo(from) >= 0) {
                RecordCodec.decode(frames.type(), frames.payload())
                        .flatMap(entry -> committed(entry, place))
                        .ifPresent(records::add);
            }
        }
        return true;
    }

    /// Whether events are made of such records.
    static boolean isFactType(byte type) {
        return type == LogFormat.ACCEPTED
                || type == LogFormat.SETTLED
                || type == LogFormat.DEFERRED
                || type == LogFormat.QUARANTINED
                || type == LogFormat.OPERATOR
                || type == LogFormat.JOB
                || type == LogFormat.MOVED
                || type == LogFormat.NOTICE;
    }

    /// Empty where the message is unknown: it was damaged, and the finding says so; or it had left
    /// the queue already, and the record changed nothing.
    private Optional<CommittedRecord> committed(LogEntry entry, SpoolSegment.Place place) {
        return switch (entry) {
            case LogEntry.Accepted(LogEntry.Head head) ->
                    live.message(head.id(), place.start())
                            .map(m -> record(place, whole(head, m).record(), m));
            case LogEntry.Fact(SpoolRecord.Operator fact) -> Optional.of(record(place, fact));
            case LogEntry.Fact(SpoolRecord.Job fact) -> Optional.of(record(place, fact));
            case LogEntry.Fact(SpoolRecord.Notice fact) -> Optional.of(record(place, fact));
            case LogEntry.Fact(SpoolRecord.Settled fact) ->
                    live.message(fact.id(), place.start()).map(m -> record(place, fact, m));
            case LogEntry.Fact(SpoolRecord.Moved fact) ->
                    live.message(fact.id(), place.start()).map(m -> record(place, fact, m));
            case LogEntry.Fact(SpoolRecord.Deferred fact) ->
                    live.message(fact.id(), place.start()).map(m -> record(place, fact, m));
            case LogEntry.Fact(SpoolRecord.Quarantined fact) -> quarantined(fact, place);
            case LogEntry.Fact(SpoolRecord.Accepted _),
                    LogEntry.Carried _,
                    LogEntry.BodyPart _,
                    LogEntry.EnvelopePart _,
                    LogEntry.StillInForce _ ->
                    Optional.empty();
        };
    }

    /// Told where nothing can be read of the message, too.
    private Optional<CommittedRecord> quarantined(
            SpoolRecord.Quarantined fact, SpoolSegment.Place place) {
        Optional<SpooledMessage> message = live.message(fact.id(), place.start());
        boolean isNews = message.isPresent() || !live.isSettled(fact.id());
        return isNews
                ? Optional.of(new CommittedRecord(place.start(), place.next(), fact, message))
                : Optional.empty();
    }

    private static CommittedRecord record(SpoolSegment.Place place, SpoolRecord record) {
        return new CommittedRecord(place.start(), place.next(), record, Optional.empty());
    }

    private static LogEntry.Head whole(LogEntry.Head head, SpooledMessage message) {
        return head.envelope().isPresent() ? head : head.withEnvelope(message.envelope());
    }

    private static CommittedRecord record(
            SpoolSegment.Place place, SpoolRecord record, SpooledMessage message) {
        return new CommittedRecord(place.start(), place.next(), record, Optional.of(message));
    }
}
