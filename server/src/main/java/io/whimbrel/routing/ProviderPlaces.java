package io.whimbrel.routing;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.DomainName;
import io.whimbrel.provider.Providers;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Whose hosts are whose, by provider files. Thread-safe; blocks where only the addresses of hosts
/// can tell.
///
/// @param resolver asked for those
public record ProviderPlaces(Providers providers, Resolver resolver) implements ProviderLookup {
    /// Whose addresses are asked for: the best.
    static final int HOSTS_MAX = 10;

    @Override
    public String provider(List<String> mxHosts, DomainName domain) {
        return providers.of(mxHosts, domain.value(), () -> addresses(mxHosts));
    }

    @Override
    public Optional<IpPreference> ipPreference(String provider) {
        return providers
                .file(provider)
                .flatMap(file ->
                        switch (file.ip()) {
                            case ANY -> Optional.empty();
                            case FOUR_FIRST -> Optional.of(IpPreference.IPV4_FIRST);
                            case SIX_FIRST -> Optional.of(IpPreference.IPV6_FIRST);
                            case FOUR_ONLY -> Optional.of(IpPreference.IPV4_ONLY);
                            case SIX_ONLY -> Optional.of(IpPreference.IPV6_ONLY);
                        });
    }

    private List<InetAddress> addresses(List<String> mxHosts) {
        List<String> best = mxHosts.subList(0, Math.min(mxHosts.size(), HOSTS_MAX));
        var questions = new HostQuestions(resolver);
        best.forEach(host -> questions.begin(host, IpPreference.BY_TURNS));
        var addresses = new ArrayList<InetAddress>();
        for (String host : best) {
            for (AddressAnswer answer : List.of(questions.ipv4(host), questions.ipv6(host))) {
                if (answer instanceof AddressAnswer.Addresses found) {
                    addresses.addAll(found.addresses());
                }
            }
        }
        return addresses;
    }
}
