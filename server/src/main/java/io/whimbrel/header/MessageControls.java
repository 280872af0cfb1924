package io.whimbrel.header;

import io.whimbrel.mail.PriorityClass;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// What header fields of a message ask of us, beyond what the envelope says. Immutable.
///
/// @param tenant whose mail it is
/// @param campaign one mailing of the tenant
/// @param pool egress pool or source by name
/// @param envelopeId ENVID, xtext-encoded
/// @param priority how urgent
/// @param notBefore when to try first
/// @param expiresAt when to give up
/// @param metadata for the events of the message
public record MessageControls(
        Optional<String> tenant,
        Optional<String> campaign,
        Optional<String> pool,
        Optional<String> envelopeId,
        Optional<PriorityClass> priority,
        Optional<Instant> notBefore,
        Optional<Instant> expiresAt,
        Map<String, String> metadata) {

    public static final MessageControls NONE =
            new MessageControls(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Map.of());

    public MessageControls {
        metadata = Map.copyOf(metadata);
    }
}
