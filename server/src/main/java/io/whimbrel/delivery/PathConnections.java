package io.whimbrel.delivery;

import io.whimbrel.egress.EgressPath;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// How many connections one egress path has, and which of their threads sleeps. Thread-safe, one
/// lock.
///
/// Each connection is a thread that takes entries until there are none. Work that is announced
/// ([#workReady]) wakes a sleeping thread, the one that slept last, or starts another, one for each
/// announcement, up to the limit; beyond it, threads that are busy take it when they are done. No
/// announcement is lost: a thread reads [#announced] before it takes, and may sleep or end only
/// while that is unchanged.
///
/// A thread whose source a limit holds back sleeps until that has room, and is not woken by
/// announcements. While there is one for each source, no other connection is begun: it would only
/// wait too.
///
/// How many connections the hosts like is found out (as Postfix does: 1/N feedback): it begins with
/// [#WINDOW_FIRST], each transaction that a host goes through with raises it by one part in as
/// many, a connection that fails while others work lowers it to those. Until a host has gone
/// through with a first transaction at most [#WINDOW_FIRST] are tried. When none works and one
/// fails, the path rests, for as long as [PathRests] says, which outlives this object: one thread
/// stays, sleeps, and is then the first to try. Where a rest is not over when this object is made,
/// after a restart, the first thread begins with what is left of it.
final class PathConnections {
    static final int WINDOW_FIRST = 5;

    /// After a connection was not allowed, for how long no other is begun beside those there are.
    private static final Duration NO_MORE_FOR = Duration.ofSeconds(1);

    /// Never added to: very many paths may wait for their first connection.
    private static final Deque<Seat> NOBODY = new ArrayDeque<>(0);

    private final ReentrantLock lock = new ReentrantLock();

    /// A rest may be over, or a limit.
    private final Condition changed = lock.newCondition();

    /// The one that slept last first; [#NOBODY] until one has.
    private Deque<Seat> sleeping = NOBODY;

    private final EgressPath path;
    private final PathRests rests;
    private final InstantSource clock;
    private final Consumer<PathConnections> starter;
    private int most;

    /// Connections: threads of this path, whatever they do.
    private int threads;

    /// Of these, started or woken and not yet back from taking.
    private int seekers;

    /// Of these, with a session that has come to be.
    private int established;

    private final AtomicLong announced = new AtomicLong();
    private boolean isProven;
    private boolean isResting;

    /// The rest is one from before, and no thread sits it out yet.
    private boolean isRestInherited;

    private boolean isClosing;
    private boolean isRetired;
    private double window = WINDOW_FIRST;
    private Instant noMoreUntil = Instant.MIN;

    /// Threads that limits hold back, by their source.
    private Map<String, Integer> heldBack = Map.of();

    /// Sessions by their source.
    private volatile Map<String, Integer> fromSources = Map.of();

    private int sources = 1;

    /// Where one thread sleeps.
    final class Seat {
        private final Condition condition = lock.newCondition();
        private boolean isWoken;
        private long seen;
        private int passedOver;

        /// Of its thread alone, before it sleeps.
        ///
        /// @param announcedBefore [#announced] before the take that found nothing
        /// @param left how many entries wait that are not for its thread's session
        Seat after(long announcedBefore, int left) {
            seen = announcedBefore;
            passedOver = left;
            return this;
        }

        /// Whether there may be anything for it among what waits.
        private boolean isOfUse() {
            return passedOver == 0 || seen != announced.get();
        }
    }

    /// What a thread whose connection failed is to do.
    enum AfterFailure {
        /// Others work: give the entry back and end.
        LEAVE_IT_TO_OTHERS,
        /// None works: settle what waits, then rest.
        REST,
        /// Another thread does that already: settle the entry and end.
        END
    }

    /// @param most connections at once
    /// @param starter starts a thread of this path; must not block
    PathConnections(
            EgressPath path,
            int most,
            PathRests rests,
            InstantSource clock,
            Consumer<PathConnections> starter) {
        this.path = path;
        this.most = most;
        this.rests = rests;
        this.clock = clock;
        this.starter = starter;
        isRestInherited = rests.left(path).isPositive();
        isResting = isRestInherited;
    }

    EgressPath path() {
        return path;
    }

    Seat newSeat() {
        return new Seat();
    }

    /// For [#mayStay].
    long announced() {
        return announced.get();
    }

    /// Entries wait.
    ///
    /// @param ready how many, at this moment
    /// @return false where this object has ended and another is to be made for the path
    boolean workReady(int ready) {
        lock.lock();
        try {
            if (isRetired) {
                return false;
            }
            announced.incrementAndGet();
            // Where others have just taken it, one look too many does no harm.
            seekFor(Math.max(1, ready));
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// A thread has looked into the queue.
    ///
    /// @param wasSeeking it was counted as about to look: started, woken, or back from a rest
    /// @param ready how many entries still wait
    void looked(boolean wasSeeking, int ready) {
        lock.lock();
        try {
            if (wasSeeking) {
                seekers--;
            }
            seekFor(ready);
        } finally {
            lock.unlock();
        }
    }

    /// Waits for work, or ends the thread.
    ///
    /// @param idleMost how long to wait
    /// @return whether there may be work; where not, the thread is not counted any more and must
    ///   end without taking
    boolean mayStay(Seat seat, Duration idleMost) throws InterruptedException {
        lock.lock();
        try {
            if (announced.get() != seat.seen && !isClosing) {
                seekers++;
                return true;
            }
            long nanos = isClosing ? 0 : idleMost.toNanos();
            if (sleeping.isEmpty()) {
                sleeping = new ArrayDeque<>(2);
            }
            sleeping.addFirst(seat);
            while (!seat.isWoken && nanos > 0 && !isClosing) {
                nanos = seat.condition.awaitNanos(nanos);
            }
            if (seat.isWoken) {
                seat.isWoken = false;
                return true;
            }
            sleeping.remove(seat);
            end();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until a limit may have room for `source`, whatever is announced meanwhile. The thread
    /// seeks afterwards.
    ///
    /// @param most how long
    void waitForLimit(String source, Duration most) throws InterruptedException {
        lock.lock();
        heldBack = counted(heldBack, source, 1);
        try {
            long nanos = most.toNanos();
            while (nanos > 0 && !isClosing) {
                nanos = changed.awaitNanos(nanos);
            }
        } finally {
            heldBack = counted(heldBack, source, -1);
            seekers++;
            lock.unlock();
        }
    }

    private static Map<String, Integer> counted(
            Map<String, Integer> before, String source, int change) {
        Map<String, Integer> next = new HashMap<>(before);
        next.merge(source, change, Integer::sum);
        next.values().removeIf(count -> count == 0);
        return Map.copyOf(next);
    }

    /// A limit allows no further connection: none is begun beside those there are, for a while.
    void notAllowed() {
        lock.lock();
        try {
            noMoreUntil = clock.instant().plus(NO_MORE_FOR);
        } finally {
            lock.unlock();
        }
    }

    /// From how many sources its mail may leave.
    void sources(int count) {
        lock.lock();
        try {
            sources = count;
        } finally {
            lock.unlock();
        }
    }

    /// Whether no other connection may be begun beside those there are.
    boolean isFull() {
        lock.lock();
        try {
            return threads >= limit();
        } finally {
            lock.unlock();
        }
    }

    /// Threads that sleep.
    int sleeping() {
        lock.lock();
        try {
            return sleeping.size();
        } finally {
            lock.unlock();
        }
    }

    /// Connections, whatever they do.
    int connections() {
        lock.lock();
        try {
            return threads;
        } finally {
            lock.unlock();
        }
    }

    /// Connections that have come to be.
    int established() {
        lock.lock();
        try {
            return established;
        } finally {
            lock.unlock();
        }
    }

    /// A session has come to be.
    void connected(String source) {
        lock.lock();
        try {
            established++;
            fromSources = counted(fromSources, source, 1);
        } finally {
            lock.unlock();
        }
    }

    /// A host went through with a transaction, whatever it answered, in a session that is not new.
    void succeeded() {
        lock.lock();
        try {
            window = Math.min(most, window + 1 / window);
        } finally {
            lock.unlock();
        }
    }

    /// A host went through with the first transaction of a session, whatever it answered.
    void proved() {
        lock.lock();
        try {
            isProven = true;
            window = Math.min(most, window + 1 / window);
            rests.forget(path);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Whether there is a session from `source`.
    boolean isFrom(String source) {
        return fromSources.containsKey(source);
    }

    /// A session is over.
    void disconnected(String source) {
        lock.lock();
        try {
            established--;
            fromSources = counted(fromSources, source, -1);
        } finally {
            lock.unlock();
        }
    }

    /// No host would give a session. Where the answer is not [AfterFailure#REST], the thread is not
    /// counted any more.
    AfterFailure connectFailed() {
        lock.lock();
        try {
            if (established > 0) {
                window = Math.clamp(established, 1, most);
                end();
                return AfterFailure.LEAVE_IT_TO_OTHERS;
            }
            isProven = false;
            if (isResting) {
                end();
                return AfterFailure.END;
            }
            isResting = true;
            return AfterFailure.REST;
        } finally {
            lock.unlock();
        }
    }

    /// A new session broke before a host went through with anything.
    ///
    /// @return whether the thread is to rest; not where others work, or rest already
    boolean mayRestAfterBreak() {
        lock.lock();
        try {
            if (established > 0 || isResting) {
                return false;
            }
            isProven = false;
            isResting = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Sleeps for the rest that is due, or until another thread's session turns out to work; what
    /// is announced meanwhile waits. The thread seeks afterwards.
    void rest() throws InterruptedException {
        lock.lock();
        try {
            // What ends because we stop says nothing about the hosts.
            boolean counts = !isProven && !isClosing;
            sitOut(counts ? rests.begin(path) : Duration.ZERO);
        } finally {
            isResting = false;
            seekers++;
            lock.unlock();
        }
    }

    /// The first thing that a thread does: sleeps for what is left of a rest from before, where
    /// there is one that no other thread sits out. The thread seeks before and afterwards.
    void restFirst() throws InterruptedException {
        lock.lock();
        try {
            if (isRestInherited) {
                isRestInherited = false;
                try {
                    sitOut(rests.left(path));
                } finally {
                    isResting = false;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void sitOut(Duration rest) throws InterruptedException {
        long nanos = rest.toNanos();
        while (nanos > 0 && !isProven && !isClosing) {
            nanos = changed.awaitNanos(nanos);
        }
    }

    /// The settings have changed.
    void mostConnections(int connectionsMax) {
        lock.lock();
        try {
            most = connectionsMax;
        } finally {
            lock.unlock();
        }
    }

    /// Nobody is to wait any more: threads end when they have done what they hold.
    void close() {
        lock.lock();
        try {
            isClosing = true;
            for (Seat seat : sleeping) {
                seat.condition.signal();
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// A thread ends without having asked.
    void left(boolean wasSeeking) {
        lock.lock();
        try {
            if (wasSeeking) {
                seekers--;
            }
            end();
        } finally {
            lock.unlock();
        }
    }

    /// Whether the last thread has ended and none will start.
    boolean isRetired() {
        lock.lock();
        try {
            return isRetired;
        } finally {
            lock.unlock();
        }
    }

    /// Wakes threads until there is one for each of `ready` entries, or starts one, as far as
    /// limits go. It is for the one that is started to start the next.
    private void seekFor(int ready) {
        if (isRestInherited && threads == 0 && !isClosing) {
            start();
        }
        while (seekers < ready && !isResting && !isClosing) {
            Optional<Seat> seat = useful();
            if (seat.isEmpty()) {
                if (mayStart()) {
                    start();
                }
                return;
            }
            sleeping.remove(seat.get());
            seat.get().isWoken = true;
            seat.get().condition.signal();
            seekers++;
        }
    }

    /// Two that wake each other for what neither may have would do so for ever.
    private Optional<Seat> useful() {
        for (Seat seat : sleeping) {
            if (seat.isOfUse()) {
                return Optional.of(seat);
            }
        }
        return Optional.empty();
    }

    private boolean mayStart() {
        return threads < limit()
                && heldBack.size() < sources
                && (threads == 0 || !clock.instant().isBefore(noMoreUntil));
    }

    private void start() {
        threads++;
        seekers++;
        starter.accept(this);
    }

    private int limit() {
        int wanted = Math.min(most, (int) window);
        return isProven ? wanted : Math.min(wanted, WINDOW_FIRST);
    }

    private void end() {
        threads--;
        isRetired = threads == 0;
    }
}
