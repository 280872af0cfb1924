package io.whimbrel.signing;

import io.whimbrel.keys.KeyPlace;
import io.whimbrel.mail.DomainName;
import io.whimbrel.signing.DkimRule.Form;
import io.whimbrel.signing.DkimRule.Scope;

import java.util.Optional;

/// `[arc]`: who seals mail that passes through, and with which key (RFC 8617). Immutable.
///
/// @param domain who seals (`d=`)
/// @param selector of the key (`s=`), where it has not been replaced since
/// @param key where it lies; RSA alone
/// @param authservId by which this node says what it has verified
public record ArcSettings(DomainName domain, String selector, KeyPlace key, String authservId) {

    /// The key like one that mail is signed with: found, replaced and shown by the same means.
    public DkimRule rule() {
        return new DkimRule(Optional.of(domain), selector, key, Scope.ALL, Form.DEFAULT);
    }
}
