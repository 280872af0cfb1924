package io.whimbrel.spool;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// What waits for the writer. Thread-safe. Bounded in count and bytes: who adds waits while it is
/// full, so the pressure goes to connections and deliveries.
final class Inbox {
    private static final int COUNT_MAX = 8192;
    private static final long BYTES_MAX = 8L << 20;

    /// So much is written at once, urgent or not.
    private static final long BYTES_WORTH_A_SYNC = 512L << 10;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition room = lock.newCondition();
    private final ArrayDeque<Submission> waiting = new ArrayDeque<>();
    private final long idleNanos;
    private final long outcomeNanos;
    private long bytes;
    private boolean isUrgent;
    private boolean isWriterIdle;
    private boolean isNudged;
    private boolean isClosed;

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

    /// @param idle when a quiet log gets its mark
    /// @param outcomeSyncMost how long an outcome may wait for others
    Inbox(Duration idle, Duration outcomeSyncMost) {
        this.idleNanos = idle.toNanos();
        // The write and the sync take time as well.
        this.outcomeNanos = outcomeSyncMost.toNanos() / 4 * 3;
    }

    /// Adds at the end; false where the inbox is closed.
    ///
    /// @param urgent somebody waits for the sync
    boolean put(Submission submission, boolean urgent) {
        lock.lock();
        try {
            while (!isClosed && isFull()) {
                work.signal();
                room.awaitUninterruptibly();
            }
            if (isClosed) {
                return false;
            }
            boolean isFirst = waiting.isEmpty();
            waiting.addLast(submission);
            bytes += submission.bytes();
            isUrgent |= urgent || outcomeNanos == 0;
            if (isWriterIdle && (isFirst || isReady())) {
                work.signal();
            }
            return true;
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

    /// Takes all that need not wait for a disk that fails.
    List<Submission> takeRefusable() {
        lock.lock();
        try {
            var taken = new ArrayList<Submission>();
            for (Submission submission : waiting) {
                if (submission.kind() != Submission.Kind.OUTCOME) {
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

    /// Waits for work; for the writer only.
    Wake await() {
        lock.lock();
        isWriterIdle = true;
        try {
            long idle = idleNanos;
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
    boolean hasRoom() {
        lock.lock();
        try {
            return !isFull();
        } finally {
            lock.unlock();
        }
    }

    private boolean isFull() {
        return waiting.size() >= COUNT_MAX || bytes >= BYTES_MAX;
    }

    private boolean isReady() {
        return isUrgent || bytes >= BYTES_WORTH_A_SYNC || isFull();
    }
}
