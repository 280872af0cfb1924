package io.whimbrel.spool;

import io.whimbrel.smtp.SmtpReply;

/// Whether a message became ours.
public sealed interface AcceptResult {

    /// It is on stable storage; only now may 250 be said.
    record Stored(SpooledMessage message) implements AcceptResult {}

    /// It is not ours; nothing of it is left. `reply` is 451 4.3.0 or 452 4.3.1.
    record Refused(SmtpReply reply) implements AcceptResult {}
}
