package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/// TLS with hosts that mail is sent to. Thread-safe. One instance per registry.
public final class TlsOutMetrics {
    private final Counter sessions;
    private final Counter failures;

    public TlsOutMetrics(PrometheusRegistry registry) {
        sessions =
                Counter.builder()
                        .name("whimbrel_tls_out_sessions")
                        .help("Sessions with hosts that mail is sent to, by what they ended as")
                        .labelNames("policy", "outcome")
                        .register(registry);
        failures =
                Counter.builder()
                        .name("whimbrel_tls_out_failures")
                        .help("What was wrong with the TLS of hosts, in the words of RFC 8460")
                        .labelNames("type")
                        .register(registry);
    }

    /// What became of the wish for a session.
    public enum Outcome {
        /// TLS.
        SECURED("tls"),
        /// Plain text: the host offers no TLS, or it was not wanted.
        PLAIN("plain"),
        /// Plain text, for the host's TLS does not work.
        FELL_BACK("plain_fallback"),
        /// None, for the policy allows no less.
        REFUSED("refused");

        private final String label;

        Outcome(String label) {
            this.label = label;
        }
    }

    /// @param policy in the words of the configuration
    public void session(String policy, Outcome outcome) {
        sessions.labelValues(policy, outcome.label).inc();
    }

    /// @param type `starttls-not-supported`
    public void failure(String type) {
        failures.labelValues(type).inc();
    }
}
