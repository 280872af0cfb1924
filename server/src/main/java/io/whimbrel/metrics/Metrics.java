package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/// Every counter of the node. Thread-safe. One instance per node, made by `Main`.
public final class Metrics {
    private static final String BUDGET = "budget";

    private final PrometheusRegistry registry = new PrometheusRegistry();

    public final Counter messagesAccepted =
            counter("whimbrel_messages_accepted", "Messages answered with 250 to end-of-data");
    public final Counter recipientsAccepted =
            counter("whimbrel_recipients_accepted", "Recipients of accepted messages");
    public final Counter recipientsDelivered =
            counter("whimbrel_recipients_delivered", "Recipients taken by their next hop");
    public final Counter recipientsDeferred =
            counter("whimbrel_recipients_deferred", "Attempts that will be repeated");
    public final Counter recipientsBounced =
            counter("whimbrel_recipients_bounced", "Recipients refused for good");
    public final Counter recipientsExpired =
            counter("whimbrel_recipients_expired", "Recipients given up after their lifetime");
    public final Counter recipientsRemoved =
            counter("whimbrel_recipients_removed", "Recipients deleted by an operator");
    public final Counter reportsWritten =
            counter("whimbrel_reports_written", "Delivery status notifications to senders");
    public final Counter reportsUnaddressable =
            counter(
                    "whimbrel_reports_unaddressable",
                    "Notifications not written because the reverse-path has no domain");
    public final Counter eventsWritten =
            counter("whimbrel_events_written", "Lines of the event log");
    public final Counter eventWriteFailures =
            counter(
                    "whimbrel_event_write_failures",
                    "Failed writes of the event log, each retried after a second");
    public final Counter tlsSessions =
            counter("whimbrel_tls_sessions", "TLS handshakes with clients that succeeded");
    public final Counter tlsFailures =
            counter("whimbrel_tls_failures", "TLS handshakes with clients that failed");
    public final Counter bugs =
            counter("whimbrel_bugs", "Unexpected exceptions; alert on more than zero");

    /// Logins.
    public final AuthMetrics auth = new AuthMetrics(registry);

    /// What is refused at the door.
    public final DoorMetrics door = new DoorMetrics(registry);

    /// Certificates.
    public final TlsMetrics tls = new TlsMetrics(registry);

    /// TLS with hosts that mail is sent to.
    public final TlsOutMetrics tlsOut = new TlsOutMetrics(registry);

    /// Signatures of mail that leaves.
    public final SigningMetrics signing = new SigningMetrics(registry);

    /// Reports on it.
    public final TlsReportMetrics tlsReports = new TlsReportMetrics(registry);

    /// What checks of mail of others said.
    public final VerificationMetrics verification = new VerificationMetrics(registry);

    /// What limits and restraints decide.
    public final ShapingMetrics shaping = new ShapingMetrics(registry);

    public final EgressMetrics egress = new EgressMetrics(registry);

    /// Questions to the DNS.
    public final DnsMetrics dns = new DnsMetrics(registry);

    /// Mail that comes as files.
    public final PickupMetrics pickup = new PickupMetrics(registry);

    /// What replies of providers led to.
    public final ReactionMetrics reactions = new ReactionMetrics(registry);

    /// These four by budget, as `docs/operations/memory-and-disk.md` lists them.
    public final Counter budgetFeltSeconds =
            Counter.builder()
                    .name("whimbrel_budget_felt_seconds")
                    .help("Seconds in which mail was refused, slowed down or put aside for it")
                    .labelNames(BUDGET)
                    .register(registry);

    public final Gauge budgetFelt =
            budgetGauge("whimbrel_budget_felt", "1 from its first such second until 10 s without");
    public final Gauge budgetUsed =
            budgetGauge("whimbrel_budget_used", "Bytes or entries in use; of a disk, bytes free");
    public final Gauge budgetLimit =
            budgetGauge("whimbrel_budget_limit", "Where it is felt, in the same unit");

    /// For exposition only.
    public PrometheusRegistry registry() {
        return registry;
    }

    private Gauge budgetGauge(String name, String help) {
        return Gauge.builder().name(name).help(help).labelNames(BUDGET).register(registry);
    }

    private Counter counter(String name, String help) {
        return Counter.builder().name(name).help(help).register(registry);
    }
}
