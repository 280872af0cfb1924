package io.whimbrel.spool;

import io.whimbrel.mail.QueueName;

/// How much of one queue rests on disk. Immutable.
///
/// @param recipients 1 or more
public record RestingQueue(QueueName name, long recipients) {}
