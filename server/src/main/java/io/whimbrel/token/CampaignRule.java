package io.whimbrel.token;

import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Wildcards;

import java.util.List;
import java.util.Optional;

/// `[[campaign]]`: what some mail gets as it leaves. Immutable.
///
/// @param tenants whose mail; none: everybody's
/// @param campaigns of which campaigns; none: all, and mail of no campaign
/// @param feedbackId Feedback-ID, as Gmail counts complaints by
/// @param listUnsubscribe List-Unsubscribe
/// @param isOneClick List-Unsubscribe-Post with it (RFC 8058)
/// @param hasToken a field with the [RecipientToken]
/// @param verp the reverse-path
public record CampaignRule(
        List<String> tenants,
        List<Wildcards> campaigns,
        Optional<HeaderTemplate> feedbackId,
        Optional<HeaderTemplate> listUnsubscribe,
        boolean isOneClick,
        boolean hasToken,
        Optional<VerpTemplate> verp) {

    /// The field that carries the token.
    public static final String TOKEN_FIELD = "X-Whimbrel-Ref";

    public CampaignRule {
        tenants = List.copyOf(tenants);
        campaigns = List.copyOf(campaigns);
    }

    boolean isFor(MailStream stream) {
        return (tenants.isEmpty() || tenants.contains(stream.tenant()))
                && (campaigns.isEmpty()
                        || campaigns.stream().anyMatch(one -> one.matches(stream.campaign())));
    }

    /// Whether each recipient gets something else, and so a transaction of his own.
    boolean isSingly() {
        return hasToken
                || verp.isPresent()
                || feedbackId.filter(HeaderTemplate::isOfRecipient).isPresent()
                || listUnsubscribe.filter(HeaderTemplate::isOfRecipient).isPresent();
    }
}
