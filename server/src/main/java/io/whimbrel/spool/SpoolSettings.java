package io.whimbrel.spool;

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

    /// Marks of free disk space. What is not given follows from the size of the disk. Immutable.
    ///
    /// @param slowBelow answers to end-of-data are delayed; default a twentieth of the disk, 20 GiB
    ///   at most, twice the other mark at least
    /// @param stopBelow kept free for outcomes, bounces and reclaim: new mail is refused; default a
    ///   hundredth of the disk, 4 GiB at most, 256 MiB at least
    public record LowWater(OptionalLong slowBelow, OptionalLong stopBelow) {
        private static final long STOP_LEAST = 256L << 20;
        private static final long STOP_MOST = 4L << 30;
        private static final long SLOW_MOST = 20L << 30;

        /// Every mark follows from the size of the disk.
        public static final LowWater OF_DISK =
                new LowWater(OptionalLong.empty(), OptionalLong.empty());

        long stop(long diskBytes) {
            return stopBelow.orElse(Math.clamp(diskBytes / 100, STOP_LEAST, STOP_MOST));
        }

        /// Never below the other mark.
        long slow(long diskBytes) {
            long stop = stop(diskBytes);
            long byDefault = Math.max(2 * stop, Math.min(diskBytes / 20, SLOW_MOST));
            return Math.max(stop, slowBelow.orElse(byDefault));
        }
    }
}
