package io.whimbrel.log;

import java.util.OptionalLong;

/// Marks of free disk space. What is not given follows from the size of the disk. Immutable.
///
/// @param slowBelow answers to end-of-data are delayed; default a twentieth of the disk, 20 GiB at
///   most, twice the other mark at least
/// @param stopBelow kept free for outcomes, bounces and reclaim: new mail is refused; default a
///   hundredth of the disk, 4 GiB at most, 256 MiB at least
public record LowWater(OptionalLong slowBelow, OptionalLong stopBelow) {
    private static final long STOP_LEAST = 256L << 20;
    private static final long STOP_MOST = 4L << 30;
    private static final long SLOW_MOST = 20L << 30;

    /// Every mark follows from the size of the disk.
    public static final LowWater OF_DISK = new LowWater(OptionalLong.empty(), OptionalLong.empty());

    public long stop(long diskBytes) {
        return stopBelow.orElse(Math.clamp(diskBytes / 100, STOP_LEAST, STOP_MOST));
    }

    /// Never below the other mark.
    public long slow(long diskBytes) {
        long stop = stop(diskBytes);
        long byDefault = Math.max(2 * stop, Math.min(diskBytes / 20, SLOW_MOST));
        return Math.max(stop, slowBelow.orElse(byDefault));
    }
}
