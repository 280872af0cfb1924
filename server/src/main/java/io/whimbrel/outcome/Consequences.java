package io.whimbrel.outcome;

import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.spool.SpoolRecord;

import java.util.List;

/// What follows from one attempt. Immutable. Every recipient of the attempt is in exactly one of
/// the records; those of Deferred records are in exactly one retry.
///
/// @param records Settled and Deferred records, one for each group of equal results
/// @param retries what stays in the queue
/// @param notices what the sender is to be told
record Consequences(List<SpoolRecord> records, List<QueueEntry> retries, List<Notice> notices) {}
