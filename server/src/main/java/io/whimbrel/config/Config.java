package io.whimbrel.config;

import io.whimbrel.budget.MemoryPlan;
import io.whimbrel.budget.MemorySettings;
import io.whimbrel.delivery.DeliverySettings;
import io.whimbrel.dns.DnsSettings;
import io.whimbrel.egress.EgressSettings;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.eventlog.EventLogSettings;
import io.whimbrel.keys.KeySources;
import io.whimbrel.outcome.ReportSettings;
import io.whimbrel.pickup.PickupSettings;
import io.whimbrel.pickup.SendmailSettings;
import io.whimbrel.provider.ShapingSettings;
import io.whimbrel.reception.ListenSettings;
import io.whimbrel.reception.ReceptionSettings;
import io.whimbrel.routing.HostSettings;
import io.whimbrel.routing.RouteSettings;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.schedule.ScheduleSettings;
import io.whimbrel.signing.SigningSettings;
import io.whimbrel.spool.SpoolSettings;
import io.whimbrel.tlsrpt.TlsReportSettings;
import io.whimbrel.token.CampaignRule;
import io.whimbrel.transport.TlsOutSettings;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// A whole configuration, checked: each room's own settings. Immutable.
///
/// @param node who we are
/// @param reception where mail comes in, and whose; at least one listener
/// @param pickup where files become mail
/// @param sendmail what names without a domain mean
/// @param egress where mail leaves from
/// @param shaping providers and limits
/// @param dns whom to ask
/// @param routes in the order in which they are tried; may be empty
/// @param hosts what holds for hosts that the DNS names
/// @param delivery how mail is sent
/// @param tlsOut how safely
/// @param campaigns what some mail gets as it leaves, in the order of the file
/// @param signing what is signed, with which keys
/// @param keySources where keys lie that are in no files
/// @param tlsReport whether reports on that are sent
/// @param retry when it is tried again
/// @param schedule how queues are served; entries in memory as [MemoryPlan] says
/// @param memory what the file says about memory
/// @param spool how accepted mail is kept, in `<data>/spool`
/// @param eventLog where events are written, in `<data>/events`
/// @param atStart values of the keys that need a restart, as they stand in a file
public record Config(
        Node node,
        ReceptionSettings reception,
        PickupSettings pickup,
        SendmailSettings sendmail,
        EgressSettings egress,
        ShapingSettings shaping,
        DnsSettings dns,
        List<RouteSettings> routes,
        HostSettings hosts,
        DeliverySettings delivery,
        TlsOutSettings tlsOut,
        List<CampaignRule> campaigns,
        SigningSettings signing,
        KeySources keySources,
        TlsReportSettings tlsReport,
        RetrySchedule retry,
        ScheduleSettings schedule,
        MemorySettings memory,
        SpoolSettings spool,
        EventLogSettings eventLog,
        Map<StartKey, String> atStart) {

    /// `[node]`: who we are. Immutable.
    ///
    /// @param name our host name
    /// @param dataFolder absolute
    /// @param drainMost how long SIGTERM lets transactions in flight finish
    public record Node(String name, Path dataFolder, Duration drainMost) {}

    /// A key that needs a restart. Immutable.
    ///
    /// @param key such as `node.data`
    /// @param table what tells its table from others of the same name; `""` where there are none
    public record StartKey(String key, String table) implements Comparable<StartKey> {
        @Override
        public int compareTo(StartKey other) {
            int byKey = key.compareTo(other.key);
            return byKey != 0 ? byKey : table.compareTo(other.table);
        }
    }

    public Config {
        routes = List.copyOf(routes);
        campaigns = List.copyOf(campaigns);
        atStart = Map.copyOf(atStart);
    }

    public List<ListenSettings> listens() {
        return reception.listens();
    }

    public List<SourceAddress> sources() {
        return egress.sources();
    }

    /// The same with the shares of a memory budget in place of what the file leaves open.
    public Config with(MemoryPlan plan) {
        return new Config(
                node,
                reception,
                pickup,
                sendmail,
                egress,
                shaping,
                dns,
                routes,
                hosts,
                delivery,
                tlsOut,
                campaigns,
                signing,
                keySources,
                tlsReport,
                retry,
                schedule.withEntriesMax(plan.entriesMax()),
                memory,
                spool.withMemory(plan.bodiesBytes(), plan.indexBytes()),
                eventLog,
                atStart);
    }

    /// How failures are retried and reported.
    public ReportSettings report() {
        return new ReportSettings(node.name(), retry);
    }

    /// The keys, such as `node.data`, that differ and take effect only when the server starts
    /// again. A reload is refused where there are any.
    public static List<String> restartNeeded(Config old, Config fresh) {
        var all = new TreeSet<>(old.atStart.keySet());
        all.addAll(fresh.atStart.keySet());
        var differing = new TreeSet<String>();
        for (StartKey key : all) {
            String before = old.atStart.getOrDefault(key, "");
            String after = fresh.atStart.getOrDefault(key, "");
            boolean isNewOrGone = before.isEmpty() != after.isEmpty();
            // Of a table that is new or gone, the key that tells it from the others says it all.
            boolean isSpurious = isNewOrGone && !key.table().equals(before + after);
            if (!before.equals(after) && (key.table().isEmpty() || !isSpurious)) {
                differing.add(key.key());
            }
        }
        return List.copyOf(differing);
    }
}
