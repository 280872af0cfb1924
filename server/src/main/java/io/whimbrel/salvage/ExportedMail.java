package io.whimbrel.salvage;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.spool.RecoveredMessage.Waiting;

import java.util.List;
import java.util.Optional;

/// A queued message without its body, as it goes from one spool to another. Immutable.
///
/// @param id in the spool that it comes from, where it is known
/// @param size of its body in bytes, where it is known
/// @param envelope with those recipients only that are still queued
/// @param waiting each recipient once, by its number in `envelope`
record ExportedMail(
        Optional<QueueId> id, Optional<Long> size, Envelope envelope, List<Waiting> waiting) {

    ExportedMail {
        waiting = List.copyOf(waiting);
    }
}
