package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.tls.CertificateFiles;

import java.util.List;
import java.util.Optional;

/// One `[[tls-policy]]`. Immutable.
///
/// @param target whose mail it is about
/// @param names that a host's certificate must be for, in place of its own name, lower case; one
///   that begins with a dot stands for all hosts below it; may be empty
/// @param certificate ours, for hosts that ask for one; empty: that of `[tls-out]`
public record TlsRule(
        Target target, TlsLevel level, List<String> names, Optional<CertificateFiles> certificate) {

    /// Whose mail.
    public sealed interface Target {

        /// Of recipients in these domains.
        record Domains(DomainPattern pattern) implements Target {}

        /// Of recipients whose hosts are this provider's.
        record Provider(String name) implements Target {}
    }

    public TlsRule {
        names = List.copyOf(names);
    }

    boolean matches(DomainName domain, String provider) {
        return switch (target) {
            case Target.Domains(DomainPattern pattern) -> pattern.matches(domain);
            case Target.Provider(String name) -> name.equals(provider);
        };
    }
}
