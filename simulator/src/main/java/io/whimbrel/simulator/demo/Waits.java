package io.whimbrel.simulator.demo;

import java.util.Arrays;

/// How long mail took from acceptance to delivery, in milliseconds; 0 where none was delivered.
/// Immutable.
///
/// @param percentile95 of 100 messages 95 took no longer
record Waits(long median, long percentile95, long longest) {

    /// @param millis in any order; left as it is
    static Waits of(long[] millis) {
        if (millis.length == 0) {
            return new Waits(0, 0, 0);
        }
        long[] sorted = millis.clone();
        Arrays.sort(sorted);
        return new Waits(at(sorted, 50), at(sorted, 95), sorted[sorted.length - 1]);
    }

    /// The smallest value that `percent` of all do not exceed.
    private static long at(long[] sorted, int percent) {
        int rank = (int) ((sorted.length * (long) percent + 99) / 100);
        return sorted[Math.max(rank, 1) - 1];
    }
}
