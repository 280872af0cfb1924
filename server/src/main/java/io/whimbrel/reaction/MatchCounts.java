package io.whimbrel.reaction;

import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.ReactionRule;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// When rules matched of late, for thresholds. Confined to its owner's lock.
///
/// Exact: a threshold of 3 in 10 minutes is reached by a match whose second predecessor is at most
/// 10 minutes older. At [#KEYS_MOST] pairs of rule and scope, the one without a match for the
/// longest time is forgotten: its rule needs more matches then. Not kept over a restart.
final class MatchCounts {
    static final int KEYS_MOST = 10_000;

    private final Map<Key, Times> counts = new LinkedHashMap<>(16, 0.75f, true);

    private record Key(String origin, String rule, LimitScope scope) {}

    /// The last matches, a ring that grows up to the threshold.
    private static final class Times {
        private long[] millis = new long[2];
        private int count;

        /// Whether `threshold` matches lie within `window`, this one included.
        boolean add(long now, int threshold, long window) {
            if (count == threshold) {
                System.arraycopy(millis, 1, millis, 0, count - 1);
                count--;
            }
            if (count == millis.length) {
                millis = Arrays.copyOf(millis, Math.min(threshold, 2 * count));
            }
            millis[count++] = now;
            return count == threshold && now - millis[0] <= window;
        }
    }

    /// Counts a match.
    ///
    /// @return whether the rule's threshold is reached on `scope`; it counts from none again then
    boolean add(ReactionRule rule, LimitScope scope, Instant now) {
        int threshold = rule.threshold();
        if (threshold <= 1) {
            return true;
        }
        var key = new Key(rule.origin(), rule.name(), scope);
        Duration within = rule.within();
        Times times = counts.computeIfAbsent(key, _ -> new Times());
        boolean isReached = times.add(now.toEpochMilli(), threshold, within.toMillis());
        if (isReached) {
            counts.remove(key);
        } else if (counts.size() > KEYS_MOST) {
            counts.remove(counts.keySet().iterator().next());
        }
        return isReached;
    }

    int size() {
        return counts.size();
    }
}
