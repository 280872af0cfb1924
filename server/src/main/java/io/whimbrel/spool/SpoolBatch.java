package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;

import java.util.List;

/// Records that become durable together or not at all: the outcomes of one attempt, and the bounce
/// messages that they cause. Immutable.
///
/// @param records Settled, Deferred, Operator and Notice records; Accepted ones are made from
///   `reports`
/// @param reports messages that this node writes itself
public record SpoolBatch(List<SpoolRecord> records, List<Report> reports) {

    public SpoolBatch {
        records = List.copyOf(records);
        reports = List.copyOf(reports);
    }

    /// A message of our own, small: a DSN.
    ///
    /// @param body the message, at most 256 KiB; not to be changed after
    /// @param cause the message that it reports about
    public record Report(Envelope envelope, byte[] body, QueueId cause) {}
}
