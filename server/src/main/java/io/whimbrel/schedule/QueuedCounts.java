package io.whimbrel.schedule;

import io.whimbrel.mail.QueueCount;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/// What is queued, in numbers, by what is durable: [Survey#summary] adds what it knows of their
/// states. Read once, on the caller's thread.
///
/// @param oldest acceptance of the oldest message that rests; empty where none does
public record QueuedCounts(Queues queues, Optional<Instant> oldest) {

    /// The queues in which mail is: they may be too many to be in memory together.
    @FunctionalInterface
    public interface Queues {
        /// Shows each; one may come several times, with a part of it.
        void each(Consumer<QueueCount> viewer) throws IOException;
    }
}
