package io.whimbrel.policy;

import io.whimbrel.mail.Network;

import java.net.InetAddress;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// All tenants of the configuration, and how they are recognised. Immutable; a reload makes a new
/// one for later sessions.
///
/// Where two name the same network or certificate the first holds (`whimbrel config check` refuses
/// such a file).
public final class Tenants {
    public static final Tenants NONE = new Tenants(List.of());

    private final List<TenantSettings> all;
    private final Map<String, TenantSettings> byName = new HashMap<>();
    private final Map<String, TenantSettings> byCertificate = new HashMap<>();

    /// The longest prefix first, so that the first that contains an address is the one. Searched
    /// one by one, once a connection: tenants that are known by their network are few.
    private final List<Whose> networks;

    private record Whose(Network network, TenantSettings tenant) {}

    public Tenants(List<TenantSettings> tenants) {
        all = List.copyOf(tenants);
        for (TenantSettings tenant : all) {
            byName.putIfAbsent(tenant.name(), tenant);
            for (String certificate : tenant.certificates()) {
                byCertificate.putIfAbsent(certificate.toLowerCase(Locale.ROOT), tenant);
            }
        }
        networks =
                all.stream()
                        .flatMap(tenant ->
                                tenant.networks().stream()
                                        .map(network -> new Whose(network, tenant)))
                        .sorted(Comparator.comparingInt(whose -> -whose.network().prefixBits()))
                        .toList();
    }

    /// In the order of the configuration.
    public List<TenantSettings> all() {
        return all;
    }

    /// The tenant of this name, which credentials or a listener gave; without rules where the
    /// configuration has no table of it.
    public TenantSettings named(String name) {
        TenantSettings known = byName.get(name);
        return known == null ? TenantSettings.withoutRules(name) : known;
    }

    /// Whether the configuration has a table of it.
    public boolean isConfigured(String name) {
        return byName.containsKey(name);
    }

    /// Whose network the client is in; the longest prefix wins.
    public Optional<TenantSettings> ofClient(InetAddress client) {
        for (Whose whose : networks) {
            if (whose.network().contains(client)) {
                return Optional.of(whose.tenant());
            }
        }
        return Optional.empty();
    }

    /// Whose certificate a client has shown, one that was verified: by its fingerprint first, which
    /// nobody else's can have, then by the first of its names that is known.
    ///
    /// @param sha256 of the whole certificate, 64 hexadecimal digits
    /// @param names DNS names, mail addresses and the common name, in the order of the certificate
    public Optional<TenantSettings> ofCertificate(String sha256, Collection<String> names) {
        TenantSettings tenant = byCertificate.get("sha256:" + sha256.toLowerCase(Locale.ROOT));
        for (String name : names) {
            if (tenant == null) {
                tenant = byCertificate.get(name.toLowerCase(Locale.ROOT));
            }
        }
        return Optional.ofNullable(tenant);
    }
}
