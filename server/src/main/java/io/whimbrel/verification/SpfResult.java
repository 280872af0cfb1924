package io.whimbrel.verification;

import java.util.Locale;

/// What SPF says (RFC 7208 §2.6).
public enum SpfResult {
    /// No name to ask for, or no policy there.
    NONE,
    /// The domain says nothing about this client.
    NEUTRAL,
    /// The client may use the domain.
    PASS,
    /// The client may not.
    FAIL,
    /// The client probably may not.
    SOFTFAIL,
    /// The DNS failed; a later attempt may be told.
    TEMPERROR,
    /// The domain's policy cannot be read.
    PERMERROR;

    /// As the Authentication-Results field has it (RFC 8601 §2.7.2).
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
