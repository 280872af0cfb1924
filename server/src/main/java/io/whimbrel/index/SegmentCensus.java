package io.whimbrel.index;

import org.rocksdb.Snapshot;

import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// How many bytes of each segment of the log belong to messages that are queued, at the moment this
/// was made. Summing visits a row for each message and takes seconds for millions: it runs on a
/// platform thread of its own, beside reads and writes. Confined to one thread at a time.
///
/// RocksDB keeps rows that were removed since until this is closed.
public final class SegmentCensus implements AutoCloseable {
    /// Closing the index waits for so many rows at most.
    private static final int ROWS_AT_ONCE = 50_000;

    private final Store store;
    private final Snapshot snapshot;

    public SegmentCensus(QueueIndex index) {
        store = index.store();
        snapshot = store.snapshot();
    }

    /// Bytes of frames by segment; a segment that no message needs is left out.
    ///
    /// @throws IllegalStateException where the index was closed meanwhile
    public SortedMap<Long, Long> sum() throws IOException {
        SortedMap<Long, Long> sums = new TreeMap<>();
        byte[] from = {};
        boolean isAtEnd = false;
        while (!isAtEnd) {
            var range = new Store.Range(from, new byte[0], Optional.of(snapshot), false);
            var part = new Part(sums);
            store.scan(Family.SEGMENTS, range, part);
            isAtEnd = part.rows < ROWS_AT_ONCE;
            from = Keys.behind(part.last);
        }
        return sums;
    }

    @Override
    public void close() {
        store.release(snapshot);
    }

    /// Adds up some rows and remembers the last.
    private static final class Part implements Store.Visitor {
        final SortedMap<Long, Long> sums;
        byte[] last = {};
        int rows;

        Part(SortedMap<Long, Long> sums) {
            this.sums = sums;
        }

        @Override
        public boolean visit(byte[] key, byte[] value) throws IOException {
            sums.merge(Keys.segment(key), Rows.number(Family.SEGMENTS, value), Long::sum);
            rows++;
            if (rows == ROWS_AT_ONCE) {
                last = Arrays.copyOf(key, key.length);
                return false;
            }
            return true;
        }
    }
}
