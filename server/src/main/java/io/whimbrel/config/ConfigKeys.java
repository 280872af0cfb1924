package io.whimbrel.config;

import io.whimbrel.toml.TableSpec;

import java.util.List;
import java.util.Optional;

/// Every table of the file. Stateless.
final class ConfigKeys {
    /// In the order of the reference and the default file.
    static final List<TableSpec> TABLES =
            List.of(
                    ReceptionKeys.NODE,
                    ReceptionKeys.LISTEN,
                    TlsKeys.MORE,
                    TenantKeys.TENANT,
                    DoorKeys.INBOUND,
                    PickupKeys.PICKUP,
                    PickupKeys.SENDMAIL,
                    EgressKeys.SOURCE,
                    EgressKeys.POOL,
                    EgressKeys.CLASS,
                    DnsKeys.DNS,
                    RouteKeys.ROUTE,
                    DeliveryKeys.DELIVERY,
                    ShapingKeys.SHAPING,
                    ShapingKeys.PROVIDER,
                    ShapingKeys.LIMIT,
                    TlsOutKeys.TLS_OUT,
                    TlsOutKeys.TLS_POLICY,
                    CampaignKeys.CAMPAIGN,
                    DkimKeys.DKIM,
                    DkimKeys.SIGNING,
                    ArcKeys.ARC,
                    KeySourceKeys.VAULT,
                    KeySourceKeys.PKCS11,
                    TlsReportKeys.TLS_REPORT,
                    DeliveryKeys.RETRY,
                    StorageKeys.MEMORY,
                    StorageKeys.SPOOL,
                    StorageKeys.EVENTS);

    private ConfigKeys() {}

    /// The table of this name.
    static Optional<TableSpec> table(String name) {
        return TABLES.stream().filter(table -> table.name().equals(name)).findFirst();
    }
}
