package io.whimbrel.verification;

import java.util.Locale;

/// What became of a chain of ARC. Immutable. It says who handled the message, not that they are to
/// be believed.
///
/// @param instances how many links the chain has, 0..50
/// @param domain who sealed last, lower case; `""` where there is no chain, or it is broken
/// @param isTemporary it fails because the DNS did
/// @param reason why it fails, in our words; `""` where it does not
public record ArcVerdict(
        ArcResult result, int instances, String domain, boolean isTemporary, String reason) {

    static ArcVerdict none() {
        return new ArcVerdict(ArcResult.NONE, 0, "", false, "");
    }

    static ArcVerdict broken(int instances, String reason) {
        return new ArcVerdict(ArcResult.FAIL, instances, "", false, reason);
    }

    /// What became of a chain of ARC (RFC 8617 §4.4).
    public enum ArcResult {
        /// The message has no chain.
        NONE,
        PASS,
        FAIL;

        /// As the Authentication-Results field has it (RFC 8617 §10.2).
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
