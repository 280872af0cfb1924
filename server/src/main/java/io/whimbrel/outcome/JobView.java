package io.whimbrel.outcome;

import io.whimbrel.mail.QueueJob;
import io.whimbrel.spool.SpoolRecord.Stage;

import java.time.Instant;

/// A job as operators see it. Immutable.
///
/// @param done recipients so far
/// @param of how many there were at the beginning, about
/// @param changedAt when it ended, or now
/// @param trouble what keeps it from going on; `""` for nothing
public record JobView(
        QueueJob job,
        Instant begunAt,
        Stage stage,
        long done,
        long of,
        Instant changedAt,
        String trouble) {}
