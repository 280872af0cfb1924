package io.whimbrel.verification;

import java.util.Locale;

/// What SPF says about one client and one identity. Immutable.
///
/// @param isHelo the identity is the name after HELO or EHLO, for the reverse-path is null
/// @param identity what was checked: an address or a name, as the peer gave it
/// @param domain whose policy it is; lower case; `""` where the identity has none
/// @param explanation of a failure, in the words of the domain: 0..512 printable US-ASCII
///   characters, which are a stranger's and prove nothing (RFC 7208 §11.5)
/// @param cause the term of the policy that decided, such as `-all`; or what is wrong with it; `""`
///   where there is nothing to say
public record SpfVerdict(
        SpfResult result,
        boolean isHelo,
        String identity,
        String domain,
        String explanation,
        String cause) {
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
}
