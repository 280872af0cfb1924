package io.whimbrel.token;

import io.whimbrel.mail.QueueId;

import java.time.Instant;
import java.util.Arrays;
import java.util.Map;

/// Keys and values for tests.
final class Tokens {
    static final Instant ACCEPTED = Instant.parse("2026-11-28T12:00:00.5Z");
    static final QueueId ID = QueueId.at(ACCEPTED);
    static final TokenKeys KEYS = TokenKeys.of(secret(1));

    private Tokens() {}

    static byte[] secret(int octet) {
        var secret = new byte[32];
        Arrays.fill(secret, (byte) octet);
        return secret;
    }

    static TemplateValues values(String recipient) {
        return values(recipient, "spring:sale", Map.of("order", "4711"));
    }

    static TemplateValues values(String recipient, String campaign, Map<String, String> metadata) {
        return new TemplateValues(KEYS, ID, 3, recipient, "acme", campaign, metadata, ACCEPTED);
    }
}
