package io.whimbrel.transport;

import io.whimbrel.dns.MxAnswer;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;

/// A host that mail is about to be sent to, as DANE looks at it. Immutable.
///
/// @param host as the MX record or the operator names it, before aliases are followed; lower case
/// @param domains the domain of the mail and, where that is an alias, the end of its chain:
///   certificates by usage DANE-TA may name those instead of the host (RFC 7672 §3.2.2)
/// @param isMxSecure the MX records that lead from the domain to the host are secure, or the proof
///   that there are none, or the operator named the host
public record DaneTarget(String host, int port, Set<String> domains, boolean isMxSecure) {

    public DaneTarget {
        domains = Collections.unmodifiableSet(new LinkedHashSet<>(domains));
    }

    /// A host that `mx`, the answer about `domain`, leads to: one of its hosts, or `domain` itself
    /// where there are none.
    ///
    /// @param mx the answer about `domain`: the name at the end of its aliases counts where all of
    ///   it is secure
    public static DaneTarget of(String host, int port, String domain, MxAnswer mx) {
        var domains = new LinkedHashSet<String>();
        domains.add(domain);
        if (mx instanceof MxAnswer.Hosts hosts && hosts.isSecure()) {
            domains.add(hosts.canonicalName());
        }
        return new DaneTarget(host, port, domains, mx.isSecure());
    }

    /// The same, where it was seen before that its MX records are secure: an answer that is missing
    /// by now takes nothing from it.
    DaneTarget sure() {
        return new DaneTarget(host, port, domains, true);
    }

    /// A host that the operator named: only its own name counts.
    public static DaneTarget ofOperator(String host, int port) {
        return new DaneTarget(host, port, Set.of(), true);
    }
}
