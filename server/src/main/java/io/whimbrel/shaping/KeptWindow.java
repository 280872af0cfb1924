package io.whimbrel.shaping;

import java.util.List;

/// A counter of a long window, as it outlives the process. Immutable.
///
/// @param key of the limit
/// @param values that it counts for
/// @param ages how long ago something was counted in microseconds, and how much, alternating; the
///   oldest first
record KeptWindow(Family.Key key, List<String> values, List<Long> ages) {
    /// More than these are rounded against us.
    static final int PAIRS_MOST = 64;

    KeptWindow {
        values = List.copyOf(values);
        ages = List.copyOf(ages);
    }

    /// As ages are after so long.
    long[] after(long micros) {
        var later = new long[ages.size()];
        for (int i = 0; i < later.length; i += 2) {
            later[i] = ages.get(i) + micros;
            later[i + 1] = ages.get(i + 1);
        }
        return later;
    }
}
