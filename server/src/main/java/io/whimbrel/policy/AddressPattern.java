package io.whimbrel.policy;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;

import java.util.Locale;
import java.util.Optional;

/// Which addresses a line of the configuration is for: `bounce@x.example`, `bounce+*@x.example` for
/// all that begin so, `*@x.example` for all of the domain. Case does not count. Immutable.
///
/// @param local the part before the `@`, in lower case, without the asterisk of a beginning
/// @param isBeginning whether anything may follow `local`
/// @param domain what stands behind the `@`
public record AddressPattern(String local, boolean isBeginning, DomainPattern domain) {
    private static final int LOCAL_MAX = 64;
    private static final String LOCAL_CHARACTERS = "[^\\s\\p{Cntrl}\"(),:;<>@\\[\\\\\\]*]*";

    /// Empty where `text` is none.
    public static Optional<AddressPattern> parse(String text) {
        int at = text.lastIndexOf('@');
        if (at < 1 || at > LOCAL_MAX) {
            return Optional.empty();
        }
        boolean isBeginning = text.charAt(at - 1) == '*';
        String local = text.substring(0, isBeginning ? at - 1 : at).toLowerCase(Locale.ROOT);
        if (!local.matches(LOCAL_CHARACTERS)) {
            return Optional.empty();
        }
        return DomainPattern.parse(text.substring(at + 1))
                .map(domain -> new AddressPattern(local, isBeginning, domain));
    }

    /// @param localPart as a peer wrote it
    public boolean matches(String localPart, DomainName ofDomain) {
        String lower = localPart.toLowerCase(Locale.ROOT);
        boolean isLocal = isBeginning ? lower.startsWith(local) : lower.equals(local);
        return isLocal && domain.matches(ofDomain);
    }

    /// As [#parse] reads it.
    public String text() {
        return local + (isBeginning ? "*@" : "@") + domain.text();
    }
}
