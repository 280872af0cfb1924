package io.whimbrel.shaping;

import io.whimbrel.metrics.ShapingMetrics;

import java.util.Map;

/// How often the [Limiter] decided what, since the start. Immutable.
///
/// @param free nothing applied
/// @param granted something applied, and there was room
/// @param full a limit had no room
/// @param turns there was room, but it was the turn of others
/// @param restrained a restraint held back
/// @param refunds grants that were not used
/// @param counters held in memory now
/// @param restraints in force now
public record LimitCounts(
        long free,
        long granted,
        long full,
        long turns,
        long restrained,
        long refunds,
        int counters,
        int restraints) {

    /// For exposition.
    public ShapingMetrics.Reading reading() {
        Map<String, Long> decisions =
                Map.of(
                        "free", free,
                        "granted", granted,
                        "limit", full,
                        "turn", turns,
                        "restraint", restrained);
        return new ShapingMetrics.Reading(decisions, refunds, counters, restraints);
    }
}
