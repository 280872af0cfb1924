package io.whimbrel.reaction;

import java.time.Duration;

/// What to do with the very message whose reply was observed. Immutable.
///
/// @param next what to do
/// @param rule name of the rule; `""` where none matched
/// @param origin its file and line; `""` where none matched
public record Advice(Next next, String rule, String origin) {
    /// No rule matched: what the code of the reply means happens.
    public static final Advice NONE = new Advice(new Next.None(), "", "");

    /// What to do. Immutable.
    public sealed interface Next {
        /// What the code of the reply means.
        record None() implements Next {}

        /// Try again at once, at another host of the site or from another source.
        record RetryElsewhere(boolean isOtherSource) implements Next {}

        /// Give it back to its sender.
        ///
        /// @param why for the sender and the event log
        record Bounce(String why) implements Next {}

        /// Try again after `delay`; nothing else waits.
        record DelayMessage(Duration delay) implements Next {}

        /// Try the recipients that were refused again at once, fewer in a transaction.
        record SplitRecipients() implements Next {}

        /// End this connection, and go on with the message by a new one.
        record Reconnect() implements Next {}
    }
}
