package io.whimbrel.policy;

import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;

/// What follows from an error of a client. Immutable.
public sealed interface DoorConsequence {

    /// The refusal is said after this time; zero for at once.
    record Delay(Duration duration) implements DoorConsequence {}

    /// This is said instead of the refusal, and the connection closed.
    record Ended(SmtpReply reply) implements DoorConsequence {}
}
