package io.whimbrel.schedule;

import java.time.Duration;

/// What the schedule answers the index, which found resting entries of a queue that are due.
/// Immutable.
public sealed interface Room {

    /// Bring up to `most` entries by weight ([MemoryBudget]), oldest due first; answered once by
    /// [Schedule#due], even where nothing was found after all. Until then their place is kept.
    ///
    /// @param most 1 or more
    record Take(int most) implements Room {}

    /// Nothing now: no room, held or suspended. Ask again after `delay`, or after a [Resting#wake]
    /// that covers the queue.
    ///
    /// @param delay more than 0, at most 10 minutes
    record Later(Duration delay) implements Room {}
}
