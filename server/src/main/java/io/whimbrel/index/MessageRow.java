package io.whimbrel.index;

import io.whimbrel.log.FramePlace;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.RecipientNumbers;

import java.time.Instant;
import java.util.List;

/// What the index knows of one message in the queue. Immutable.
///
/// @param size bytes of the message
/// @param recipients how many its envelope has
/// @param body where its parts are in the log, in order
/// @param envelope where the parts of a large envelope are; empty where `accepted` holds it
/// @param accepted the record that commits the message
/// @param entries all recipients that are not settled, by queue and state; at least one entry
public record MessageRow(
        QueueId id,
        long size,
        int recipients,
        List<FramePlace> body,
        List<FramePlace> envelope,
        FramePlace accepted,
        List<Entry> entries) {

    /// Recipients of one queue with the same past.
    ///
    /// @param attempts tries so far, 0 or more
    /// @param dueAt when to try (again), in whole microseconds
    /// @param isDelayNotified the sender has been told about the delay
    public record Entry(
            QueueName queue,
            RecipientNumbers recipients,
            int attempts,
            Instant dueAt,
            boolean isDelayNotified) {}
}
