package io.whimbrel.spool;

import io.whimbrel.mail.QueueId;

import java.util.List;
import java.util.Optional;

/// What a start found in the log.
///
/// @param operatorActions Hold and Suspend records still in force, oldest first
/// @param jobs those that have not ended, with how far they came
/// @param findings what was cut, quarantined or missing: one line each for the operator, with the
///   segment's name; empty after a clean stop
public record Recovery(
        List<SpoolRecord.Operator> operatorActions,
        List<SpoolRecord.Job> jobs,
        List<String> findings) {

    /// One thing in the log that is not as it should be. Immutable.
    ///
    /// @param segment its sequence number
    /// @param offset in the segment; 0 where all of it is meant
    /// @param bytes how many are concerned; 0 where that is not known
    /// @param message the message it is about, where it is about one
    /// @param text for the log of a node that starts
    public record Finding(
            Kind kind,
            long segment,
            long offset,
            long bytes,
            Optional<QueueId> message,
            String text) {

        static Finding ofSegment(Kind kind, long segment, String text) {
            return new Finding(kind, segment, 0, 0, Optional.empty(), text);
        }
    }

    /// What a [Finding] is.
    public enum Kind {
        /// The last write before a crash, never acknowledged: no damage.
        TORN,
        /// Acknowledged bytes are not as they were written.
        DAMAGED,
        /// A segment of the log is not there.
        MISSING,
        /// A file with a segment's name of which nothing can be read.
        UNREADABLE,
        /// A good segment that no other one leads to.
        FOREIGN,
        /// A good record that this version does not know.
        UNKNOWN_RECORD,
        /// A message was accepted, and cannot be delivered as it was.
        MESSAGE
    }
}
