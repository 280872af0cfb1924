package io.whimbrel.policy;

import io.whimbrel.mail.DomainPattern;

/// One `[[inbound]]`: a domain whose mail is taken from anybody, for it ends here. Immutable.
///
/// @param domain which, never `*`
public record InboundSettings(DomainPattern domain) {

    public InboundSettings {
        if (domain instanceof DomainPattern.Every) {
            throw new IllegalArgumentException("mail to every domain would be an open relay");
        }
    }
}
