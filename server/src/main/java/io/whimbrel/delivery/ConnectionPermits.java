package io.whimbrel.delivery;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/// The connections that may be open at once in all, granted in the order of asking. Thread-safe.
///
/// Who waits for a connection to begin is an entry in a queue, not a thread: a hundred thousand
/// paths may wait.
final class ConnectionPermits {
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();

    /// Below zero where there are fewer permits than were given out.
    private int free;

    private int size;

    ConnectionPermits(int size) {
        this.free = size;
        this.size = size;
    }

    /// Calls `begin`, which must not block, as soon as there is a permit for it; from then on it
    /// holds one.
    void whenFree(Runnable begin) {
        synchronized (this) {
            if (free <= 0 || !waiting.isEmpty()) {
                waiting.addLast(begin);
                return;
            }
            free--;
        }
        begin.run();
    }

    /// Waits for a permit.
    void acquire() throws InterruptedException {
        var granted = new CountDownLatch(1);
        Runnable begin = granted::countDown;
        whenFree(begin);
        try {
            granted.await();
        } catch (InterruptedException e) {
            if (!withdraw(begin)) {
                release();
            }
            throw e;
        }
    }

    void release() {
        free(1);
    }

    /// Where there are fewer now, those beyond stay until their connections end.
    void resize(int newSize) {
        int more;
        synchronized (this) {
            more = newSize - size;
            size = newSize;
        }
        free(more);
    }

    /// Whether somebody waits.
    synchronized boolean isWanted() {
        return !waiting.isEmpty();
    }

    private synchronized boolean withdraw(Runnable begin) {
        return waiting.remove(begin);
    }

    private void free(int more) {
        synchronized (this) {
            free += more;
        }
        Optional<Runnable> next = next();
        while (next.isPresent()) {
            next.get().run();
            next = next();
        }
    }

    private synchronized Optional<Runnable> next() {
        if (free <= 0 || waiting.isEmpty()) {
            return Optional.empty();
        }
        free--;
        return Optional.of(waiting.removeFirst());
    }
}
