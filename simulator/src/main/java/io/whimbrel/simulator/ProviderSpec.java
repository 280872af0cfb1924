package io.whimbrel.simulator;

import java.util.List;
import java.util.Set;

/// Everything about one mailbox provider.
///
/// @param name short name, used in counters and reports
/// @param hosts at least one, 200 at most
/// @param domains whose mail it takes; aliases included
/// @param extensions what EHLO announces; none makes it a server of RFC 821, that knows only HELO
public record ProviderSpec(
        String name,
        List<MailHost> hosts,
        List<MailDomain> domains,
        Personality personality,
        TlsKind tls,
        Set<Extension> extensions) {

    public ProviderSpec {
        hosts = List.copyOf(hosts);
        domains = List.copyOf(domains);
        extensions = Set.copyOf(extensions);
        if (hosts.isEmpty() || hosts.size() > 200) {
            throw new IllegalArgumentException(
                    "provider " + name + " must have 1..200 hosts, not " + hosts.size());
        }
    }

    /// A provider without STARTTLS.
    public static ProviderSpec plain(
            String name, List<MailHost> hosts, List<MailDomain> domains, Personality personality) {
        return new ProviderSpec(name, hosts, domains, personality, TlsKind.NONE, Extension.USUAL);
    }

    /// The smallest provider: one domain, with one MX host `mx.` + domain.
    public static ProviderSpec single(String name, String domain, Personality personality) {
        String host = "mx." + domain;
        return plain(
                name,
                List.of(MailHost.live(host)),
                List.of(MailDomain.of(domain, host)),
                personality);
    }

    public ProviderSpec withTls(TlsKind kind) {
        return new ProviderSpec(name, hosts, domains, personality, kind, extensions);
    }

    public ProviderSpec withExtensions(Set<Extension> announced) {
        return new ProviderSpec(name, hosts, domains, personality, tls, announced);
    }
}
