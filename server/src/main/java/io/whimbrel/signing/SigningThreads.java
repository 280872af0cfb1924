package io.whimbrel.signing;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/// Platform threads that hash and sign. Thread-safe.
///
/// Work waits in lines, one for each site or so, which are served by turns: however much one site
/// has to sign, another's message waits for one piece of work of each line at most. Callers wait
/// for what they have asked for, so that there is never more work than connections.
final class SigningThreads implements AutoCloseable {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition isWanted = lock.newCondition();
    private final Map<Object, Deque<Work<?>>> lines = new HashMap<>();
    private final Deque<Object> turns = new ArrayDeque<>();
    private final int count;
    private final SigningProviders providers;
    private final List<Thread> threads = new ArrayList<>();
    private boolean isClosed;

    /// What a thread has of its own.
    private static final class Work<T> {
        private final Function<Signatures, T> action;
        private final FutureTask<T> result;
        private Optional<Signatures> own = Optional.empty();

        Work(Function<Signatures, T> action) {
            this.action = action;
            this.result = new FutureTask<>(this::call);
        }

        private T call() {
            return action.apply(own.orElseThrow());
        }

        void run(Signatures signatures) {
            own = Optional.of(signatures);
            result.run();
        }
    }

    /// Begins with the first piece of work.
    ///
    /// @param count of threads, 1 or more
    /// @param providers what they sign with
    SigningThreads(int count, SigningProviders providers) {
        this.count = count;
        this.providers = providers;
    }

    /// With the lock held.
    private void begin() {
        for (int i = 1; i <= count; i++) {
            threads.add(
                    Thread.ofPlatform()
                            .name("signing-" + i)
                            .daemon()
                            .start(() -> run(new Signatures(providers))));
        }
    }

    private void run(Signatures signatures) {
        for (Optional<Work<?>> next = next(); next.isPresent(); next = next()) {
            next.get().run(signatures);
        }
    }

    private Optional<Work<?>> next() {
        lock.lock();
        try {
            while (turns.isEmpty() && !isClosed) {
                isWanted.awaitUninterruptibly();
            }
            if (turns.isEmpty()) {
                return Optional.empty();
            }
            Object line = turns.removeFirst();
            Deque<Work<?>> waiting = Objects.requireNonNull(lines.get(line));
            Work<?> work = waiting.removeFirst();
            if (waiting.isEmpty()) {
                lines.remove(line);
            } else {
                turns.addLast(line);
            }
            return Optional.of(work);
        } finally {
            lock.unlock();
        }
    }

    /// Does `action` on one of the threads, in its turn, and waits for it, interrupted or not.
    ///
    /// @param line whose turn it is to wait for
    /// @throws IllegalStateException where these threads are closed
    <T> T call(Object line, Function<Signatures, T> action) {
        var work = new Work<>(action);
        lock.lock();
        try {
            if (isClosed) {
                throw new IllegalStateException("signing has ended");
            }
            if (threads.isEmpty()) {
                begin();
            }
            Deque<Work<?>> waiting = lines.computeIfAbsent(line, _ -> new ArrayDeque<>(4));
            if (waiting.isEmpty()) {
                turns.addLast(line);
            }
            waiting.addLast(work);
            isWanted.signal();
        } finally {
            lock.unlock();
        }
        return await(work.result);
    }

    /// Pieces of work that wait.
    int waiting() {
        lock.lock();
        try {
            return lines.values().stream().mapToInt(Deque::size).sum();
        } finally {
            lock.unlock();
        }
    }

    private static <T> T await(FutureTask<T> result) {
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    return result.get();
                } catch (InterruptedException _) {
                    isInterrupted = true;
                } catch (ExecutionException | CancellationException e) {
                    throw new IllegalStateException("signing failed unexpectedly", e);
                }
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// What waits is still done.
    @Override
    public void close() {
        lock.lock();
        try {
            isClosed = true;
            isWanted.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
