package io.whimbrel.verification;

import io.whimbrel.dkim.DkimResult;

/// What became of one DKIM signature. Immutable. What a peer wrote may be any characters, for it is
/// kept where a signature cannot be read, too.
///
/// @param domain who signed, lower case; `""` where that cannot be read
/// @param selector of the key; `""` where that cannot be read
/// @param identity on whose behalf: an address, or `@` and a domain; `""` where that cannot be read
/// @param algorithm as in the signature; `""` where that cannot be read
/// @param signature the first 8 characters of it, to tell signatures apart (RFC 6008 §4)
/// @param reason why it did not pass, in our words; `""` where it did
public record DkimVerdict(
        DkimResult result,
        String domain,
        String selector,
        String identity,
        String algorithm,
        String signature,
        String reason) {

    static DkimVerdict none() {
        return new DkimVerdict(DkimResult.NONE, "", "", "", "", "", "");
    }

    /// Of a message whose header is too large to look at.
    static DkimVerdict unreadable(String reason) {
        return new DkimVerdict(DkimResult.PERMERROR, "", "", "", "", "", reason);
    }
}
