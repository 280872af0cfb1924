package io.whimbrel.dkim;

import java.util.Locale;

/// What became of one DKIM signature (RFC 8601 §2.7.1).
public enum DkimResult {
    /// The message has no signature.
    NONE,
    PASS,
    /// The message is not what was signed, or no longer stands by it.
    FAIL,
    /// We do not accept such a signature: SHA-1, or a key that is too short or too long (RFC 8301).
    POLICY,
    /// It cannot be judged.
    NEUTRAL,
    /// The DNS failed; a later attempt may be told.
    TEMPERROR,
    /// The signature or its key cannot be read.
    PERMERROR;

    /// As the Authentication-Results field has it.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
