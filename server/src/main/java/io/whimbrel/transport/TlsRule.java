package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.tls.CertificateFiles;

import java.util.List;
import java.util.Optional;

/// One `[[tls-policy]]`. Immutable.
///
/// @param domain of recipients; empty: all
/// @param provider whose hosts take their mail; empty: any
/// @param names that a host's certificate must be for, in place of its own name, lower case; one
///   that begins with a dot stands for all hosts below it; may be empty
/// @param certificate ours, for hosts that ask for one; empty: that of `[tls-out]`
public record TlsRule(
        Optional<DomainPattern> domain,
        Optional<String> provider,
        TlsLevel level,
        List<String> names,
        Optional<CertificateFiles> certificate) {

    public TlsRule {
        names = List.copyOf(names);
    }

    boolean matches(DomainName recipients, String hosts) {
        return domain.map(pattern -> pattern.matches(recipients)).orElse(true)
                && provider.map(hosts::equals).orElse(true);
    }
}
