package io.whimbrel.mail;

import java.time.Instant;
import java.util.List;

/// What travels beside a message: who sent it, to whom, how it is to be treated (RFC 5321 §2.3.1).
/// Immutable. A recipient is named by its number: its index in `recipients`, for ever.
///
/// @param reversePath where reports go
/// @param recipients at least one
/// @param parameters of MAIL
/// @param stream which sender's mail this is
/// @param receivedAt when the message was accepted; retry and expiry count from here
/// @param dsnPolicy which notices may be sent at all
public record Envelope(
        ReversePath reversePath,
        List<Recipient> recipients,
        MailParameters parameters,
        MailStream stream,
        Instant receivedAt,
        DsnPolicy dsnPolicy) {

    public Envelope {
        if (recipients.isEmpty()) {
            throw new IllegalArgumentException("an envelope has at least one recipient");
        }
        recipients = List.copyOf(recipients);
    }

    /// The same as mail of `other`.
    public Envelope withStream(MailStream other) {
        return other.equals(stream)
                ? this
                : new Envelope(reversePath, recipients, parameters, other, receivedAt, dsnPolicy);
    }
}
