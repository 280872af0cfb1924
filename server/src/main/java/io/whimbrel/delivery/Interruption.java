package io.whimbrel.delivery;

import java.util.concurrent.locks.ReentrantLock;

/// Lets another thread end a wait on the outside world (name lookup, connect), and never anything
/// else: an interrupt in the spool's files would close them. Thread-safe.
final class Interruption {
    private final ReentrantLock lock = new ReentrantLock();
    private final Thread thread;
    private boolean isWaiting;
    private boolean isCut;

    /// @param thread that waits
    Interruption(Thread thread) {
        this.thread = thread;
    }

    /// The thread begins to wait outside; it is interrupted at once where it was cut before.
    void begin() {
        lock.lock();
        try {
            isWaiting = true;
            if (isCut) {
                thread.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    /// The thread is back; no interrupt follows it.
    ///
    /// @return whether it was cut
    boolean end() {
        lock.lock();
        try {
            isWaiting = false;
            boolean wasInterrupted = Thread.interrupted();
            return isCut || wasInterrupted;
        } finally {
            lock.unlock();
        }
    }

    boolean isCut() {
        lock.lock();
        try {
            return isCut;
        } finally {
            lock.unlock();
        }
    }

    /// Ends the wait, now or as soon as one begins.
    void cut() {
        lock.lock();
        try {
            isCut = true;
            if (isWaiting) {
                thread.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }
}
