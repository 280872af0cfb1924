package io.whimbrel.simulator;

import java.time.Duration;
import java.time.Instant;

/// The only place of the simulator that reads a clock or sleeps. Thread-safe.
public sealed interface SimulatorClock {

    /// Monotonic nanoseconds from an arbitrary origin.
    long nanos();

    Instant now();

    /// Waits until this clock has moved on by `wait`; returns at once for zero or less.
    void sleep(Duration wait) throws InterruptedException;

    static SimulatorClock real() {
        return new Real();
    }

    /// A clock that stands still until [Manual#advance] moves it.
    static Manual manual() {
        return new Manual();
    }

    /// The machine's clock.
    final class Real implements SimulatorClock {
        private Real() {}

        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public Instant now() {
            return Instant.now();
        }

        @Override
        public void sleep(Duration wait) throws InterruptedException {
            if (wait.isPositive()) {
                Thread.sleep(wait);
            }
        }
    }

    /// A clock for tests: time passes by hand, and sleepers wake when enough of it has passed.
    final class Manual implements SimulatorClock {
        private static final Instant ORIGIN = Instant.parse("2026-01-01T00:00:00Z");

        private long nanos;
        private int sleepers;

        private Manual() {}

        @Override
        public synchronized long nanos() {
            return nanos;
        }

        @Override
        public synchronized Instant now() {
            return ORIGIN.plusNanos(nanos);
        }

        @Override
        public synchronized void sleep(Duration wait) throws InterruptedException {
            long wake = nanos + wait.toNanos();
            sleepers++;
            notifyAll();
            try {
                while (nanos < wake) {
                    wait();
                }
            } finally {
                sleepers--;
            }
        }

        public synchronized void advance(Duration by) {
            if (by.isNegative()) {
                throw new IllegalArgumentException("time does not run backwards: " + by);
            }
            nanos += by.toNanos();
            notifyAll();
        }

        /// Blocks until at least `count` threads sleep on this clock, so that a test knows that
        /// advancing it will wake them.
        public synchronized void awaitSleepers(int count) throws InterruptedException {
            while (sleepers < count) {
                wait();
            }
        }
    }
}
