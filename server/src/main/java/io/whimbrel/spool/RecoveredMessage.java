package io.whimbrel.spool;

import io.whimbrel.mail.RecipientNumbers;

import java.time.Instant;
import java.util.List;

/// A message that was in the queue when the node stopped.
///
/// @param waiting its unsettled recipients, grouped by equal state; at least one group
public record RecoveredMessage(SpooledMessage message, List<Waiting> waiting) {

    /// Recipients with the same past.
    ///
    /// @param attempts tries so far, 0 or more
    /// @param dueAt when to try (again)
    /// @param isDelayNotified the sender has been told about the delay
    public record Waiting(
            RecipientNumbers recipients, int attempts, Instant dueAt, boolean isDelayNotified) {}
}
