package io.whimbrel.spool;

import io.whimbrel.log.LowWater;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;

/// How the spool is kept.
///
/// @param folder where segments lie; made where it is missing, locked while open
/// @param segmentBytes size of a segment, 1 MiB to 1 GiB; default 64 MiB
/// @param outcomeSyncMost how long an outcome may wait for its sync, 0 to 1 s; default 20 ms. It
///   bounds duplicates after a crash
/// @param lowWater marks of free disk space at which mail is slowed down and refused
/// @param bodyMemoryBytes bodies kept in memory between acceptance and first attempt; over it they
///   are read back; default 4 MiB: more would outlive the young generation and enlarge the heap
/// @param indexMemoryBytes memory of the index of waiting mail, all of it outside the heap; default
///   128 MiB
public record SpoolSettings(
        Path folder,
        long segmentBytes,
        Duration outcomeSyncMost,
        LowWater lowWater,
        long bodyMemoryBytes,
        long indexMemoryBytes) {

    public static final long BODY_MEMORY_DEFAULT = 4L << 20;
    public static final long INDEX_MEMORY_DEFAULT = 128L << 20;

    /// With a fixed reserve.
    public SpoolSettings(
            Path folder,
            long segmentBytes,
            Duration outcomeSyncMost,
            long reserveBytes,
            long bodyMemoryBytes,
            long indexMemoryBytes) {
        this(
                folder,
                segmentBytes,
                outcomeSyncMost,
                new LowWater(OptionalLong.empty(), OptionalLong.of(reserveBytes)),
                bodyMemoryBytes,
                indexMemoryBytes);
    }

    /// The same with other shares of the memory.
    public SpoolSettings withMemory(long bodyBytes, long indexBytes) {
        return new SpoolSettings(
                folder, segmentBytes, outcomeSyncMost, lowWater, bodyBytes, indexBytes);
    }
}
