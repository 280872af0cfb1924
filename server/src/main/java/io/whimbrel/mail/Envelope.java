package io.whimbrel.mail;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// What travels beside a message: who sent it, to whom, how it is to be treated (RFC 5321 §2.3.1).
/// Immutable. A recipient is named by its number: its index in `recipients`, for ever.
///
/// @param reversePath where reports go
/// @param recipients at least one
/// @param parameters of MAIL
/// @param stream which sender's mail this is; its pool is that of the treatment
/// @param receivedAt when the message was accepted
/// @param dsnPolicy which notices may be sent at all
/// @param treatment what was asked for this message alone
public record Envelope(
        ReversePath reversePath,
        List<Recipient> recipients,
        MailParameters parameters,
        MailStream stream,
        Instant receivedAt,
        DsnPolicy dsnPolicy,
        Treatment treatment) {

    public Envelope {
        if (recipients.isEmpty()) {
            throw new IllegalArgumentException("an envelope has at least one recipient");
        }
        recipients = List.copyOf(recipients);
        stream = stream.leavingBy(treatment.pool());
    }

    /// As all mail of its stream.
    public Envelope(
            ReversePath reversePath,
            List<Recipient> recipients,
            MailParameters parameters,
            MailStream stream,
            Instant receivedAt,
            DsnPolicy dsnPolicy) {
        this(reversePath, recipients, parameters, stream, receivedAt, dsnPolicy, Treatment.NONE);
    }

    /// The same as mail of `other`.
    public Envelope withStream(MailStream other) {
        return other.leavingBy(treatment.pool()).equals(stream)
                ? this
                : new Envelope(
                        reversePath,
                        recipients,
                        parameters,
                        other,
                        receivedAt,
                        dsnPolicy,
                        treatment);
    }

    /// The same, treated otherwise.
    public Envelope withTreatment(Treatment other) {
        return new Envelope(
                reversePath, recipients, parameters, stream, receivedAt, dsnPolicy, other);
    }

    /// When it may be tried first, where it was accepted at `acceptedAt`.
    public Instant firstDue(Instant acceptedAt) {
        Optional<Instant> notBefore = treatment.notBefore();
        return notBefore.isPresent() && notBefore.get().isAfter(acceptedAt)
                ? notBefore.get()
                : acceptedAt;
    }

    /// When its lifetime begins, from which retries and notices of delay count: when it was
    /// accepted, or when its sender wanted it released.
    public Instant lifeBegins() {
        return firstDue(receivedAt);
    }

    /// When the sender wants to be told that it is not delivered yet (RFC 2852). Empty where that
    /// is as for all mail; so it is where that time had passed before the message came to us, for
    /// whoever had it then has told already.
    public Optional<Instant> delayNoticeAt() {
        return treatment
                .deliverBy()
                .filter(by -> by.mode() == DeliverBy.Mode.NOTIFY)
                .map(DeliverBy::deadline)
                .filter(receivedAt::isBefore);
    }

    /// When it is given up.
    ///
    /// @param lifetime of all mail
    public Instant endOfLife(Duration lifetime) {
        Instant end = lifeBegins().plus(lifetime);
        return treatment.deadline().filter(deadline -> deadline.isBefore(end)).orElse(end);
    }
}
