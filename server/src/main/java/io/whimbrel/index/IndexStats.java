package io.whimbrel.index;

/// How the index is doing. Immutable.
///
/// @param messagesEstimate about how many messages have a row; removed ones count until compaction
/// @param diskBytes files of rows
/// @param memoryBytes cache of blocks and memtables together, as charged to the cache
/// @param memtableBytes rows that only memory holds, or that are being written
/// @param pendingCompactionBytes what compaction has yet to rewrite, an estimate
/// @param isStalled writes wait or are slowed down, because the disk does not keep up
/// @param backgroundErrors failed flushes and compactions since the index was opened
public record IndexStats(
        long messagesEstimate,
        long diskBytes,
        long memoryBytes,
        long memtableBytes,
        long pendingCompactionBytes,
        boolean isStalled,
        long backgroundErrors) {}
