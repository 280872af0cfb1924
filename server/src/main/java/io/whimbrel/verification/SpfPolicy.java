package io.whimbrel.verification;

import io.whimbrel.verification.SpfVerdict.SpfResult;

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

    /// One mechanism of an SPF policy (RFC 7208 §5). Immutable.
    sealed interface SpfTerm {

        /// Everybody.
        record All() implements SpfTerm {}

        /// Whom another domain lets pass.
        record Include(MacroText domain) implements SpfTerm {}

        /// The addresses of a host; of the domain itself where it names none.
        record A(Optional<MacroText> domain, Prefixes prefixes) implements SpfTerm {}

        /// The addresses of those who take mail for a domain.
        record Mx(Optional<MacroText> domain, Prefixes prefixes) implements SpfTerm {}

        /// Clients whose own name lies in a domain.
        record Ptr(Optional<MacroText> domain) implements SpfTerm {}

        /// A block of addresses of either family.
        record Block(AddressBlock block) implements SpfTerm {}

        /// Clients for which a name with an IPv4 address exists.
        record Exists(MacroText domain) implements SpfTerm {}

        /// How many leading bits have to agree.
        record Prefixes(int ipv4, int ipv6) {}
    }
}
