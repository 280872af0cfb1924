package io.whimbrel.simulator;

import java.net.InetAddress;

/// Memory of a [Trait.RateLimit]: when each client came last. The limit holds in every window of
/// its length, wherever it begins. Thread-safe. Knows the 4,096 clients that came last.
final class RateWindows {
    private static final int CLIENTS_MAX = 4_096;

    private final int most;
    private final long windowNanos;
    private final SimulatorClock clock;
    private final BoundedMemory<InetAddress, Window> windows = new BoundedMemory<>(CLIENTS_MAX);

    RateWindows(Trait.RateLimit limit, SimulatorClock clock) {
        this.most = limit.most();
        this.windowNanos = limit.window().toNanos();
        this.clock = clock;
    }

    synchronized boolean admits(Visit visit) {
        return windows.computeIfAbsent(visit.client(), _ -> new Window()).take(clock.nanos());
    }

    /// A ring of the times of the last `most` admissions; `oldest` is overwritten next.
    private final class Window {
        private final long[] times = new long[most];
        private int oldest;
        private int count;

        private boolean take(long now) {
            if (count == most && now - times[oldest] < windowNanos) {
                return false;
            }
            times[oldest] = now;
            oldest = (oldest + 1) % most;
            count = Math.min(count + 1, most);
            return true;
        }
    }
}
