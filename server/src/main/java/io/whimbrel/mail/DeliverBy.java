package io.whimbrel.mail;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/// When the sender wants a message delivered, and what is to happen where it is not (RFC 2852 §4).
/// Immutable.
///
/// @param deadline counted from when we received it; in whole milliseconds
/// @param isTraced the sender is told of each host that the message is passed on to
public record DeliverBy(Instant deadline, Mode mode, boolean isTraced) {

    /// What follows once the deadline has passed.
    public enum Mode {
        /// The message is returned, and not tried any more.
        RETURN,
        /// The sender is told of the delay, and tries go on.
        NOTIFY
    }

    public DeliverBy {
        deadline = deadline.truncatedTo(ChronoUnit.MILLIS);
    }
}
