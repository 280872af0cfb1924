package io.whimbrel.metrics;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

import java.util.Map;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/// Where mail leaves from. Thread-safe. One instance per registry.
public final class EgressMetrics {
    private final Counter messages;
    private volatile Supplier<Map<String, Boolean>> sources = Map::of;
    private volatile IntSupplier readyQueues = () -> 0;

    public EgressMetrics(PrometheusRegistry registry) {
        messages =
                Counter.builder()
                        .name("whimbrel_source_messages")
                        .help("Messages for which MAIL was sent, by pool and source")
                        .labelNames("pool", "source")
                        .register(registry);
        GaugeWithCallback.builder()
                .name("whimbrel_source_missing")
                .help("1 where the machine lacks the source's address or its proxy fails, else 0")
                .labelNames("source")
                .callback(callback ->
                        sources.get()
                                .forEach((source, isUsable) ->
                                        callback.call(isUsable ? 0 : 1, source)))
                .register(registry);
        GaugeWithCallback.builder()
                .name("whimbrel_ready_queues")
                .help("Egress paths with mail that waits or is in flight")
                .callback(callback -> callback.call(readyQueues.getAsInt()))
                .register(registry);
    }

    /// What counts the messages of a source in a pool.
    public CounterDataPoint messages(String pool, String source) {
        return messages.labelValues(pool, source);
    }

    /// Replaces what was known of sources.
    ///
    /// @param usable asked at each scrape: names, and whether they can be used
    public void watchSources(Supplier<Map<String, Boolean>> usable) {
        sources = usable;
    }

    /// @param queues asked at each scrape: how many there are
    public void watchReadyQueues(IntSupplier queues) {
        readyQueues = queues;
    }
}
