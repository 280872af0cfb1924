package io.whimbrel.time;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Ends what has outlived its deadline, for many connections with one thread. Thread-safe.
///
/// A socket's own time-out bounds one read, so a peer that sends a byte now and then holds us for
/// ever, and it bounds no write at all. A [Watch] bounds a whole step: armed before it, disarmed
/// after it, and where the step is not done by then, the action given (closing the socket) is run.
/// Arming is two memory writes. Deadlines are kept to about [#PERIOD_MILLIS] at the late side.
public final class Watchdog implements AutoCloseable {
    private static final long PERIOD_MILLIS = 25;
    private static final long NEVER = Long.MAX_VALUE;

    private final long origin = System.nanoTime();
    private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
    private final Thread thread;

    public Watchdog(String threadName) {
        thread = Thread.ofPlatform().daemon().name(threadName).start(this::run);
    }

    /// Watches something until [Watch#close].
    ///
    /// @param onExpiry run by the watchdog's thread, once; must not block
    public Watch watch(Runnable onExpiry) {
        var watch = new Watch(onExpiry);
        watches.add(watch);
        return watch;
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(PERIOD_MILLIS);
                long now = System.nanoTime();
                for (Watch watch : watches) {
                    watch.check(now);
                }
            }
        } catch (InterruptedException _) {
            // Closed.
        }
    }

    /// One thing that is watched. [#arm] and [#disarm] belong to the thread that uses it.
    public final class Watch implements AutoCloseable {
        private final Runnable onExpiry;

        /// In nanoseconds of the watchdog's own origin, so that comparing never overflows.
        private volatile long deadline = NEVER;

        private volatile boolean hasExpired;

        private Watch(Runnable onExpiry) {
            this.onExpiry = onExpiry;
        }

        /// The step that begins now may take `most`.
        public void arm(Duration most) {
            deadline = sinceOrigin(System.nanoTime()) + most.toNanos();
        }

        /// The step is done.
        public void disarm() {
            deadline = NEVER;
        }

        /// Whether a step was not done in time and the action has been run.
        public boolean hasExpired() {
            return hasExpired;
        }

        @Override
        public void close() {
            watches.remove(this);
        }

        private void check(long nanos) {
            if (sinceOrigin(nanos) >= deadline) {
                hasExpired = true;
                watches.remove(this);
                onExpiry.run();
            }
        }
    }

    private long sinceOrigin(long nanos) {
        return nanos - origin;
    }
}
