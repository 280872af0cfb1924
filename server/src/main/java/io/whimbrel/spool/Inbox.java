package io.whimbrel.spool;

import io.whimbrel.log.LogFormat;
import io.whimbrel.smtp.SmtpReply;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// What waits for the writer. Thread-safe. Bounded in count and bytes: who adds waits while it is
/// full, so the pressure goes to connections and deliveries. Where it is full because the disk
/// fails, only outcomes wait: a client or an operator is told.
///
/// Who adds an outcome also waits while an older one is not durable after a few times
/// `outcomeSyncMost`: so deliveries stop while the disk stalls, and a crash repeats few of them.
/// Once the node stops it does not wait for that: what was delivered by then would be repeated.
final class Inbox {
    private static final int COUNT_MAX = 8192;
    private static final long BYTES_MAX = 8L << 20;

    /// So much is written at once, urgent or not.
    private static final long BYTES_WORTH_A_SYNC = 512L << 10;

    /// An outcome is never called late before it is so old.
    private static final Duration LATE_LEAST = Duration.ofMillis(200);

    private static final int LATE_AFTER_SYNCS = 5;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition room = lock.newCondition();
    private final ArrayDeque<Submission> waiting = new ArrayDeque<>();

    /// Those that are not durable, oldest first; what the writer has in hand is among them.
    private final ArrayDeque<Outcome> outcomes = new ArrayDeque<>();

    private final InstantSource clock;
    private final long outcomeNanos;
    private final Duration lateAfter;
    private long bytes;
    private boolean isUrgent;
    private boolean isWriterIdle;
    private boolean isNudged;
    private boolean isClosed;
    private boolean isStopping;
    private volatile boolean isReaderBehind;

    /// Of the disk; empty while it works.
    private Optional<SmtpReply> trouble = Optional.empty();

    /// Why the writer goes on.
    enum Wake {
        /// There are submissions whose time has come.
        WORK,
        /// Nothing came for a while.
        IDLE,
        /// Somebody wants the writer to look around.
        NUDGE,
        CLOSED
    }

    private record Outcome(Submission submission, Instant since) {}

    /// @param outcomeSyncMost how long an outcome may wait for others
    Inbox(Duration outcomeSyncMost, InstantSource clock) {
        this.clock = clock;
        // The write and the sync take time as well.
        this.outcomeNanos = outcomeSyncMost.toNanos() / 4 * 3;
        Duration some = outcomeSyncMost.multipliedBy(LATE_AFTER_SYNCS);
        this.lateAfter = some.compareTo(LATE_LEAST) > 0 ? some : LATE_LEAST;
    }

    /// Adds at the end, or says why not: the inbox is closed, or full and the disk fails, or the
    /// event log is far behind.
    ///
    /// @param urgent somebody waits for the sync
    Optional<SmtpReply> put(Submission submission, boolean urgent) {
        lock.lock();
        try {
            while (mustWait(submission.kind())) {
                work.signal();
                room.awaitUninterruptibly();
            }
            if (isClosed) {
                return Optional.of(SpoolWriter.CLOSED);
            }
            if (isReaderBehind && submission.kind() != Kind.OUTCOME) {
                return Optional.of(SpoolWriter.UNTOLD);
            }
            if (isFull()) {
                return trouble;
            }
            boolean isFirst = waiting.isEmpty();
            waiting.addLast(submission);
            bytes += submission.bytes();
            if (submission.kind() == Kind.OUTCOME) {
                outcomes.addLast(new Outcome(submission, clock.instant()));
            }
            isUrgent |= urgent || outcomeNanos == 0;
            if (isWriterIdle && (isFirst || isReady())) {
                work.signal();
            }
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /// Takes what fits into a batch, in order.
    ///
    /// @param atLeastOne the first one is taken even where it is larger
    List<Submission> take(long bytesMost, boolean atLeastOne) {
        lock.lock();
        try {
            var taken = new ArrayList<Submission>(Math.min(waiting.size(), 256));
            long sum = 0;
            while (!waiting.isEmpty()) {
                long next = waiting.getFirst().bytes();
                boolean isForced = atLeastOne && taken.isEmpty();
                if (!isForced && sum + next > bytesMost) {
                    break;
                }
                sum += next;
                taken.add(waiting.removeFirst());
            }
            bytes -= sum;
            isUrgent &= !waiting.isEmpty();
            room.signalAll();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /// The disk failed: takes all that need not wait for it, and keeps others like it from waiting
    /// for room until [#diskWorks].
    List<Submission> takeRefusable(SmtpReply reply) {
        lock.lock();
        try {
            trouble = Optional.of(reply);
            var taken = new ArrayList<Submission>();
            for (Submission submission : waiting) {
                if (submission.kind() != Kind.OUTCOME) {
                    taken.add(submission);
                    bytes -= submission.bytes();
                }
            }
            waiting.removeAll(Set.copyOf(taken));
            room.signalAll();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /// Whether so many durable records wait for the event log that there must not be more: then
    /// outcomes wait, and all others are told.
    void readerIsBehind(boolean isBehind) {
        lock.lock();
        try {
            isReaderBehind = isBehind;
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean isReaderBehind() {
        return isReaderBehind;
    }

    /// What the writer took has been answered.
    void answered() {
        lock.lock();
        try {
            while (!outcomes.isEmpty() && outcomes.getFirst().submission.isDone()) {
                outcomes.removeFirst();
            }
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Something could be made durable again.
    void diskWorks() {
        lock.lock();
        try {
            trouble = Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /// Waits for work; for the writer only.
    ///
    /// @param quiet how long nothing must come for [Wake#IDLE]
    Wake await(Duration quiet) {
        lock.lock();
        isWriterIdle = true;
        try {
            long idle = quiet.toNanos();
            long outcome = outcomeNanos;
            while (true) {
                if (!waiting.isEmpty() && (isReady() || outcome <= 0)) {
                    return Wake.WORK;
                }
                if (isClosed) {
                    return waiting.isEmpty() ? Wake.CLOSED : Wake.WORK;
                }
                if (isNudged) {
                    isNudged = false;
                    return Wake.NUDGE;
                }
                if (waiting.isEmpty()) {
                    idle = work.awaitNanos(idle);
                    if (idle <= 0 && waiting.isEmpty()) {
                        return Wake.IDLE;
                    }
                } else {
                    outcome = work.awaitNanos(outcome);
                }
            }
        } catch (InterruptedException _) {
            // Nobody interrupts the writer; should it happen, it goes on with what is there.
            return waiting.isEmpty() ? Wake.IDLE : Wake.WORK;
        } finally {
            isWriterIdle = false;
            lock.unlock();
        }
    }

    /// Waits before the disk is tried again; less where the spool closes.
    void pause(Duration wait) {
        lock.lock();
        try {
            long rest = wait.toNanos();
            while (rest > 0 && !isClosed) {
                rest = work.awaitNanos(rest);
            }
        } catch (InterruptedException _) {
            // As in await: the writer goes on.
        } finally {
            lock.unlock();
        }
    }

    /// Somebody waits for what is in the inbox by now.
    void hurry() {
        lock.lock();
        try {
            if (!waiting.isEmpty()) {
                isUrgent = true;
                work.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Wakes the writer although there is nothing to write.
    void nudge() {
        lock.lock();
        try {
            isNudged = true;
            work.signal();
        } finally {
            lock.unlock();
        }
    }

    /// From here on outcomes wait for room only: there are no more than deliveries in flight, and
    /// [#close] drops those that wait.
    void stopBegins() {
        lock.lock();
        try {
            isStopping = true;
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Nothing more is taken in; what is there may still be taken out.
    void close() {
        lock.lock();
        try {
            isClosed = true;
            work.signalAll();
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean isClosed() {
        lock.lock();
        try {
            return isClosed;
        } finally {
            lock.unlock();
        }
    }

    /// Whether [#put] would wait.
    boolean wouldWait(Kind kind) {
        lock.lock();
        try {
            return mustWait(kind);
        } finally {
            lock.unlock();
        }
    }

    private boolean mustWait(Kind kind) {
        boolean mustWait =
                kind == Kind.OUTCOME
                        ? isFull() || (!isStopping && (isReaderBehind || isLate()))
                        : isFull() && trouble.isEmpty() && !isReaderBehind;
        return mustWait && !isClosed;
    }

    private boolean isLate() {
        Outcome oldest = outcomes.peekFirst();
        return oldest != null && clock.instant().isAfter(oldest.since.plus(lateAfter));
    }

    private boolean isFull() {
        return waiting.size() >= COUNT_MAX || bytes >= BYTES_MAX;
    }

    private boolean isReady() {
        return isUrgent || bytes >= BYTES_WORTH_A_SYNC || isFull();
    }

    /// What becomes of a submission when the disk fails or is full.
    enum Kind {
        /// Refused, for the client keeps the message.
        MAIL,
        /// Refused, for the caller is told.
        WAITED,
        /// Kept in memory until it can be made durable.
        OUTCOME
    }

    /// @param head payload
    /// @param tail of a part, its bytes, which follow `head`
    /// @param draft the message that a part or an `accepted` record belongs to
    record Item(LogEntry entry, byte[] head, Bytes tail, Optional<SpooledMessage.Draft> draft) {

        static Item of(LogEntry entry) {
            byte[] head = RecordCodec.encode(entry);
            return new Item(entry, head, Bytes.NONE, Optional.empty());
        }

        static Item of(LogEntry entry, Bytes tail, SpooledMessage.Draft draft) {
            return new Item(entry, RecordCodec.encode(entry), tail, Optional.of(draft));
        }

        int frameBytes() {
            return LogFormat.FRAME_BYTES + head.length + tail.length;
        }
    }

    /// A slice of an array that is not changed any more.
    record Bytes(byte[] array, int from, int length) {
        static final Bytes NONE = new Bytes(new byte[0], 0, 0);

        static Bytes of(byte[] whole) {
            return new Bytes(whole, 0, whole.length);
        }

        /// An array of exactly these bytes; the array itself where it is that.
        byte[] exactly() {
            return length == array.length ? array : Arrays.copyOfRange(array, from, from + length);
        }
    }

    /// Records that somebody wants in the log, in one batch, with the one who waits for them.
    /// Thread-safe: a caller waits, the writer answers.
    static final class Submission {
        private static final Logger LOG = LoggerFactory.getLogger(Submission.class);

        private final Kind kind;
        private final List<Item> items;
        private final int bytes;
        private final Consumer<List<SpooledMessage>> whenDurable;
        private final List<SpooledMessage> messages = new ArrayList<>(1);
        private Optional<SmtpReply> refusal = Optional.empty();
        private volatile boolean isDone;
        private volatile Optional<Thread> waiter = Optional.empty();

        /// @param whenDurable run by the writer after the sync; must not block
        Submission(Kind kind, List<Item> items, Consumer<List<SpooledMessage>> whenDurable) {
            this.kind = kind;
            this.items = items;
            this.whenDurable = whenDurable;
            int sum = 0;
            for (Item item : items) {
                sum = Math.addExact(sum, item.frameBytes());
            }
            this.bytes = sum;
        }

        Kind kind() {
            return kind;
        }

        List<Item> items() {
            return items;
        }

        /// Of all frames.
        int bytes() {
            return bytes;
        }

        boolean isDone() {
            return isDone;
        }

        /// Whether a piece of the message is missing in the log, or nobody wants it any more.
        boolean isAbandoned() {
            for (Item item : items) {
                if (item.draft.isPresent() && item.draft.get().isOver()) {
                    return true;
                }
            }
            return false;
        }

        /// The messages that its `accepted` records committed; the writer adds them.
        List<SpooledMessage> messages() {
            return messages;
        }

        void durable() {
            try {
                whenDurable.accept(List.copyOf(messages));
            } catch (RuntimeException e) {
                // A bug elsewhere must not end the writer.
                LOG.error("after a sync", e);
            }
            finish();
        }

        void refuse(SmtpReply reply) {
            for (Item item : items) {
                item.draft.ifPresent(SpooledMessage.Draft::drop);
            }
            refusal = Optional.of(reply);
            finish();
        }

        /// Waits for the writer, and says why it refused; empty where all is durable. An interrupt
        /// does not end the wait: the records may be in the log by then.
        Optional<SmtpReply> await() {
            waiter = Optional.of(Thread.currentThread());
            boolean isInterrupted = false;
            while (!isDone) {
                LockSupport.park(this);
                isInterrupted |= Thread.interrupted();
            }
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
            return refusal;
        }

        private void finish() {
            isDone = true;
            waiter.ifPresent(LockSupport::unpark);
        }
    }
}
