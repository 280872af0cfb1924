package io.whimbrel.spool;

import io.whimbrel.log.Position;

import java.util.Optional;

/// A durable record with its place in the log. Immutable.
///
/// @param next the position behind the record: a reader that starts there sees what follows
/// @param message the message that the record is about; empty for operator actions and notices, and
///   for a message of which nothing can be read any more
public record CommittedRecord(
        Position position, Position next, SpoolRecord record, Optional<SpooledMessage> message) {}
