package io.whimbrel.reaction;

import io.whimbrel.shaping.Restraint;

import java.time.Instant;
import java.util.Locale;

/// What became of an action, for the event log. Immutable.
///
/// @param at when
/// @param change what happened
/// @param restraint as it is now, or was last
/// @param rule name of the rule; `""` where an operator did it
public record ActionNotice(Instant at, Change change, Restraint restraint, String rule) {

    /// What happened to an action.
    public enum Change {
        /// It is in force.
        BEGUN,
        /// Another match lowered the rate or the connections further.
        LOWERED,
        /// A step of recovery: more may go.
        RAISED,
        /// A suspension is up, and a slow-down has taken its place.
        EASED,
        /// Its time is up, as much goes as before, or a newer one took its room.
        ENDED,
        /// An operator ended it.
        LIFTED;

        /// As it is written in logs and metrics.
        public String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// One line: `lowered: source t1, provider google: 2.5 messages/s until ...; rule ...`.
    public String text() {
        var text = new StringBuilder(160);
        text.append(change.key()).append(": ").append(restraint.scope()).append(": ");
        text.append(effect(restraint.force()));
        switch (change) {
            case BEGUN, LOWERED, RAISED, EASED ->
                    text.append(" until ").append(RestraintView.seconds(restraint.until()));
            case ENDED, LIFTED -> {}
        }
        if (!rule.isEmpty()) {
            text.append("; rule \"").append(rule).append("\", ").append(restraint.origin());
        }
        if (!restraint.reason().isEmpty()) {
            text.append("; ").append(restraint.reason());
        }
        return text.toString();
    }

    /// What a force does, in words.
    public static String effect(Restraint.Force force) {
        return switch (force) {
            case Restraint.Force.Suspend _ -> "suspended";
            case Restraint.Force.Slow(double rate) -> rate(rate);
            case Restraint.Force.Narrow(int most) ->
                    most == 1 ? "1 connection" : most + " connections";
            case Restraint.Force.Bounce _ -> "returned to senders";
        };
    }

    /// Three digits say enough.
    private static String rate(double perSecond) {
        boolean isSlow = perSecond < 1;
        double value = isSlow ? perSecond * 60 : perSecond;
        double rounded = value < 10 ? Math.round(value * 100) / 100.0 : Math.round(value);
        String number = rounded == Math.rint(rounded) ? "" + (long) rounded : "" + rounded;
        return number + (isSlow ? " messages/min" : " messages/s");
    }
}
