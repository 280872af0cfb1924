package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/// Counters of SPF, DKIM, DMARC and ARC. Thread-safe. One instance per node.
public final class VerificationMetrics {
    private final Counter results;
    private final Counter refusals;

    public VerificationMetrics(PrometheusRegistry registry) {
        results =
                Counter.builder()
                        .name("whimbrel_verification_results")
                        .help("Verdicts on messages that came in; of DKIM one for each signature")
                        .labelNames("check", "result")
                        .register(registry);
        refusals =
                Counter.builder()
                        .name("whimbrel_verification_refusals")
                        .help("Messages refused for a failed check, for good or for now")
                        .register(registry);
    }

    /// One verdict.
    ///
    /// @param check `spf`, `dkim`, `dmarc` or `arc`
    /// @param result one of the few words of RFC 8601
    public void count(String check, String result) {
        results.labelValues(check, result).inc();
    }

    public void refused() {
        refusals.inc();
    }
}
