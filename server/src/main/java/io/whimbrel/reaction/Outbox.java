package io.whimbrel.reaction;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Consumer;

/// What is to be done in order, but without the lock under which it was decided. Thread-safe.
///
/// One of the threads that come does the work of all; the others go on. [#add] never waits.
final class Outbox {
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final Consumer<RuntimeException> onBug;
    private boolean isCarried;

    /// @param onBug told what a task has thrown; the next one follows
    Outbox(Consumer<RuntimeException> onBug) {
        this.onBug = onBug;
    }

    synchronized void add(Runnable task) {
        tasks.add(task);
    }

    synchronized int size() {
        return tasks.size();
    }

    /// Does all that was added, unless another thread is about it. To be called without a lock.
    void carry() {
        if (!begin()) {
            return;
        }
        Optional<Runnable> next = next();
        while (next.isPresent()) {
            try {
                next.get().run();
            } catch (RuntimeException bug) {
                onBug.accept(bug);
            }
            next = next();
        }
    }

    private synchronized boolean begin() {
        boolean isFirst = !isCarried;
        isCarried = true;
        return isFirst;
    }

    private synchronized Optional<Runnable> next() {
        Optional<Runnable> next = Optional.ofNullable(tasks.poll());
        isCarried = next.isPresent();
        return next;
    }
}
