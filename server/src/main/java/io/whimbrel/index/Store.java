package io.whimbrel.index;

import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.Snapshot;
import org.rocksdb.WriteBatch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// Sorted rows in families, in RocksDB. Thread-safe. Calls go to native code and hold their thread,
/// so they are made on platform threads.
///
/// A native database that is used after it was closed ends the process. So each call holds a share
/// of [#open], and closing waits until all are given back; later calls get an exception.
final class Store implements AutoCloseable {
    private final ReentrantReadWriteLock open = new ReentrantReadWriteLock();
    private final StoreOptions options;
    private final RocksDB database;
    private final Map<Family, ColumnFamilyHandle> handles = new EnumMap<>(Family.class);

    /// Of families that lose rows at their front.
    private final Map<Family, Floor> floors =
            Map.of(
                    Family.MESSAGES, new Floor(),
                    Family.WAKE, new Floor(),
                    Family.SEGMENTS, new Floor());

    private final Set<Snapshot> snapshots = new HashSet<>();
    private boolean isClosed;
    private volatile Optional<IndexDamaged> damage = Optional.empty();

    /// Sees rows in the order of their keys.
    @FunctionalInterface
    interface Visitor {
        /// Whether to go on.
        boolean visit(byte[] key, byte[] value) throws IOException;
    }

    /// Which rows of a family.
    ///
    /// @param from the first key, or empty
    /// @param to the first key that is not meant; empty for no end
    /// @param snapshot the state to read; the present one where it is empty
    /// @param isKept whether blocks that were read are worth a place in the cache
    record Range(byte[] from, byte[] to, Optional<Snapshot> snapshot, boolean isKept) {
        Range(byte[] from, byte[] to) {
            this(from, to, Optional.empty(), true);
        }

        /// All rows from `from` on, for a scan that would push everything else out of the cache.
        static Range wide(byte[] from) {
            return new Range(from, new byte[0], Optional.empty(), false);
        }
    }

    /// Writes that happen together. Keeps the store open until it is closed, by the same thread.
    final class Batch implements AutoCloseable {
        private final WriteBatch batch;
        private final Map<Family, byte[]> lowest = new EnumMap<>(Family.class);

        private Batch() {
            enter();
            batch = new WriteBatch();
        }

        void put(Family family, byte[] key, byte[] value) throws IOException {
            try {
                batch.put(handle(family), key, value);
                if (floors.containsKey(family)) {
                    lowest.merge(family, key, Store::lower);
                }
            } catch (RocksDBException e) {
                throw told(e);
            }
        }

        void delete(Family family, byte[] key) throws IOException {
            try {
                batch.delete(handle(family), key);
            } catch (RocksDBException e) {
                throw told(e);
            }
        }

        @Override
        public void close() {
            batch.close();
            leave();
        }
    }

    private Store(StoreOptions options, RocksDB database, List<ColumnFamilyHandle> handles) {
        this.options = options;
        this.database = database;
        for (Family family : Family.values()) {
            this.handles.put(family, handles.get(this.handles.size()));
        }
    }

    /// @throws IndexDamaged where the files cannot be what an index left behind
    static Store open(Path folder, long memoryBytes) throws IOException {
        Files.createDirectories(folder);
        NativeLibrary.load(folder);
        var options = new StoreOptions(memoryBytes);
        try {
            List<ColumnFamilyHandle> handles = new ArrayList<>();
            RocksDB database =
                    RocksDB.open(options.database, folder.toString(), options.families, handles);
            return new Store(options, database, handles);
        } catch (RocksDBException e) {
            options.close();
            throw IndexDamaged.atOpen(folder, e);
        }
    }

    /// The row's value; empty where there is none.
    Optional<byte[]> get(Family family, byte[] key) throws IOException {
        enter();
        try {
            return Optional.ofNullable(database.get(handle(family), key));
        } catch (RocksDBException e) {
            throw told(e);
        } finally {
            leave();
        }
    }

    /// Shows the rows of `range` to `visitor` until it has enough. The visitor must not write, and
    /// holds up closing: it takes a bounded number of rows.
    void scan(Family family, Range range, Visitor visitor) throws IOException {
        Floor floor = floors.get(family);
        if (floor == null || range.snapshot().isPresent()) {
            scanFrom(range.from(), family, range, visitor);
            return;
        }
        byte[] lowest = floor.begin();
        byte[] next = {};
        try {
            boolean isAboveFloor = Arrays.compareUnsigned(range.from(), lowest) > 0;
            byte[] first = scanFrom(isAboveFloor ? range.from() : lowest, family, range, visitor);
            next = isAboveFloor ? next : first;
        } finally {
            floor.end(next);
        }
    }

    /// @return the key of the first row; where there is none, the end of the range
    private byte[] scanFrom(byte[] from, Family family, Range range, Visitor visitor)
            throws IOException {
        enter();
        try (var read = new ReadOptions().setFillCache(range.isKept());
                var bound = new Slice(range.to())) {
            if (range.to().length > 0) {
                read.setIterateUpperBound(bound);
            }
            range.snapshot().ifPresent(read::setSnapshot);
            try (RocksIterator rows = database.newIterator(handle(family), read)) {
                rows.seek(from);
                byte[] first = rows.isValid() ? rows.key() : range.to();
                while (rows.isValid() && visitor.visit(rows.key(), rows.value())) {
                    rows.next();
                }
                rows.status();
                return first;
            }
        } catch (RocksDBException e) {
            throw told(e);
        } finally {
            leave();
        }
    }

    Batch batch() {
        return new Batch();
    }

    /// The last sign that the files are damaged.
    Optional<IndexDamaged> damage() {
        return damage;
    }

    private IOException told(RocksDBException e) {
        IOException told = IndexDamaged.inUse(e);
        if (told instanceof IndexDamaged sign) {
            damage = Optional.of(sign);
        }
        return told;
    }

    /// Waits where memory is full until the disk has caught up.
    void write(Batch batch) throws IOException {
        enter();
        try {
            database.write(options.write, batch.batch);
            batch.lowest.forEach((family, key) -> floor(family).written(key));
        } catch (RocksDBException e) {
            throw told(e);
        } finally {
            leave();
        }
    }

    /// Makes everything written so far durable, over all families at once.
    void flush() throws IOException {
        enter();
        try {
            database.flush(options.flush, List.copyOf(handles.values()));
        } catch (RocksDBException e) {
            throw told(e);
        } finally {
            leave();
        }
    }

    /// The present state, to be read for as long as it takes; to be released.
    Snapshot snapshot() {
        enter();
        try {
            Snapshot snapshot = database.getSnapshot();
            synchronized (snapshots) {
                snapshots.add(snapshot);
            }
            return snapshot;
        } finally {
            leave();
        }
    }

    /// Does nothing after [#close], which releases all of them.
    void release(Snapshot snapshot) {
        open.readLock().lock();
        try {
            synchronized (snapshots) {
                if (snapshots.remove(snapshot)) {
                    database.releaseSnapshot(snapshot);
                }
            }
        } finally {
            open.readLock().unlock();
        }
    }

    IndexStats stats() throws IOException {
        enter();
        try {
            return new IndexStats(
                    database.getLongProperty(handle(Family.MESSAGES), "rocksdb.estimate-num-keys"),
                    database.getAggregatedLongProperty("rocksdb.total-sst-files-size"),
                    options.cache.getUsage(),
                    database.getAggregatedLongProperty("rocksdb.cur-size-all-mem-tables"),
                    database.getAggregatedLongProperty("rocksdb.estimate-pending-compaction-bytes"),
                    database.getLongProperty("rocksdb.is-write-stopped") > 0
                            || database.getLongProperty("rocksdb.actual-delayed-write-rate") > 0,
                    database.getLongProperty("rocksdb.background-errors"));
        } catch (RocksDBException e) {
            throw told(e);
        } finally {
            leave();
        }
    }

    /// Forgets what was not flushed, as a crash does.
    @Override
    public void close() {
        open.writeLock().lock();
        try {
            if (isClosed) {
                return;
            }
            isClosed = true;
            snapshots.forEach(database::releaseSnapshot);
            snapshots.clear();
            handles.values().forEach(ColumnFamilyHandle::close);
            database.close();
            options.close();
        } finally {
            open.writeLock().unlock();
        }
    }

    private static byte[] lower(byte[] a, byte[] b) {
        return Arrays.compareUnsigned(a, b) < 0 ? a : b;
    }

    private Floor floor(Family family) {
        return Objects.requireNonNull(floors.get(family));
    }

    private ColumnFamilyHandle handle(Family family) {
        return Objects.requireNonNull(handles.get(family));
    }

    private void enter() {
        open.readLock().lock();
        if (isClosed) {
            open.readLock().unlock();
            throw new IllegalStateException("the index is closed");
        }
    }

    private void leave() {
        open.readLock().unlock();
    }
}
