package io.whimbrel.mail;

import java.util.Optional;

/// Which queued recipients an operator means: all conditions that are given must hold. Immutable.
///
/// @param id one message
/// @param domain recipients in this domain
/// @param tenant mail of this tenant
/// @param campaign mail of this campaign
public record QueueScope(
        Optional<QueueId> id,
        Optional<DomainName> domain,
        Optional<String> tenant,
        Optional<String> campaign) {

    /// Everything that is queued.
    public static final QueueScope ALL =
            new QueueScope(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    public boolean isAll() {
        return equals(ALL);
    }

    public boolean matches(QueueId messageId, MailStream stream, DomainName recipientDomain) {
        return (id.isEmpty() || id.get().equals(messageId))
                && (domain.isEmpty() || domain.get().equals(recipientDomain))
                && (tenant.isEmpty() || tenant.get().equals(stream.tenant()))
                && (campaign.isEmpty() || campaign.get().equals(stream.campaign()));
    }
}
