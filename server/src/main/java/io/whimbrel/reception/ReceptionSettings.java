package io.whimbrel.reception;

import io.whimbrel.policy.InboundSettings;
import io.whimbrel.policy.TenantSettings;

import java.util.List;

/// Where mail comes in, whose it may be, and for which domains of ours. Immutable.
///
/// @param listens in the order of the file
public record ReceptionSettings(
        List<ListenSettings> listens, List<TenantSettings> tenants, List<InboundSettings> inbound) {

    public ReceptionSettings {
        listens = List.copyOf(listens);
        tenants = List.copyOf(tenants);
        inbound = List.copyOf(inbound);
    }

    /// Listeners alone.
    public static ReceptionSettings of(List<ListenSettings> listens) {
        return new ReceptionSettings(listens, List.of(), List.of());
    }
}
