package io.whimbrel.verification;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Something that is being found out on a virtual thread of its own. Thread-safe.
final class Pending<T> {
    private final FutureTask<T> task;

    /// Begins at once.
    Pending(String name, Callable<T> work) {
        task = new FutureTask<>(work);
        Thread.ofVirtual().name(name).start(task);
    }

    /// What was found out; empty where that took longer than `most` from now, or the waiting thread
    /// is interrupted. Then the work is interrupted, too.
    Optional<T> await(Duration most) {
        try {
            return Optional.of(task.get(most.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException | CancellationException _) {
            task.cancel(true);
            return Optional.empty();
        } catch (InterruptedException _) {
            task.cancel(true);
            Thread.currentThread().interrupt();
            return Optional.empty();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a check failed unexpectedly", e.getCause());
        }
    }

    /// Nobody wants to know any more.
    void cancel() {
        task.cancel(true);
    }
}
