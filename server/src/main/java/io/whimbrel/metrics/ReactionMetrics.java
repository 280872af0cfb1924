package io.whimbrel.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

import java.util.HashSet;
import java.util.Set;

/// What replies of providers led to. Thread-safe. One instance per registry.
///
/// Rules and providers are names of files; beyond [#RULES_MOST] pairs, which only many reloads can
/// reach, they count as `(others)`.
public final class ReactionMetrics {
    static final int RULES_MOST = 2_000;

    private static final String OTHERS = "(others)";
    private static final String KIND = "kind";

    private final Counter matches;
    private final Counter changes;
    private final Gauge inForce;
    private final Set<String> known = new HashSet<>();

    public ReactionMetrics(PrometheusRegistry registry) {
        matches =
                Counter.builder()
                        .name("whimbrel_reaction_matches")
                        .help("Replies that matched a rule, by rule and provider")
                        .labelNames("rule", "provider")
                        .register(registry);
        changes =
                Counter.builder()
                        .name("whimbrel_reaction_changes")
                        .help("Actions begun, lowered, raised, eased, ended and lifted")
                        .labelNames(KIND, "change")
                        .register(registry);
        inForce =
                Gauge.builder()
                        .name("whimbrel_reaction_actions")
                        .help("Actions in force")
                        .labelNames(KIND)
                        .register(registry);
    }

    /// A reply matched a rule.
    public void matched(String rule, String provider) {
        boolean isKnown = isKnown(rule + '\0' + provider);
        matches.labelValues(isKnown ? rule : OTHERS, isKnown ? provider : OTHERS).inc();
    }

    private synchronized boolean isKnown(String pair) {
        return known.contains(pair) || (known.size() < RULES_MOST && known.add(pair));
    }

    /// Something became of an action.
    ///
    /// @param kind what it does, a word of the program; so is `change`
    public void changed(String kind, String change) {
        changes.labelValues(kind, change).inc();
    }

    /// So many more actions of a kind are in force, or fewer.
    public void inForce(String kind, int more) {
        inForce.labelValues(kind).inc(more);
    }

    /// How often since the start.
    public long matches(String rule, String provider) {
        return (long) matches.labelValues(rule, provider).get();
    }

    /// How often since the start.
    public long changes(String kind, String change) {
        return (long) changes.labelValues(kind, change).get();
    }

    /// How many now.
    public long inForce(String kind) {
        return (long) inForce.labelValues(kind).get();
    }
}
