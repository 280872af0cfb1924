package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

import java.util.Locale;

/// What is refused at the door, and why. Thread-safe. One instance per registry.
public final class DoorMetrics {
    private final Counter refusals;

    public final Counter bans;
    public final Counter delays;

    /// Lookups that failed or took too long, so that the client was let in.
    public final Counter blocklistFailures;

    public final Gauge clients;
    public final Gauge banned;

    /// Why something was refused: the values of the label `reason`.
    public enum Reason {
        /// Neither may the client relay nor is the domain ours.
        RELAY,
        /// Text that would have the next host relay: `user%other@ours`.
        ROUTE,
        /// The tenant may not use this reverse-path.
        REVERSE_PATH,
        /// The tenant may not use this From field, or it has none that can be read.
        FROM,
        QUOTA_MESSAGES,
        QUOTA_RECIPIENTS,
        QUOTA_BYTES,
        /// Too many connections of a tenant at once.
        TENANT_CONNECTIONS,
        RATE_CONNECTIONS,
        RATE_MESSAGES,
        RATE_RECIPIENTS,
        BAN,
        BLOCKLIST,
        /// The sender's domain does not exist, or takes no mail.
        SENDER_DOMAIN,
        RECIPIENT_DOMAIN,
        /// Nobody could say whether a domain exists.
        DOMAIN_UNKNOWN
    }

    public DoorMetrics(PrometheusRegistry registry) {
        refusals =
                Counter.builder()
                        .name("whimbrel_door_refusals")
                        .help("Connections, messages and recipients refused by policy, by reason")
                        .labelNames("reason")
                        .register(registry);
        // A series that begins with its first increment hides that increment from rate().
        for (Reason reason : Reason.values()) {
            refusals.initLabelValues(label(reason));
        }
        bans = counter(registry, "whimbrel_door_bans", "Clients and networks banned for a time");
        delays = counter(registry, "whimbrel_door_delays", "Refusals that were slowed down");
        blocklistFailures =
                counter(
                        registry,
                        "whimbrel_door_blocklist_failures",
                        "Lookups in blocklists without an answer in time; the client was let in");
        clients = gauge(registry, "whimbrel_door_clients", "Clients and networks being counted");
        banned = gauge(registry, "whimbrel_door_banned", "Bans now in force or remembered");
    }

    public void refused(Reason reason) {
        refusals.labelValues(label(reason)).inc();
    }

    /// How often since the start.
    public long refusals(Reason reason) {
        return (long) refusals.labelValues(label(reason)).get();
    }

    private static String label(Reason reason) {
        return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Counter counter(PrometheusRegistry registry, String name, String help) {
        return Counter.builder().name(name).help(help).register(registry);
    }

    private static Gauge gauge(PrometheusRegistry registry, String name, String help) {
        return Gauge.builder().name(name).help(help).register(registry);
    }
}
