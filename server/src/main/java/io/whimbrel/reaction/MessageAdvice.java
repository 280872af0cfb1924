package io.whimbrel.reaction;

import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.shaping.ReactionRule.Reaction;

/// What a rule says about the very message: the first of its reactions that says anything.
/// Stateless. Thresholds do not count here, for the next message is another one.
final class MessageAdvice {
    private MessageAdvice() {}

    /// @param isBounced whether all mail of a scope that the message is in is given back
    static Advice of(ReactionRule rule, Observation seen, boolean isBounced) {
        Advice.Next next = new Advice.Next.None();
        for (Reaction reaction : rule.reactions()) {
            if (next instanceof Advice.Next.None) {
                next = next(reaction, rule, seen);
            }
        }
        if (isBounced && next instanceof Advice.Next.None) {
            next = bounce(rule, seen);
        }
        return new Advice(next, rule.name(), rule.origin());
    }

    private static Advice.Next next(Reaction reaction, ReactionRule rule, Observation seen) {
        return switch (reaction) {
            case Reaction.RetryElsewhere(boolean isOtherSource) ->
                    new Advice.Next.RetryElsewhere(isOtherSource);
            case Reaction.Bounce _ -> bounce(rule, seen);
            case Reaction.DelayMessage(var delay) -> new Advice.Next.DelayMessage(delay);
            // Before RCPT there is nobody to be split from.
            case Reaction.SplitRecipients _ ->
                    seen.isConnectionLevel()
                            ? new Advice.Next.None()
                            : new Advice.Next.SplitRecipients();
            case Reaction.Reconnect _ -> new Advice.Next.Reconnect();
            case Reaction.Suspend _,
                    Reaction.SlowDown _,
                    Reaction.Narrow _,
                    Reaction.BounceAll _,
                    Reaction.Ignore _ ->
                    new Advice.Next.None();
        };
    }

    private static Advice.Next bounce(ReactionRule rule, Observation seen) {
        return new Advice.Next.Bounce("rule \"" + rule.name() + "\": " + seen.reply());
    }
}
