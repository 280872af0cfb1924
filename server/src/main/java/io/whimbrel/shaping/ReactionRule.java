package io.whimbrel.shaping;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// What a provider's reply leads to: one `[[rule]]` of a provider file. Immutable.
///
/// A reply matches where each condition that is given holds. Of the rules of a provider the first
/// that matches counts, then those of the provider `default`.
///
/// @param origin file and line
/// @param name what operators see, unique in its file
/// @param codes three-digit codes or their beginnings, `421`, `4`; none means any
/// @param statuses enhanced status codes or beginnings by whole numbers, `4.7.28`, `4.7`; none
///   means any
/// @param text found anywhere in the text of the reply, its lines joined by spaces, without codes
/// @param reactions what follows, at least one
/// @param threshold this many matches, 1..[#THRESHOLD_MAX], ...
/// @param within ... in this time, on one scope, before it follows; 1 means at once
/// @param lasts how long what follows holds
/// @param tests replies that must match this rule, as on the wire
/// @param misses replies that must not
public record ReactionRule(
        String origin,
        String name,
        List<String> codes,
        List<String> statuses,
        Optional<Pattern> text,
        List<Reaction> reactions,
        int threshold,
        Duration within,
        Duration lasts,
        List<String> tests,
        List<String> misses) {

    /// The time of each match is remembered, on each scope.
    public static final int THRESHOLD_MAX = 100;

    /// What follows from a match. Immutable.
    public sealed interface Reaction {

        /// Nothing to be sent in the scope for a while.
        record Suspend(Set<Dimension> scope) implements Reaction {}

        /// Lower the rate to this part of what went of late, and raise it again step by step.
        ///
        /// @param percent of the present rate, 1..99
        record SlowDown(Set<Dimension> scope, int percent) implements Reaction {}

        /// At most so many connections at once.
        record Narrow(Set<Dimension> scope, int connections) implements Reaction {}

        /// Try this message again at once at another host of the site, or from another source.
        record RetryElsewhere(boolean isOtherSource) implements Reaction {}

        /// Give this message back to its sender although the reply is transient.
        record Bounce() implements Reaction {}

        /// Give back all mail of the scope for a while.
        record BounceAll(Set<Dimension> scope) implements Reaction {}

        /// The reply is about this recipient alone: only its mail waits.
        record DelayMessage(Duration delay) implements Reaction {}

        /// Fewer recipients in one transaction; those refused are tried at once.
        record SplitRecipients() implements Reaction {}

        /// Nothing is wrong with the message: end this connection and go on by a new one.
        record Reconnect() implements Reaction {}

        /// A reply that is known and leads to nothing.
        record Ignore() implements Reaction {}
    }

    public ReactionRule {
        if (threshold < 1 || threshold > THRESHOLD_MAX) {
            throw new IllegalArgumentException("threshold must be 1..100, not " + threshold);
        }
        codes = List.copyOf(codes);
        statuses = List.copyOf(statuses);
        reactions = List.copyOf(reactions);
        tests = List.copyOf(tests);
        misses = List.copyOf(misses);
    }
}
