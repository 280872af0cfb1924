package io.whimbrel.verification;

import java.util.Locale;
import java.util.Optional;

/// What DMARC says about one message. Immutable.
///
/// @param authorDomain of the From field, lower case; `""` where there is none to be read
/// @param policy what the domain wants done with a failure of this author, after the weakening of a
///   test; `NONE` where it has no policy
/// @param policyDomain whose record it is; `""` where there is none
/// @param isTesting the domain only tries
/// @param fromFields how many From fields the message has; 0 also where its header is too large
/// @param reason why it did not pass, in our words; `""` where it did
public record DmarcVerdict(
        DmarcResult result,
        String authorDomain,
        DmarcPolicy policy,
        String policyDomain,
        boolean isTesting,
        int fromFields,
        String reason) {

    static DmarcVerdict unreadable(int fromFields, String reason) {
        return new DmarcVerdict(
                DmarcResult.PERMERROR, "", DmarcPolicy.NONE, "", false, fromFields, reason);
    }

    /// What a domain asks to be done with mail that fails DMARC (RFC 9989 §4.7), from nothing to
    /// most.
    public enum DmarcPolicy {
        NONE,
        QUARANTINE,
        REJECT;

        /// As in a DMARC record.
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Optional<DmarcPolicy> parse(String word) {
            return switch (word.toLowerCase(Locale.ROOT)) {
                case "none" -> Optional.of(NONE);
                case "quarantine" -> Optional.of(QUARANTINE);
                case "reject" -> Optional.of(REJECT);
                default -> Optional.empty();
            };
        }

        /// What is done instead while the domain only tries (RFC 9989 §4.7, tag `t`).
        DmarcPolicy weaker() {
            return this == REJECT ? QUARANTINE : NONE;
        }
    }

    /// What DMARC says (RFC 9989 §5.4; the words are those of RFC 8601 §2.7 and its registry).
    public enum DmarcResult {
        /// The author's domain has no policy.
        NONE,
        /// SPF or DKIM passed for the author's domain, or for one of the same organization.
        PASS,
        /// Neither did.
        FAIL,
        /// The DNS failed; a later attempt may be told.
        TEMPERROR,
        /// Who the author is cannot be read.
        PERMERROR;

        /// As the Authentication-Results field has it.
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
