package io.whimbrel.token;

import io.whimbrel.mail.QueueId;

import java.time.Instant;
import java.util.Map;

/// What a template may name, of one message and one recipient. Immutable.
///
/// @param keys what tokens are sealed with
/// @param queueId of the message
/// @param number of the recipient in the envelope
/// @param recipient the address
/// @param tenant `""` where there is none
/// @param campaign `""` where there is none
/// @param metadata of the message's treatment
/// @param acceptedAt when the message was accepted
public record TemplateValues(
        TokenKeys keys,
        QueueId queueId,
        int number,
        String recipient,
        String tenant,
        String campaign,
        Map<String, String> metadata,
        Instant acceptedAt) {

    /// `""` where the address has no room in it.
    String token() {
        return RecipientToken.of(queueId, tenant, campaign, recipient, acceptedAt)
                .map(token -> token.seal(keys))
                .orElse("");
    }

    /// `""` where the number has no room in it.
    String ref() {
        return number < 0 || number > ShortToken.RECIPIENT_MAX
                ? ""
                : new ShortToken(queueId, number).seal(keys);
    }

    String localPart() {
        int at = recipient.lastIndexOf('@');
        return at < 0 ? recipient : recipient.substring(0, at);
    }

    /// `""` where the address has none.
    String domain() {
        int at = recipient.lastIndexOf('@');
        return at < 0 ? "" : recipient.substring(at + 1);
    }
}
