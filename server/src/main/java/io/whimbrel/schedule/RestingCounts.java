package io.whimbrel.schedule;

import io.whimbrel.mail.QueueName;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.function.ObjLongConsumer;

/// What rests, in numbers, to be added to what is in memory by [Schedule#summary]. Read once, on
/// the caller's thread.
///
/// @param oldest acceptance of the oldest message that rests; empty where none does
public record RestingCounts(Queues queues, Optional<Instant> oldest) {

    /// The queues in which mail rests: they may be too many to be in memory together.
    @FunctionalInterface
    public interface Queues {
        /// Shows each, with recipients; one may come several times.
        void each(ObjLongConsumer<QueueName> viewer) throws IOException;
    }
}
