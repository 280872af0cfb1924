package io.whimbrel.time;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Runs a task again and again, with a pause between, on a platform thread of its own, so that it
/// goes on when every carrier of virtual threads is busy. Thread-safe.
public final class Ticker implements AutoCloseable {
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    /// @param name of the thread
    /// @param pause between the end of one run and the start of the next
    /// @param task must not throw; where it does, the thread's handler of uncaught exceptions
    ///   tells, and no further run comes
    public Ticker(String name, Duration pause, Runnable task) {
        this.thread = Thread.ofPlatform().name(name).daemon().start(() -> run(pause, task));
    }

    private void run(Duration pause, Runnable task) {
        try {
            while (!closing.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
                task.run();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends after the run under way, and waits for it.
    @Override
    public void close() {
        closing.countDown();
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
