package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/// Counters of logins. Thread-safe. One instance per registry. Labels are words of the program,
/// never of a client.
public final class AuthMetrics {
    private static final String MECHANISM = "mechanism";

    private final Counter failures;
    private final Counter successes;

    public final Counter lockouts;

    /// Of all authenticators together: each adds what came and takes away what went.
    public final Gauge spraySuspected;

    public AuthMetrics(PrometheusRegistry registry) {
        failures =
                Counter.builder()
                        .name("whimbrel_auth_failures")
                        .help("AUTH exchanges that did not end in a login")
                        .labelNames(MECHANISM, "reason")
                        .register(registry);
        successes =
                Counter.builder()
                        .name("whimbrel_auth_successes")
                        .help("AUTH exchanges that ended in a login")
                        .labelNames(MECHANISM)
                        .register(registry);
        lockouts =
                Counter.builder()
                        .name("whimbrel_auth_lockouts")
                        .help("Users or client networks locked out after failed logins")
                        .register(registry);
        spraySuspected =
                Gauge.builder()
                        .name("whimbrel_auth_spray_suspected")
                        .help("Client networks where logins of many users failed lately")
                        .register(registry);
    }

    public void failure(String mechanism, String reason) {
        failures.labelValues(mechanism, reason).inc();
    }

    public void success(String mechanism) {
        successes.labelValues(mechanism).inc();
    }

    /// For tests and the status of a node.
    public double failures(String mechanism, String reason) {
        return failures.labelValues(mechanism, reason).get();
    }

    /// For tests and the status of a node.
    public double successes(String mechanism) {
        return successes.labelValues(mechanism).get();
    }
}
