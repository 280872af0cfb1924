package io.whimbrel.reaction;

import io.whimbrel.shaping.ReactionRule;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The rules of all providers. Immutable; a reload makes another.
public final class Rulebook {
    /// Whose rules come after those of every provider.
    public static final String DEFAULT = "default";

    public static final Rulebook NONE = new Rulebook(Map.of());

    private final Map<String, ReactionMatcher> byProvider;
    private final ReactionMatcher ofDefault;

    /// @param rules by the name of their provider, each list in the order of its file
    public Rulebook(Map<String, List<ReactionRule>> rules) {
        List<ReactionRule> last = rules.getOrDefault(DEFAULT, List.of());
        var matchers = new HashMap<String, ReactionMatcher>();
        rules.forEach((provider, list) -> {
            if (!provider.equals(DEFAULT) && !list.isEmpty()) {
                matchers.put(provider, new ReactionMatcher(list, last));
            }
        });
        byProvider = Map.copyOf(matchers);
        ofDefault = new ReactionMatcher(List.of(), last);
    }

    /// Of a provider, or of none: `""`, or one without rules of its own.
    public ReactionMatcher matcher(String provider) {
        return byProvider.getOrDefault(provider, ofDefault);
    }
}
