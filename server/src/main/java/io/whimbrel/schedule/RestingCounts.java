package io.whimbrel.schedule;

import io.whimbrel.mail.QueueName;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// What rests, in numbers, to be added to what is in memory by [Schedule#summary]. Read once, on
/// the caller's thread.
///
/// @param queues a line for each queue; a queue may have several
/// @param oldest acceptance of the oldest message that rests; empty where none does
public record RestingCounts(Iterable<Line> queues, Optional<Instant> oldest) {
    static final RestingCounts NONE = new RestingCounts(List.of(), Optional.empty());

    /// One queue's share.
    public record Line(QueueName queue, long recipients) {}
}
