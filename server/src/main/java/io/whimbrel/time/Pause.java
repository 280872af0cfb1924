package io.whimbrel.time;

import java.time.Duration;

/// Holds a thread up. Stateless.
public final class Pause {
    private Pause() {}

    /// Waits so long; less where the thread is interrupted, which it stays. Nothing at zero.
    public static void of(Duration wait) {
        if (wait.isPositive()) {
            try {
                Thread.sleep(wait);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Waits for the end of a thread, interrupted or not.
    public static void untilEnd(Thread thread) {
        boolean isInterrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
