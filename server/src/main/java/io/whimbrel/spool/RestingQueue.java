package io.whimbrel.spool;

import io.whimbrel.mail.QueueName;

import java.time.Instant;

/// How much of one queue rests on disk. Immutable.
///
/// @param recipients 1 or more
/// @param lookedAt when it is due, or looked at again
public record RestingQueue(QueueName name, long recipients, Instant lookedAt) {}
