package io.whimbrel.verification;

import java.util.List;
import java.util.Optional;

/// An SPF policy that has been read (RFC 7208 §4.6.1). Immutable.
///
/// @param directives in their order
/// @param redirect whose policy holds where none of them matches
/// @param explanation where the text for a failure is found
record SpfPolicy(
        List<Directive> directives, Optional<MacroText> redirect, Optional<MacroText> explanation) {

    /// @param text as it stands in the policy
    record Directive(SpfResult qualifier, SpfTerm term, String text) {}
}
