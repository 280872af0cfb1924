package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.mail.MailStream;

/// Whose mail waits, and where it is to go. Immutable.
public record Waiting(MailStream stream, Destination destination) {}
