package io.whimbrel.reaction;

import io.whimbrel.shaping.Flow;
import io.whimbrel.smtp.SmtpReply;

import java.time.Instant;

/// A reply of a provider, and to what. Immutable.
///
/// @param flow what was being sent: all dimensions that are known
/// @param reply as it came
/// @param isConnectionLevel whether it answers the connection, EHLO, STARTTLS or AUTH, so that it
///   says nothing about the message
/// @param reversePathDomain of the message; `""` for none
/// @param now when it came
public record Observation(
        Flow flow,
        SmtpReply reply,
        boolean isConnectionLevel,
        String reversePathDomain,
        Instant now) {}
