package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

import java.time.Duration;
import java.util.Locale;

/// What came of questions to the DNS. Thread-safe. One instance per node.
public final class DnsMetrics {
    private static final double NANOS = 1e9;

    private final Counter answers;
    private final Histogram seconds;
    private final Gauge waiting;

    /// Where an answer came from, or why there is none.
    public enum Outcome {
        /// From memory, in time; a failure of a few seconds ago as well.
        CACHED,

        /// Records, from a server.
        FRESH,

        /// No such name or no such records, from a server.
        NEGATIVE,

        /// From memory, after its time, because servers fail.
        STALE,

        /// No server sent anything.
        TIMEOUT,

        /// Servers sent a failure, or what is no answer.
        SERVFAIL,

        /// Too many questions waited, or who asked waited no longer.
        UNASKED
    }

    public DnsMetrics(PrometheusRegistry registry) {
        answers =
                Counter.builder()
                        .name("whimbrel_dns_answers")
                        .help("Answers about the DNS, by record type and where they came from")
                        .labelNames("type", "outcome")
                        .register(registry);
        seconds =
                Histogram.builder()
                        .name("whimbrel_dns_seconds")
                        .help("How long lookups took that asked servers, with aliases and retries")
                        .classicOnly()
                        .classicUpperBounds(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
                        .register(registry);
        waiting =
                Gauge.builder()
                        .name("whimbrel_dns_questions_waiting")
                        .help("Lookups that wait because dns.max-questions run")
                        .register(registry);
    }

    /// Metrics that nobody looks at.
    public static DnsMetrics unregistered() {
        return new DnsMetrics(new PrometheusRegistry());
    }

    /// One answer was given.
    ///
    /// @param type a record type, `MX`
    public void answered(String type, Outcome outcome) {
        answers.labelValues(type, outcome.name().toLowerCase(Locale.ROOT)).inc();
    }

    /// Servers were asked, and it took this long.
    public void asked(Duration time) {
        seconds.observe(time.toNanos() / NANOS);
    }

    /// So many more wait for their turn to ask.
    public void waiting(int more) {
        waiting.inc(more);
    }

    /// How many answers of this kind were given.
    public long answers(String type, Outcome outcome) {
        return (long) answers.labelValues(type, outcome.name().toLowerCase(Locale.ROOT)).get();
    }
}
