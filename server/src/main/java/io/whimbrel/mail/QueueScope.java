package io.whimbrel.mail;

import java.util.Optional;

/// Which queued recipients an operator means: all conditions that are given must hold. Immutable.
///
/// @param id one message
/// @param domain recipients in this domain
/// @param tenant mail of this tenant
/// @param campaign mail of this campaign
/// @param upTo messages that had begun to arrive no later than this one: ids ascend with time, so
///   [QueueId#at] makes an age of it
public record QueueScope(
        Optional<QueueId> id,
        Optional<DomainName> domain,
        Optional<String> tenant,
        Optional<String> campaign,
        Optional<QueueId> upTo) {

    /// Everything that is queued.
    public static final QueueScope ALL =
            new QueueScope(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    /// Of any age.
    public QueueScope(
            Optional<QueueId> id,
            Optional<DomainName> domain,
            Optional<String> tenant,
            Optional<String> campaign) {
        this(id, domain, tenant, campaign, Optional.empty());
    }

    /// One message, all of it.
    public static QueueScope of(QueueId id) {
        return new QueueScope(
                Optional.of(id), Optional.empty(), Optional.empty(), Optional.empty());
    }

    public boolean isAll() {
        return equals(ALL);
    }

    /// Of this, what had begun to arrive by `last`.
    public QueueScope noLaterThan(QueueId last) {
        QueueId first = upTo.filter(known -> known.compareTo(last) < 0).orElse(last);
        return new QueueScope(id, domain, tenant, campaign, Optional.of(first));
    }

    /// Whether it means whole queues: it looks at no message by itself.
    public boolean isOfWholeQueues() {
        return id.isEmpty() && upTo.isEmpty();
    }

    public boolean matches(QueueId messageId, MailStream stream, DomainName recipientDomain) {
        return matchesMessage(messageId) && matchesQueue(stream, recipientDomain);
    }

    /// As far as the id tells.
    public boolean matchesMessage(QueueId messageId) {
        return (id.isEmpty() || id.get().equals(messageId))
                && (upTo.isEmpty() || upTo.get().compareTo(messageId) >= 0);
    }

    /// Whether mail of this queue can be meant.
    public boolean matchesQueue(MailStream stream, DomainName recipientDomain) {
        return (domain.isEmpty() || domain.get().equals(recipientDomain))
                && (tenant.isEmpty() || tenant.get().equals(stream.tenant()))
                && (campaign.isEmpty() || campaign.get().equals(stream.campaign()));
    }

    /// Whether a release of this scope ends a hold of `other`: the conditions are the same, and
    /// what `other` means by its age is meant here too.
    public boolean ends(QueueScope other) {
        return id.equals(other.id)
                && domain.equals(other.domain)
                && tenant.equals(other.tenant)
                && campaign.equals(other.campaign)
                && upTo.isPresent() == other.upTo.isPresent()
                && (upTo.isEmpty() || upTo.get().compareTo(other.upTo.get()) >= 0);
    }
}
