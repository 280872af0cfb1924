package io.whimbrel.tls;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/// Buffers of the size of a TLS record, which a connection has only while it needs one.
/// Thread-safe; never waits: beyond those that are kept, buffers are made and left to the
/// collector.
final class RecordBuffers {
    /// A record of TLS 1.2 has at most 5 + 2^14 + 2,048 octets (RFC 5246 §6.2.3).
    static final int SIZE = 18_944;

    private static final int KEPT_MAX = 64;

    private final BlockingQueue<byte[]> kept = new ArrayBlockingQueue<>(KEPT_MAX);

    byte[] take() {
        byte[] buffer = kept.poll();
        return buffer == null ? new byte[SIZE] : buffer;
    }

    /// The caller must not touch it again. One of another size is not kept.
    void giveBack(byte[] buffer) {
        if (buffer.length == SIZE) {
            boolean _ = kept.offer(buffer);
        }
    }
}
