package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

import java.time.Instant;
import java.util.Map;

/// When certificates end. Thread-safe. One instance per registry.
public final class TlsMetrics {
    private final Gauge expires;

    public TlsMetrics(PrometheusRegistry registry) {
        expires =
                Gauge.builder()
                        .name("whimbrel_tls_certificate_expires_seconds")
                        .help("Unix time at which the first certificate of a listener expires")
                        .labelNames("listener")
                        .register(registry);
    }

    /// Replaces what was known; listeners without TLS have no series.
    ///
    /// @param byListener address as in the configuration, and when its first certificate expires
    public void expire(Map<String, Instant> byListener) {
        expires.clear();
        byListener.forEach((label, end) -> {
            double seconds = (double) end.getEpochSecond();
            expires.labelValues(label).set(seconds);
        });
    }
}
