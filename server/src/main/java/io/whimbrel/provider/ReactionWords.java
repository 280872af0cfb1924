package io.whimbrel.provider;

import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.ReactionRule.Reaction;
import io.whimbrel.toml.DurationText;

import java.util.EnumSet;
import java.util.Set;
import java.util.StringJoiner;

/// Reactions as operators read them. Stateless.
public final class ReactionWords {
    private ReactionWords() {}

    /// `suspend source x provider`
    public static String of(Reaction reaction) {
        return switch (reaction) {
            case Reaction.Suspend(var scope) -> "suspend " + words(scope);
            case Reaction.SlowDown(var scope, int percent) ->
                    "slow " + words(scope) + " to " + percent + " %";
            case Reaction.Narrow(var scope, int connections) ->
                    "narrow " + words(scope) + " to " + connections + " connections";
            case Reaction.RetryElsewhere(boolean isOtherSource) ->
                    (isOtherSource ? "retry from another source" : "retry at another host");
            case Reaction.Bounce() -> "bounce";
            case Reaction.BounceAll(var scope) -> "bounce all of " + words(scope);
            case Reaction.DelayMessage(var delay) ->
                    "delay the message " + DurationText.render(delay);
            case Reaction.SplitRecipients() -> "split recipients";
            case Reaction.Reconnect() -> "reconnect";
            case Reaction.Ignore() -> "nothing";
        };
    }

    private static String words(Set<Dimension> scope) {
        var words = new StringJoiner(" x ");
        EnumSet.allOf(Dimension.class).stream()
                .filter(scope::contains)
                .forEach(dimension -> words.add(dimension.key()));
        return words.toString();
    }
}
