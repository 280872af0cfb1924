package io.whimbrel.delivery;

import java.util.concurrent.Semaphore;

/// The connections that may be open at once in all, granted in the order of asking. Thread-safe.
final class ConnectionPermits extends Semaphore {
    private int size;

    ConnectionPermits(int size) {
        super(size, true);
        this.size = size;
    }

    /// Where there are fewer now, those beyond stay until their connections end.
    synchronized void resize(int newSize) {
        if (newSize > size) {
            release(newSize - size);
        } else {
            reducePermits(size - newSize);
        }
        size = newSize;
    }
}
