package io.whimbrel.spool;

import io.whimbrel.log.LogFormat;
import io.whimbrel.log.Position;
import io.whimbrel.log.SegmentPool;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.QueueId;
import io.whimbrel.smtp.SmtpReply;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/// The one that writes the log: gathers what waits, writes it in one go, syncs once, applies it,
/// and answers all who wait. Confined to its thread, but for what is said to be thread-safe.
///
/// A file whose write or sync failed is left at once: the next segment's header names the last good
/// end of it, so that recovery reads nothing behind. From then on mail is refused until a restart,
/// and outcomes go to the fresh segment.
final class SpoolWriter {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolWriter.class);

    static final SmtpReply FAILED =
            SmtpReply.of(451, 4, 3, 0, "The mail system cannot write to its disk");
    static final SmtpReply NO_ROOM =
            SmtpReply.of(452, 4, 3, 1, "The mail system has not enough disk space");
    static final SmtpReply BEHIND =
            SmtpReply.of(452, 4, 3, 1, "The mail system's disk does not keep up; try again later");
    static final SmtpReply UNTOLD =
            SmtpReply.of(
                    452,
                    4,
                    3,
                    1,
                    "The mail system's event log cannot be written or does not keep up; try again"
                            + " later");
    static final SmtpReply CLOSED = SmtpReply.of(451, 4, 3, 0, "The mail system is stopping");

    private static final int BATCH_BYTES_MAX = 1 << 20;

    /// Of each segment, kept for marks: reclaim needs to write one even where no spare is to be
    /// had.
    private static final int MARKS_BYTES = 2048;

    /// See [LogMark.ActionsInForce#passed].
    static final long THIS_RUN = Long.MAX_VALUE;

    private static final Duration BETWEEN_TRIES = Duration.ofSeconds(1);
    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(1);

    /// After so long without work the log gets a mark that proves the last batch.
    private static final Duration BEFORE_MARK = Duration.ofMillis(50);

    private final SegmentPool pool;
    private final Inbox inbox;
    private final LiveMessages live;
    private final CommittedRecords committed;
    private final Carrier carrier;
    private final Quarantine.Leaving damaged;
    private final AtomicLong lastId;
    private final InstantSource clock;
    private final Consumer<SpooledMessage> whenTried;
    private final ByteBuffer buffer;
    private final ArrayDeque<SpoolSegment> segments;
    private final ArrayDeque<SpoolSegment> reclaimed = new ArrayDeque<>();
    private final List<Inbox.Submission> retained = new ArrayList<>();
    private SpoolSegment current;
    private long announcedFirst;
    private boolean isUnmarked;
    private int failures;
    private volatile boolean isFailed;

    /// Where the next start begins to read at the latest; the index is durable up to there.
    private volatile Position checkpoint = Position.START;

    private final AtomicInteger checkpointsBegun = new AtomicInteger();
    private volatile int checkpointDone;
    private volatile boolean isCheckpointWanted;
    private volatile boolean isMarkWanted;
    private volatile Optional<LogMark> logMark = Optional.empty();
    private volatile boolean arePinsKnown;
    private final AtomicLong writtenBytes = new AtomicLong();

    /// @param pool where segments come from and go to
    /// @param live what the log says so far
    /// @param segments of the log, oldest first; the last one is fresh
    /// @param lastId the greatest queue id given out; others add to it
    /// @param whenTried told of messages that have left the queue, or were put off
    record Parts(
            SegmentPool pool,
            Inbox inbox,
            LiveMessages live,
            CommittedRecords committed,
            List<SpoolSegment> segments,
            Indexer indexer,
            AtomicLong lastId,
            InstantSource clock,
            Consumer<SpooledMessage> whenTried,
            Quarantine.Leaving damaged) {}

    SpoolWriter(Parts parts) {
        pool = parts.pool;
        inbox = parts.inbox;
        live = parts.live;
        committed = parts.committed;
        segments = new ArrayDeque<>(parts.segments);
        current = segments.getLast();
        announcedFirst = segments.getFirst().sequence();
        lastId = parts.lastId;
        clock = parts.clock;
        whenTried = parts.whenTried;
        carrier = new Carrier(live, parts.indexer);
        damaged = parts.damaged;
        segments.forEach(live::add);
        buffer = ByteBuffer.allocateDirect((int) Math.min(BATCH_BYTES_MAX, current.size()));
    }

    /// Why new mail cannot be taken at present. Thread-safe.
    Optional<SmtpReply> refusal() {
        if (isFailed) {
            return Optional.of(FAILED);
        }
        if (inbox.isReaderBehind()) {
            return Optional.of(UNTOLD);
        }
        return pool.hasRoom() ? Optional.empty() : Optional.of(NO_ROOM);
    }

    /// The thread's work, until the inbox is closed and empty.
    void run() {
        Inbox.Wake wake = Inbox.Wake.WORK;
        while (wake != Inbox.Wake.CLOSED) {
            if (failures > 1) {
                inbox.pause(BETWEEN_TRIES);
            } else if (retained.isEmpty() && !current.isBroken()) {
                wake = inbox.await(isUnmarked ? BEFORE_MARK : BETWEEN_LOOKS);
            }
            step(wake);
            if (failures > 1 && inbox.isClosed()) {
                giveUp();
                return;
            }
        }
        mark();
    }

    /// Writes what is waiting, one batch of it.
    ///
    /// @return whether anything was written
    boolean step(Inbox.Wake wake) {
        live.actions().passed(THIS_RUN, clock.instant());
        live.release(committed.released());
        carrier.forgetSettled();
        if (isMarkWanted) {
            isMarkWanted = false;
            logMark = Optional.of(live.mark(current, lastId.get()));
        }
        reclaim();
        var batch = new ArrayList<Inbox.Submission>();
        if (failures == 0) {
            damaged.next().ifPresent(batch::add);
        }
        addOwnWork(batch);
        if (retained.isEmpty()) {
            batch.addAll(inbox.take(batchBytesMax() - bytesOf(batch), batch.isEmpty()));
        } else {
            batch.addAll(retained);
            retained.clear();
        }
        refuseWhatCannotBe(batch);
        boolean isMarkDue =
                current.isBroken()
                        || isAnnouncementDue()
                        || (wake == Inbox.Wake.IDLE && isUnmarked);
        return (!batch.isEmpty() || isMarkDue) && write(batch);
    }

    /// A checkpoint begins: what the index is told from now on may not be in it. The index
    /// thread's.
    ///
    /// @return its number
    int checkpointBegins() {
        return checkpointsBegun.incrementAndGet();
    }

    /// The index is durable with all that is before `position`. The index thread's.
    void checkpointed(int number, Position position) {
        checkpoint = position;
        checkpointDone = number;
        isCheckpointWanted = false;
        inbox.nudge();
    }

    /// Whether a segment could go, or be emptied, if the index were durable up to its end.
    /// Thread-safe.
    boolean isCheckpointWanted() {
        return isCheckpointWanted;
    }

    /// Asks for a mark of the log as it is now. Thread-safe.
    void wantMark() {
        logMark = Optional.empty();
        isMarkWanted = true;
        inbox.nudge();
    }

    /// What [#wantMark] asked for, once it is there. Thread-safe.
    Optional<LogMark> wantedMark() {
        return logMark;
    }

    /// Bytes written to the log since the start. Thread-safe.
    long writtenBytes() {
        return writtenBytes.get();
    }

    /// A mark of the log as it is; for who has stopped the writer.
    LogMark markNow() {
        live.actions().passed(THIS_RUN, clock.instant());
        return live.mark(current, lastId.get());
    }

    /// The rows of the index have been counted: from here on segments may go. Thread-safe.
    void pinsAreKnown() {
        arePinsKnown = true;
        inbox.nudge();
    }

    /// Takes damaged messages out of the queue, before the thread runs.
    ///
    /// @throws IOException where that cannot be made durable
    void takeOut(List<QueueId> ids) throws IOException {
        var left = new ArrayDeque<>(ids);
        while (!left.isEmpty()) {
            Inbox.Submission submission = damaged.found(left);
            write(new ArrayList<>(List.of(submission)));
            Optional<SmtpReply> refusal = submission.await();
            if (refusal.isPresent()) {
                throw new IOException(refusal.get().text());
            }
        }
    }

    /// Damaged messages that leave the queue at the head of the next batch, once the writer is
    /// nudged.
    Quarantine.Leaving damaged() {
        return damaged;
    }

    /// Writes a last mark, so that the next start can tell damage to the last batch from a torn
    /// one.
    void mark() {
        if (isUnmarked && !current.isBroken()) {
            write(new ArrayList<>());
        }
    }

    /// Closes the files of the log, once nothing is written any more.
    void closeFiles() throws IOException {
        for (SpoolSegment segment : segments) {
            segment.file().close();
        }
    }

    /// Nobody must wait for a writer that has ended.
    void refuseAll() {
        inbox.close();
        for (Inbox.Submission left : inbox.take(Long.MAX_VALUE, true)) {
            left.refuse(CLOSED);
        }
    }

    private void giveUp() {
        if (!retained.isEmpty()) {
            LOG.error(
                    "{} batches of outcomes could not be written; their recipients will be tried"
                            + " again",
                    retained.size());
            retained.clear();
        }
        refuseAll();
    }

    /// Copies of what still matters in the oldest segment go first: they say what was so before the
    /// rest of the batch.
    private void addOwnWork(List<Inbox.Submission> batch) {
        if (failures > 0 || isFailed || segments.size() < 2 || !isReleased(segments.getFirst())) {
            return;
        }
        SpoolSegment oldest = segments.getFirst();
        if (!arePinsKnown || !isBehindCheckpoint(oldest)) {
            return;
        }
        List<LogEntry> actions = live.inForceIn(oldest);
        boolean isOnlyActions = oldest.pinnedBytes() == 0 && !actions.isEmpty();
        if (isOnlyActions) {
            List<Inbox.Item> records = actions.stream().map(Inbox.Item::of).toList();
            batch.add(new Inbox.Submission(Inbox.Kind.WAITED, records, _ -> {}));
        } else if (carrier.isWorthwhile(segments, pool.hasRoom())) {
            carrier.next(oldest, batchBytesMax() / 4).ifPresent(batch::add);
        }
    }

    private boolean isReleased(SpoolSegment segment) {
        return segment.factsEnd().offset() == 0
                || committed.released().compareTo(segment.factsEnd()) >= 0;
    }

    /// Whether a recovery reads nothing of the segment.
    private boolean isBehindCheckpoint(SpoolSegment segment) {
        boolean isBehind = checkpoint.segment() > segment.sequence();
        isCheckpointWanted |= !isBehind;
        return isBehind;
    }

    private boolean isAnnouncementDue() {
        return segments.getFirst().sequence() != announcedFirst;
    }

    private void refuseWhatCannotBe(List<Inbox.Submission> batch) {
        batch.removeIf(submission -> {
            boolean isRefused = submission.kind() == Inbox.Kind.MAIL && isFailed;
            if (isRefused || submission.isAbandoned()) {
                submission.refuse(FAILED);
                return true;
            }
            return false;
        });
    }

    private boolean write(List<Inbox.Submission> batch) {
        if (!hasPlace(batch) && !takeFreshSegment(batch)) {
            // Where only the announcement has a place, it may make the spare that is missing.
            return isAnnouncementDue() && hasPlace(List.of()) && write(new ArrayList<>());
        }
        int start = (int) current.end();
        int length = (int) (LogFormat.BATCH_BYTES + bytesOf(batch));
        ByteBuffer bytes = encode(batch, start, length);
        try {
            current.file().write(bytes, start);
            current.file().sync();
        } catch (IOException e) {
            LOG.error(
                    "{} at {}: {}; mail is refused until the next start",
                    current.name(),
                    start,
                    e.getMessage());
            current.breakOff();
            isFailed = true;
            putAside(batch, FAILED);
            return false;
        }
        if (failures > 0) {
            failures = 0;
            inbox.diskWorks();
        }
        current.endsAt((long) start + length);
        writtenBytes.addAndGet(length);
        isUnmarked = !batch.isEmpty();
        announcedFirst = segments.getFirst().sequence();
        commit(batch, start + LogFormat.BATCH_BYTES);
        reclaimed.forEach(pool::retire);
        reclaimed.clear();
        return true;
    }

    private boolean hasPlace(List<Inbox.Submission> batch) {
        long kept = batch.isEmpty() ? 0 : MARKS_BYTES;
        long end = current.end() + LogFormat.BATCH_BYTES + bytesOf(batch);
        return !current.isBroken() && end <= current.size() - kept;
    }

    /// Goes on to the next segment. Mail does not get one while the disk is short of room.
    private boolean takeFreshSegment(List<Inbox.Submission> batch) {
        pool.measure();
        if (!pool.hasRoom()) {
            refuse(batch, Inbox.Kind.MAIL, NO_ROOM);
            if (!batch.isEmpty() && hasPlace(batch)) {
                return true;
            }
        }
        // After a failed write the end of the good part must become durable, outcomes or not.
        if (batch.isEmpty() && !isAnnouncementDue() && !current.isBroken()) {
            return false;
        }
        try {
            var before =
                    new SegmentPool.Succession(
                            current.sequence(), current.generation(), current.end());
            long bytes = LogFormat.BATCH_BYTES + bytesOf(batch) + MARKS_BYTES;
            current = pool.take(before, bytes, segments.getFirst().sequence(), lastId.get());
            segments.addLast(current);
            live.add(current);
            return true;
        } catch (SegmentPool.NoSpare e) {
            LOG.warn("{}", e.getMessage());
            putAside(batch, NO_ROOM);
            return false;
        } catch (IOException e) {
            LOG.error("a fresh segment: {}; mail is refused until the next start", e.getMessage());
            // The next start may find the fresh one all the same, and its header says that the log
            // ends here.
            current.breakOff();
            isFailed = true;
            putAside(batch, FAILED);
            return false;
        }
    }

    /// Outcomes wait in memory for the next try; all others are told, now and while the inbox is
    /// full of outcomes.
    private void putAside(List<Inbox.Submission> batch, SmtpReply reply) {
        failures++;
        carrier.restart();
        batch.addAll(inbox.takeRefusable(reply));
        refuse(batch, Inbox.Kind.MAIL, reply);
        refuse(batch, Inbox.Kind.WAITED, reply);
        retained.addAll(batch);
    }

    private static void refuse(List<Inbox.Submission> batch, Inbox.Kind kind, SmtpReply reply) {
        batch.removeIf(submission -> {
            if (submission.kind() != kind) {
                return false;
            }
            submission.refuse(reply);
            return true;
        });
    }

    private ByteBuffer encode(List<Inbox.Submission> batch, int start, int length) {
        ByteBuffer out =
                length <= buffer.capacity()
                        ? buffer.clear().limit(length)
                        : ByteBuffer.allocateDirect(length);
        int count = 0;
        int at = LogFormat.BATCH_BYTES;
        for (Inbox.Submission submission : batch) {
            for (Inbox.Item record : submission.items()) {
                out.put(at + LogFormat.FRAME_BYTES, record.head());
                Inbox.Bytes tail = record.tail();
                int tailAt = at + LogFormat.FRAME_BYTES + record.head().length;
                out.put(tailAt, tail.array(), tail.from(), tail.length());
                int payload = record.frameBytes() - LogFormat.FRAME_BYTES;
                byte type = RecordCodec.type(record.entry());
                LogFormat.seal(out, at, type, current.generation(), payload);
                at += record.frameBytes();
                count++;
            }
        }
        var record =
                new LogFormat.BatchRecord(
                        current.sequence(),
                        start,
                        length,
                        count,
                        new Position(current.sequence(), start),
                        segments.getFirst().sequence(),
                        lastId.get());
        LogFormat.putBatch(record, current.generation(), out, 0);
        return out.position(0).limit(length);
    }

    private void commit(List<Inbox.Submission> batch, int firstFrame) {
        var facts = new ArrayList<CommittedRecord>(batch.size());
        int at = firstFrame;
        for (Inbox.Submission submission : batch) {
            for (Inbox.Item record : submission.items()) {
                var place = new SpoolSegment.Place(current, at, record.frameBytes());
                apply(submission, record, place, facts);
                at += record.frameBytes();
            }
        }
        for (Inbox.Submission submission : batch) {
            submission.durable();
        }
        inbox.answered();
        committed.add(facts);
    }

    private void apply(
            Inbox.Submission submission,
            Inbox.Item record,
            SpoolSegment.Place place,
            List<CommittedRecord> facts) {
        switch (record.entry()) {
            case LogEntry.BodyPart _ -> {
                record.draft().orElseThrow().addBodyPart(place);
                live.opened(record.draft().orElseThrow());
            }
            case LogEntry.EnvelopePart _ -> {
                record.draft().orElseThrow().addEnvelopePart(place);
                live.opened(record.draft().orElseThrow());
            }
            case LogEntry.Accepted(LogEntry.Head head) -> {
                SpooledMessage.Location location = record.draft().orElseThrow().commit(place);
                SpooledMessage message = head.message(location);
                live.committed(record.draft().orElseThrow());
                live.accept(message);
                submission.messages().add(message);
                addFact(facts, place, head.record(), Optional.of(message));
            }
            case LogEntry.Fact(SpoolRecord fact) -> {
                Optional<SpooledMessage> message = live.apply(fact, place);
                addFact(facts, place, fact, message);
                boolean isDeferred = fact instanceof SpoolRecord.Deferred;
                message.filter(m -> isDeferred || m.isOver()).ifPresent(whenTried);
            }
            case LogEntry.Carried(LogEntry.Head head, List<RecoveredMessage.Waiting> _) -> {
                SpooledMessage.Location location = record.draft().orElseThrow().commit(place);
                live.committed(record.draft().orElseThrow());
                live.moved(live.inMemory(head.id()).orElseThrow(), location);
            }
            case LogEntry.StillInForce(SpoolRecord.Operator action) ->
                    live.applyAction(action, current.sequence());
        }
    }

    private void addFact(
            List<CommittedRecord> facts,
            SpoolSegment.Place place,
            SpoolRecord record,
            Optional<SpooledMessage> message) {
        boolean isKnown = message.isPresent() || record.isOfNoMessage();
        boolean isQuarantine = record instanceof SpoolRecord.Quarantined;
        if (record instanceof SpoolRecord.Quarantined(_, QueueId id, _, _)) {
            damaged.isOut(id);
            isKnown |= !live.isSettled(id);
        }
        if (isKnown) {
            current.factsEndAt(place.next().offset());
            // A start takes damaged messages out before the event log comes.
            if (committed.isRead() || isQuarantine) {
                facts.add(new CommittedRecord(place.start(), place.next(), record, message));
            }
        }
    }

    /// Lets go of the oldest segments that nobody needs. Their files are taken back once a batch
    /// that says so is durable.
    private void reclaim() {
        noteEmptied();
        while (segments.size() > 1) {
            SpoolSegment oldest = segments.getFirst();
            if (!oldest.isEmpty()) {
                return;
            }
            boolean leadRowsThere = checkpointDone <= oldest.emptiedIn();
            if (leadRowsThere || checkpoint.segment() <= oldest.sequence()) {
                // A recovery would begin with those rows, or to read there.
                isCheckpointWanted = true;
                return;
            }
            live.remove(oldest);
            reclaimed.addLast(segments.removeFirst());
        }
    }

    private void noteEmptied() {
        for (SpoolSegment segment : segments) {
            boolean isNeeded =
                    segment == current
                            || !arePinsKnown
                            || segment.pinnedBytes() != 0
                            || !isReleased(segment)
                            || !live.inForceIn(segment).isEmpty();
            if (isNeeded) {
                return;
            }
            if (!segment.isEmpty()) {
                segment.emptiedIn(checkpointsBegun.get());
            }
        }
    }

    private long batchBytesMax() {
        long most = Math.min(buffer.capacity(), current.size() - LogFormat.HEADER_BYTES);
        return most - MARKS_BYTES - LogFormat.BATCH_BYTES;
    }

    private static long bytesOf(List<Inbox.Submission> batch) {
        long sum = 0;
        for (Inbox.Submission submission : batch) {
            sum += submission.bytes();
        }
        return sum;
    }
}
