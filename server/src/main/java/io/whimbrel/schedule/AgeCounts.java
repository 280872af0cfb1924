package io.whimbrel.schedule;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// How many unsettled recipients came in which minute, so that the age of the oldest is known
/// without looking at all. Thread-safe. As many lines as the lifetime of mail has minutes.
final class AgeCounts {
    private static final int SECONDS = 60;

    private final ConcurrentHashMap<Long, Long> byMinute = new ConcurrentHashMap<>();

    /// @param recipients more, or fewer where negative
    void add(Instant receivedAt, long recipients) {
        if (recipients != 0) {
            byMinute.merge(
                    Math.floorDiv(receivedAt.getEpochSecond(), SECONDS),
                    recipients,
                    (before, change) -> before + change == 0 ? null : before + change);
        }
    }

    /// The minute in which the oldest came.
    Optional<Instant> oldest() {
        long oldest = DueHeap.NEVER;
        for (long minute : byMinute.keySet()) {
            oldest = Math.min(oldest, minute);
        }
        return oldest == DueHeap.NEVER
                ? Optional.empty()
                : Optional.of(Instant.ofEpochSecond(oldest * SECONDS));
    }
}
