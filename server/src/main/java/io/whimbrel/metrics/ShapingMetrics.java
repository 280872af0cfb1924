package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

import java.util.Map;
import java.util.function.Supplier;

/// What limits and restraints decide. Thread-safe. One instance per registry. Nothing is counted
/// here: the limiter is asked when somebody looks.
public final class ShapingMetrics {
    private volatile Supplier<Reading> readings = () -> Reading.NONE;

    /// What the limiter says. Immutable.
    ///
    /// @param decisions since the start, by outcome
    /// @param refunds grants that were not used, since the start
    /// @param counters held in memory
    /// @param restraints in force
    public record Reading(Map<String, Long> decisions, long refunds, int counters, int restraints) {
        static final Reading NONE = new Reading(Map.of(), 0, 0, 0);

        public Reading {
            decisions = Map.copyOf(decisions);
        }
    }

    public ShapingMetrics(PrometheusRegistry registry) {
        CounterWithCallback.builder()
                .name("whimbrel_shaping_decisions")
                .help("Whether messages and connections might go, by outcome")
                .labelNames("outcome")
                .callback(callback ->
                        readings.get()
                                .decisions()
                                .forEach((outcome, n) -> callback.call(n.doubleValue(), outcome)))
                .register(registry);
        CounterWithCallback.builder()
                .name("whimbrel_shaping_refunds")
                .help("Grants that were given back unused")
                .callback(callback -> callback.call((double) readings.get().refunds()))
                .register(registry);
        GaugeWithCallback.builder()
                .name("whimbrel_shaping_counters")
                .help("Counters of limits held in memory")
                .callback(callback -> callback.call(readings.get().counters()))
                .register(registry);
        GaugeWithCallback.builder()
                .name("whimbrel_shaping_restraints")
                .help("Restraints in force")
                .callback(callback -> callback.call(readings.get().restraints()))
                .register(registry);
    }

    /// From now on asks `source` when somebody looks.
    public void watch(Supplier<Reading> source) {
        readings = source;
    }
}
