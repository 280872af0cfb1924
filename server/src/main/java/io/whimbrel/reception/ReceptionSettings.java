package io.whimbrel.reception;

import io.whimbrel.policy.InboundSettings;
import io.whimbrel.policy.TenantSettings;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Where mail comes in, whose it may be, and for which domains of ours. Immutable.
///
/// @param listens in the order of the file
/// @param pools that header fields may name, sources among them
public record ReceptionSettings(
        List<ListenSettings> listens,
        List<TenantSettings> tenants,
        List<InboundSettings> inbound,
        Set<String> pools) {

    public ReceptionSettings {
        listens = List.copyOf(listens);
        tenants = List.copyOf(tenants);
        inbound = List.copyOf(inbound);
        pools = Set.copyOf(pools);
    }

    /// Where SMTP begins in plain text, over TCP: the first such listener.
    public Optional<InetSocketAddress> plainSmtp() {
        return listens.stream()
                .filter(listen -> !listen.isLmtp())
                .filter(listen -> listen.entrance().tls().mode() != TlsMode.IMPLICIT)
                .flatMap(listen -> listen.tcpAddress().stream())
                .findFirst();
    }

    /// Listeners alone.
    public static ReceptionSettings of(List<ListenSettings> listens) {
        return new ReceptionSettings(listens, List.of(), List.of(), Set.of());
    }
}
