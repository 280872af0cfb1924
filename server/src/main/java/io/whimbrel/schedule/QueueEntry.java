package io.whimbrel.schedule;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.spool.SpooledMessage;

import java.time.Instant;

/// Recipients of one message, in one domain, with the same past: what waits in a queue and is tried
/// in one mail transaction. Immutable. An unsettled recipient is in exactly one entry.
///
/// @param domain of all these recipients
/// @param recipients by number; at least one, at most the recipients of one transaction
/// @param attempts tries so far
/// @param dueAt not tried before
/// @param isDelayNotified the sender has been told about the delay
/// @param route name of the route that the stream or the recipients chose; `""` where the domain
///   alone decides
public record QueueEntry(
        SpooledMessage message,
        DomainName domain,
        RecipientNumbers recipients,
        int attempts,
        Instant dueAt,
        boolean isDelayNotified,
        String route) {

    /// Whose domain alone decides where it goes.
    public QueueEntry(
            SpooledMessage message,
            DomainName domain,
            RecipientNumbers recipients,
            int attempts,
            Instant dueAt,
            boolean isDelayNotified) {
        this(message, domain, recipients, attempts, dueAt, isDelayNotified, "");
    }

    /// Whether it waits in `queue`.
    boolean isOf(QueueName queue) {
        return domain.equals(queue.domain()) && message.envelope().stream().equals(queue.stream());
    }

    QueueEntry withDueAt(Instant newDueAt) {
        return new QueueEntry(
                message, domain, recipients, attempts, newDueAt, isDelayNotified, route);
    }

    /// Some of its recipients.
    public QueueEntry of(RecipientNumbers some) {
        return new QueueEntry(message, domain, some, attempts, dueAt, isDelayNotified, route);
    }

    /// Whose mail it is.
    public MailStream stream() {
        return message.envelope().stream();
    }
}
