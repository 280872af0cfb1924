package io.whimbrel.outcome;

import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.Recipient;
import io.whimbrel.spool.AttemptFacts;

/// What the sender is to be told about one recipient. Immutable.
///
/// @param number of the recipient in its envelope
/// @param facts what the last attempt met
record Notice(int number, Kind kind, AttemptFacts facts) {

    /// What happened, in the order in which a report tells it.
    enum Kind {
        /// Refused for good.
        REFUSED("failed"),
        /// Given up after the lifetime.
        EXPIRED("failed"),
        /// Returned by an operator.
        RETURNED("failed"),
        /// Not delivered yet; tries go on.
        DELAYED("delayed"),
        /// Taken by a host that sends no reports (RFC 3461 §5.2.2).
        RELAYED("relayed"),
        /// Taken by another host, and the sender wants to be told of each (RFC 2852 §4).
        TRACED("relayed");

        private final String action;

        Kind(String action) {
            this.action = action;
        }

        /// Value of the field Action (RFC 3464 §2.3.3).
        String action() {
            return action;
        }

        boolean isFailure() {
            return this == REFUSED || this == EXPIRED || this == RETURNED;
        }
    }

    /// Whether the sender of `envelope` may and wants to be told `kind` about recipient `number`.
    /// Nobody is told about a report: that would be a bounce for a bounce (RFC 5321 §6.1).
    static boolean isWanted(Envelope envelope, int number, Kind kind) {
        if (envelope.reversePath().isNull() || envelope.dsnPolicy() == DsnPolicy.NEVER) {
            return false;
        }
        Recipient recipient = envelope.recipients().get(number);
        boolean isFull = envelope.dsnPolicy() == DsnPolicy.FULL;
        return switch (kind) {
            case REFUSED, EXPIRED, RETURNED -> recipient.notice().failure();
            case DELAYED -> isFull && recipient.notice().delay();
            case RELAYED -> isFull && recipient.notice().success();
            case TRACED -> isFull && !recipient.notice().equals(Notify.NEVER);
        };
    }
}
