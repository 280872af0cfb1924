package io.whimbrel.delivery;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// The threads of delivery, all virtual: started here, so that they can be waited for, and cut.
/// Thread-safe. Whoever starts them bounds them.
final class Crew {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private final Set<Member> members = new HashSet<>();
    private int threads;
    private boolean isCut;

    /// What one thread does.
    interface Member extends Runnable {

        /// Ends waits on the outside world, from any thread; nothing else is disturbed.
        void cut();
    }

    /// @param maker makes the member, on its own thread
    void start(String threadName, Supplier<Member> maker) {
        lock.lock();
        try {
            threads++;
        } finally {
            lock.unlock();
        }
        Thread.ofVirtual().name(threadName).start(() -> run(maker));
    }

    private void run(Supplier<Member> maker) {
        Member member = maker.get();
        try {
            add(member);
            member.run();
        } finally {
            remove(member);
        }
    }

    /// Cuts all, and those that are still to begin.
    void cut() {
        List<Member> present;
        lock.lock();
        try {
            isCut = true;
            present = List.copyOf(members);
        } finally {
            lock.unlock();
        }
        present.forEach(Member::cut);
    }

    /// @return whether all threads have ended within `most`
    boolean awaitEnd(Duration most) throws InterruptedException {
        lock.lock();
        try {
            long nanos = most.toNanos();
            while (threads > 0 && nanos > 0) {
                nanos = ended.awaitNanos(nanos);
            }
            return threads == 0;
        } finally {
            lock.unlock();
        }
    }

    private void add(Member member) {
        boolean isTooLate;
        lock.lock();
        try {
            members.add(member);
            isTooLate = isCut;
        } finally {
            lock.unlock();
        }
        if (isTooLate) {
            member.cut();
        }
    }

    private void remove(Member member) {
        lock.lock();
        try {
            members.remove(member);
            threads--;
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
