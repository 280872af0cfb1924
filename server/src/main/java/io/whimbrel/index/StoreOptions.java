package io.whimbrel.index;

import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompactionStyle;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.IndexType;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.WriteBufferManager;
import org.rocksdb.WriteOptions;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// How RocksDB is set up. Owns native memory until it is closed, after the database.
///
/// Memory: one cache holds blocks, indexes and filters, and memtables are charged to it. Memtables
/// are flushed when they reach [#MEMTABLES_PART] of it. While they are written as many again may
/// fill; then writes wait (at most two memtables a family), and fail where the flush fails.
/// RocksDB's own stall of its write buffer manager is not used: it would wait for as long as the
/// disk is full.
final class StoreOptions implements AutoCloseable {
    /// One of so many parts of the memory.
    private static final int MEMTABLES_PART = 3;

    private static final int BLOOM_BITS = 10;
    private static final int OPEN_FILES_MAX = 256;
    private static final long LOG_BYTES_MAX = 1 << 20;
    private static final long MANIFEST_BYTES_MAX = 8 << 20;
    private static final int BLOCK_BYTES = 8 << 10;

    /// Of filters and of the inner index of a table.
    private static final int METADATA_BLOCK_BYTES = 4 << 10;

    /// Few, for a block that is larger than its part of the cache is read from disk each time. Two
    /// threads use the cache, and seldom more.
    private static final int CACHE_SHARD_BITS = 2;

    private static final long ARENA_BYTES_MAX = 256 << 10;
    private static final int BACKGROUND_JOBS = 2;

    final LRUCache cache;
    final DBOptions database;
    final WriteOptions write;
    final FlushOptions flush;
    final List<ColumnFamilyDescriptor> families;

    private final Deque<AutoCloseable> natives = new ArrayDeque<>();

    StoreOptions(long memoryBytes) {
        long memtables = memoryBytes / MEMTABLES_PART;
        cache = own(new LRUCache(memoryBytes, CACHE_SHARD_BITS));
        WriteBufferManager writeBuffers = own(new WriteBufferManager(memtables, cache));
        BloomFilter bloom = own(new BloomFilter(BLOOM_BITS));
        database = own(databaseOptions(writeBuffers));
        write = own(new WriteOptions().setDisableWAL(true));
        // It must not wait for a quiet moment: what is not flushed is read from the log again.
        flush = own(new FlushOptions().setWaitForFlush(true).setAllowWriteStall(true));
        families = new ArrayList<>();
        for (Family family : Family.values()) {
            ColumnFamilyOptions options = own(familyOptions(family, memtables, bloom));
            families.add(new ColumnFamilyDescriptor(family.storedName(), options));
        }
    }

    private static DBOptions databaseOptions(WriteBufferManager writeBuffers) {
        return new DBOptions()
                .setCreateIfMissing(true)
                .setCreateMissingColumnFamilies(true)
                // All families become durable at the same write, or none: with no log of its own
                // nothing else would hold rows and counts together.
                .setAtomicFlush(true)
                .setAvoidFlushDuringShutdown(true)
                .setWriteBufferManager(writeBuffers)
                .setMaxBackgroundJobs(BACKGROUND_JOBS)
                .setMaxOpenFiles(OPEN_FILES_MAX)
                .setBytesPerSync(1 << 20)
                .setMaxManifestFileSize(MANIFEST_BYTES_MAX)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setKeepLogFileNum(2)
                .setMaxLogFileSize(LOG_BYTES_MAX)
                .setStatsDumpPeriodSec(0)
                .setStatsPersistPeriodSec(0);
    }

    private ColumnFamilyOptions familyOptions(Family family, long memtables, BloomFilter bloom) {
        var table =
                new BlockBasedTableConfig()
                        .setBlockCache(cache)
                        .setBlockSize(BLOCK_BYTES)
                        // A table of millions of rows has megabytes of filter and inner index.
                        // In one block each they would push out all else, at every look-up.
                        .setIndexType(IndexType.kTwoLevelIndexSearch)
                        .setPartitionFilters(true)
                        .setMetadataBlockSize(METADATA_BLOCK_BYTES)
                        .setPinTopLevelIndexAndFilter(true)
                        .setCacheIndexAndFilterBlocks(true)
                        .setCacheIndexAndFilterBlocksWithHighPriority(true)
                        .setPinL0FilterAndIndexBlocksInCache(true);
        if (family.isLookedUp()) {
            table.setFilterPolicy(bloom);
        }
        return new ColumnFamilyOptions()
                .setTableFormatConfig(table)
                .setCompressionType(CompressionType.LZ4_COMPRESSION)
                // Rows of due mail come everywhere in their family, so that levels are written ten
                // times over. This writes each row three or four times, for up to three times the
                // space, which is little beside the log.
                .setCompactionStyle(CompactionStyle.UNIVERSAL)
                // What is looked up is there, nearly always, and then in the last level.
                .setOptimizeFiltersForHits(true)
                // The sum over all families decides, not the size of one.
                .setWriteBufferSize(memtables)
                .setMaxWriteBufferNumber(2)
                .setArenaBlockSize(Math.min(ARENA_BYTES_MAX, memtables / 64 / 4096 * 4096));
    }

    private <T extends AutoCloseable> T own(T nativeThing) {
        natives.push(nativeThing);
        return nativeThing;
    }

    @Override
    public void close() {
        while (!natives.isEmpty()) {
            try {
                natives.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException("RocksDB's options close without exceptions", e);
            }
        }
    }
}
