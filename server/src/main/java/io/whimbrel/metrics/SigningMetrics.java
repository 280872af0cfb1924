package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/// Signatures of mail that leaves. Thread-safe. One instance per registry.
public final class SigningMetrics {
    private final PrometheusRegistry registry;
    private final Counter signatures;
    private final Counter seals;
    private final Counter reused;
    private final Counter failures;
    private final Info provider;
    private final Gauge speed;

    public SigningMetrics(PrometheusRegistry registry) {
        this.registry = registry;
        signatures =
                Counter.builder()
                        .name("whimbrel_signatures")
                        .help("Signatures made, by algorithm")
                        .labelNames("algorithm")
                        .register(registry);
        seals =
                Counter.builder()
                        .name("whimbrel_arc_seals")
                        .help("Sets of ARC made, by what they say of the chain before them")
                        .labelNames("cv")
                        .register(registry);
        reused =
                Counter.builder()
                        .name("whimbrel_signatures_reused")
                        .help("Attempts that left with signatures made before")
                        .register(registry);
        failures =
                Counter.builder()
                        .name("whimbrel_signature_failures")
                        .help("Attempts put off because a key could not be had or used")
                        .register(registry);
        provider =
                Info.builder()
                        .name("whimbrel_signing_provider")
                        .help("Who computes signatures, by algorithm")
                        .labelNames("algorithm", "provider")
                        .register(registry);
        speed =
                Gauge.builder()
                        .name("whimbrel_signing_provider_rate")
                        .help("Signatures a second of one thread, as found at start")
                        .labelNames("algorithm", "provider")
                        .register(registry);
    }

    /// @param algorithm as the signature names it
    public void signed(String algorithm) {
        signatures.labelValues(algorithm).inc();
    }

    /// @param status `none`, `pass` or `fail`
    public void sealed(String status) {
        seals.labelValues(status).inc();
    }

    public void reused() {
        reused.inc();
    }

    public void failed() {
        failures.inc();
    }

    /// What was found at start.
    public void tried(String algorithm, String name, double perSecond, boolean isChosen) {
        speed.labelValues(algorithm, name).set(perSecond);
        if (isChosen) {
            provider.addLabelValues(algorithm, name);
        }
    }

    /// @param waiting pieces of work that wait for a thread
    /// @param keptBytes of signatures that may be needed again
    public void watch(IntSupplier waiting, LongSupplier keptBytes) {
        GaugeWithCallback.builder()
                .name("whimbrel_signing_waiting")
                .help("Pieces of work that wait for a thread that signs")
                .callback(gauge -> gauge.call(waiting.getAsInt()))
                .register(registry);
        GaugeWithCallback.builder()
                .name("whimbrel_signatures_kept_bytes")
                .help("Memory of signatures that may be needed again")
                .callback(gauge -> gauge.call((double) keptBytes.getAsLong()))
                .register(registry);
    }
}
