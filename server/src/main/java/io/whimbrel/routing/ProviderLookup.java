package io.whimbrel.routing;

import io.whimbrel.mail.DomainName;

import java.util.List;
import java.util.Optional;

/// Tells which mailbox provider hosts belong to. Thread-safe.
@FunctionalInterface
public interface ProviderLookup {

    /// Knows none.
    ProviderLookup NONE = (_, _) -> "";

    /// The provider's name; `""` where it is none that is known.
    ///
    /// @param mxHosts by preference, lower case
    /// @param domain whose mail they take
    String provider(List<String> mxHosts, DomainName domain);

    /// What its hosts are to be connected to by; empty where the provider has no wish.
    default Optional<IpPreference> ipPreference(String provider) {
        return Optional.empty();
    }
}
