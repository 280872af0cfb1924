package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/// Counters of the pickup folder. Thread-safe.
public final class PickupMetrics {
    public final Counter taken;
    public final Counter bad;
    public final Counter deferred;

    public PickupMetrics(PrometheusRegistry registry) {
        taken = counter(registry, "whimbrel_pickup_taken", "Files that became accepted mail");
        bad =
                counter(
                        registry,
                        "whimbrel_pickup_bad",
                        "Files put into bad/ with the reason; alert on more than zero");
        deferred =
                counter(
                        registry,
                        "whimbrel_pickup_deferred",
                        "Files that could not be taken yet, each time they were tried");
    }

    private static Counter counter(PrometheusRegistry registry, String name, String help) {
        return Counter.builder().name(name).help(help).register(registry);
    }
}
