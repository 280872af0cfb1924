package io.whimbrel.reaction;

import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.LimitScope;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Which traffic an action is about: the values that the flow has in the dimensions of a reaction.
/// Stateless.
///
/// Never wider than what the rule meant:
/// - where it names none, source and provider are meant;
/// - an unknown provider is replaced by the site, an unknown site by the domain, an unknown source
///   by its pool;
/// - a campaign belongs to its tenant, whose name is added;
/// - where the flow has no value for a dimension that is named (mail without a tenant, a connection
///   without a campaign), nothing is meant: the traffic that the rule is about is not known.
final class ActionScope {
    private ActionScope() {}

    /// Empty where nothing beyond the very message is meant.
    static Optional<LimitScope> of(Set<Dimension> dimensions, Flow flow) {
        Set<Dimension> wanted =
                dimensions.isEmpty()
                        ? EnumSet.of(Dimension.SOURCE, Dimension.PROVIDER)
                        : EnumSet.copyOf(dimensions);
        var values = new EnumMap<Dimension, String>(Dimension.class);
        for (Dimension dimension : wanted) {
            if (!add(dimension, flow, values)) {
                return Optional.empty();
            }
        }
        if (values.containsKey(Dimension.CAMPAIGN) && !flow.tenant().isEmpty()) {
            values.put(Dimension.TENANT, flow.tenant());
        }
        return Optional.of(new LimitScope(values));
    }

    /// Adds the value of `dimension` or of what stands for it; false where there is none.
    private static boolean add(Dimension dimension, Flow flow, Map<Dimension, String> values) {
        String value = flow.value(dimension);
        if (!value.isEmpty()) {
            values.put(dimension, value);
            return true;
        }
        return switch (dimension) {
            case PROVIDER -> add(Dimension.SITE, flow, values);
            case SITE -> add(Dimension.DOMAIN, flow, values);
            case SOURCE -> add(Dimension.POOL, flow, values);
            case POOL, DOMAIN, TENANT, CAMPAIGN, PROFILE -> false;
        };
    }
}
