package io.whimbrel.signing;

import io.whimbrel.keys.SigningKey;

import java.util.Optional;

/// A rule as it applies to one message, with the key that signs now. Immutable.
///
/// @param domain that signs (`d=`), lower case, A-labels
/// @param selector of the key
/// @param author address in From, where it lies within `domain`
record Applied(
        DkimRule rule, String domain, String selector, SigningKey key, Optional<String> author) {}
