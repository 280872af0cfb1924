package io.whimbrel.shaping;

import java.time.Instant;

/// A limit for a while, because of what a provider answered or an operator said. Immutable.
///
/// @param id what operators lift it by, short and unique among those in force
/// @param scope which traffic it is about
/// @param force what it does
/// @param since when it began
/// @param until when it ends by itself
/// @param reason what was answered, for people
/// @param origin the rule behind it, file and line
public record Restraint(
        String id,
        LimitScope scope,
        Force force,
        Instant since,
        Instant until,
        String reason,
        String origin) {

    /// What a restraint does. Immutable.
    public sealed interface Force {
        /// Nothing goes.
        record Suspend() implements Force {}

        /// No more than this many messages in any second, 0 excluded; the engine that made it
        /// raises it step by step.
        record Slow(double messagesPerSecond) implements Force {}

        /// No more connections at once than these, 1 or more.
        record Narrow(int connections) implements Force {}

        /// Mail is returned to its senders with this reply instead of being tried.
        record Bounce(String replyText) implements Force {}
    }
}
