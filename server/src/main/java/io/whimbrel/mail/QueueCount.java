package io.whimbrel.mail;

/// How many recipients are in one queue. Immutable.
///
/// @param recipients that have not left the queue
/// @param resting of these, those that are on disk only until they are due
public record QueueCount(QueueName queue, long recipients, long resting) {}
