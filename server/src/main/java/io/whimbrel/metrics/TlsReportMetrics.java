package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/// Reports on TLS that are sent. Thread-safe. One instance per registry.
public final class TlsReportMetrics {
    private final Counter reports;

    public TlsReportMetrics(PrometheusRegistry registry) {
        reports =
                Counter.builder()
                        .name("whimbrel_tls_reports")
                        .help("TLS reports (RFC 8460), by how they go and what became of them")
                        .labelNames("kind", "outcome")
                        .register(registry);
    }

    /// What became of one try.
    public enum Outcome {
        /// Queued as mail, or taken by a web server.
        SENT("sent"),
        /// It is tried again.
        FAILED("failed"),
        /// It is not.
        GIVEN_UP("given_up");

        private final String label;

        Outcome(String label) {
            this.label = label;
        }
    }

    /// @param kind `dns`, `mailto` or `https`
    public void count(String kind, Outcome outcome) {
        reports.labelValues(kind, outcome.label).inc();
    }
}
