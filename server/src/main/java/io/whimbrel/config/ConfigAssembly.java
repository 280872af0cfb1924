package io.whimbrel.config;

import io.whimbrel.budget.MemorySettings;
import io.whimbrel.delivery.DeliverySettings;
import io.whimbrel.egress.ClassSettings;
import io.whimbrel.egress.EgressSettings;
import io.whimbrel.eventlog.EventLogSettings;
import io.whimbrel.log.LowWater;
import io.whimbrel.mail.MailStream;
import io.whimbrel.reception.ListenSettings;
import io.whimbrel.reception.ReceptionSettings;
import io.whimbrel.reception.SessionLimits;
import io.whimbrel.routing.HostSettings;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.schedule.ScheduleSettings;
import io.whimbrel.spool.SpoolSettings;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Change;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// Makes each room's settings from a file without errors. Confined to one thread.
final class ConfigAssembly {
    private final String file;
    private final FileValues values;
    private final Config.Node node;
    private final MailClasses classes;

    /// @param file that the values stand in
    ConfigAssembly(String file, FileValues values) {
        this.file = file;
        this.values = values;
        this.classes = new MailClasses(values);
        TableValues table = values.one(ReceptionKeys.NODE);
        this.node =
                new Config.Node(
                        table.get(ReceptionKeys.NODE_NAME),
                        table.get(ReceptionKeys.NODE_DATA),
                        table.get(ReceptionKeys.NODE_DRAIN));
    }

    Config assemble() {
        EgressSettings egress = EgressKeys.settings(values, classes, node.name());
        return new Config(
                node,
                new ReceptionSettings(
                        values.all(ReceptionKeys.LISTEN).stream().map(this::listen).toList(),
                        values.all(TenantKeys.TENANT).stream()
                                .map(it -> TenantKeys.settings(it, classes))
                                .toList(),
                        DoorKeys.inbound(values.all(DoorKeys.INBOUND)),
                        egress.poolNames()),
                PickupKeys.pickup(values.one(PickupKeys.PICKUP), classes, node.dataFolder()),
                PickupKeys.sendmail(values.one(PickupKeys.SENDMAIL), node.name()),
                egress,
                ShapingKeys.settings(values, file),
                DnsKeys.settings(values.one(DnsKeys.DNS)),
                values.all(RouteKeys.ROUTE).stream().map(RouteKeys::settings).toList(),
                hosts(values.one(DeliveryKeys.DELIVERY)),
                delivery(values.one(DeliveryKeys.DELIVERY)),
                TlsOutKeys.settings(
                        values.one(TlsOutKeys.TLS_OUT), values.all(TlsOutKeys.TLS_POLICY)),
                values.all(CampaignKeys.CAMPAIGN).stream().map(CampaignKeys::rule).toList(),
                DkimKeys.settings(values, classes, node),
                KeySourceKeys.settings(values),
                TlsReportKeys.settings(values.one(TlsReportKeys.TLS_REPORT), classes, node.name()),
                retry(values.one(DeliveryKeys.RETRY)),
                new ScheduleSettings(
                        egress.defaultPool(),
                        values.one(DeliveryKeys.DELIVERY)
                                .get(DeliveryKeys.RECIPIENTS_PER_TRANSACTION),
                        ScheduleSettings.DEFAULT.horizon(),
                        values.one(StorageKeys.SPOOL)
                                .find(StorageKeys.ENTRIES_IN_MEMORY)
                                .orElse(ScheduleSettings.DEFAULT.entriesInMemoryMax())),
                memory(values.one(StorageKeys.MEMORY), values.one(StorageKeys.SPOOL)),
                spool(values.one(StorageKeys.SPOOL)),
                eventLog(values.one(StorageKeys.EVENTS)),
                atStart());
    }

    private ListenSettings listen(TableValues table) {
        ClassSettings kind = classes.named(table.get(ReceptionKeys.CLASS));
        var stream =
                new MailStream(
                        table.find(ReceptionKeys.TENANT).orElse(""),
                        "",
                        kind.priority(),
                        kind.pool());
        Optional<Integer> perClient = table.find(ReceptionKeys.CONNECTIONS_PER_CLIENT_MAX);
        var limits =
                new SessionLimits(
                        table.get(ReceptionKeys.MESSAGE_MAX),
                        table.get(ReceptionKeys.RECIPIENTS_MAX),
                        table.get(ReceptionKeys.ERRORS_MAX),
                        table.get(ReceptionKeys.CONNECTIONS_MAX),
                        perClient.map(OptionalInt::of).orElse(OptionalInt.empty()),
                        table.get(ReceptionKeys.COMMAND_TIMEOUT),
                        table.get(ReceptionKeys.DATA_TIMEOUT),
                        table.get(ReceptionKeys.SESSION_TIMEOUT));
        return new ListenSettings(
                node.name(),
                ListenKeys.entrance(table, values.all(TlsKeys.MORE)),
                new ListenSettings.Access(
                        table.get(ReceptionKeys.RELAY_FROM),
                        AuthKeys.settings(table),
                        table.find(ListenKeys.FROM_DOMAINS).orElse(List.of()),
                        DoorKeys.settings(table)),
                new ListenSettings.Handling(
                        stream,
                        table.find(ReceptionKeys.CAMPAIGN_HEADER),
                        table.get(ReceptionKeys.DSN),
                        ListenKeys.header(table),
                        ExtensionKeys.settings(table, false),
                        VerificationKeys.settings(table)),
                limits);
    }

    private static HostSettings hosts(TableValues table) {
        return RouteKeys.hosts(
                table, table.get(DeliveryKeys.PORT), table.get(DeliveryKeys.ALLOW_PRIVATE));
    }

    private static DeliverySettings delivery(TableValues table) {
        var timeouts =
                new DeliverySettings.Timeouts(
                        table.get(DeliveryKeys.CONNECT_TIMEOUT),
                        table.get(DeliveryKeys.GREETING_TIMEOUT),
                        table.get(DeliveryKeys.COMMAND_TIMEOUT),
                        table.get(DeliveryKeys.DATA_COMMAND_TIMEOUT),
                        table.get(DeliveryKeys.DATA_TIMEOUT),
                        table.get(DeliveryKeys.END_OF_DATA_TIMEOUT));
        return new DeliverySettings(
                table.get(DeliveryKeys.PORT),
                table.get(DeliveryKeys.ALLOW_PRIVATE),
                table.get(DeliveryKeys.CONNECTIONS),
                table.get(DeliveryKeys.CONNECTIONS_MAX),
                table.get(DeliveryKeys.MESSAGES_PER_CONNECTION),
                table.get(DeliveryKeys.IDLE),
                timeouts);
    }

    private static RetrySchedule retry(TableValues table) {
        return new RetrySchedule(
                table.get(DeliveryKeys.FIRST),
                table.get(DeliveryKeys.FACTOR),
                table.get(DeliveryKeys.MOST),
                table.get(DeliveryKeys.EXPIRE),
                table.get(DeliveryKeys.DELAY_NOTICE));
    }

    private static MemorySettings memory(TableValues memory, TableValues spool) {
        Optional<Integer> entries = spool.find(StorageKeys.ENTRIES_IN_MEMORY);
        return new MemorySettings(
                bytes(memory, StorageKeys.BUDGET),
                bytes(memory, StorageKeys.HEAP),
                bytes(memory, StorageKeys.ARRIVING),
                bytes(spool, StorageKeys.BODY_MEMORY),
                bytes(spool, StorageKeys.INDEX_MEMORY),
                entries.map(OptionalInt::of).orElse(OptionalInt.empty()));
    }

    private static OptionalLong bytes(TableValues table, Key<Long> key) {
        return table.find(key).map(OptionalLong::of).orElse(OptionalLong.empty());
    }

    private SpoolSettings spool(TableValues table) {
        return new SpoolSettings(
                folder("spool"),
                table.get(StorageKeys.SEGMENT),
                table.get(StorageKeys.OUTCOME_SYNC),
                new LowWater(
                        bytes(table, StorageKeys.SLOW_BELOW), bytes(table, StorageKeys.RESERVE)),
                table.find(StorageKeys.BODY_MEMORY).orElse(SpoolSettings.BODY_MEMORY_DEFAULT),
                table.find(StorageKeys.INDEX_MEMORY).orElse(SpoolSettings.INDEX_MEMORY_DEFAULT));
    }

    private EventLogSettings eventLog(TableValues table) {
        return new EventLogSettings(
                folder("events"),
                table.get(StorageKeys.EVENT_FILE),
                table.get(StorageKeys.EVENT_TOTAL));
    }

    private Path folder(String name) {
        return node.dataFolder().resolve(name);
    }

    private Map<Config.StartKey, String> atStart() {
        var found = new HashMap<Config.StartKey, String>();
        for (TableSpec table : ConfigKeys.TABLES) {
            List<TableValues> tables =
                    table.repeats() ? values.all(table) : List.of(values.one(table));
            for (TableValues one : tables) {
                addAtStart(one, found);
            }
        }
        return found;
    }

    private static void addAtStart(TableValues table, Map<Config.StartKey, String> found) {
        String identity = table.table().identity().map(key -> table.rendered(key)).orElse("");
        for (Key<?> key : table.table().keys()) {
            if (key.change() == Change.RESTART) {
                String name = table.table().name() + "." + key.name();
                found.put(new Config.StartKey(name, identity), table.rendered(key));
            }
        }
    }
}
