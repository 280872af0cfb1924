package io.whimbrel.shaping;

import io.whimbrel.smtp.EnhancedStatus;
import io.whimbrel.smtp.SmtpReply;

import java.util.List;
import java.util.Optional;

/// Finds the rule that a reply matches. Immutable, thread-safe.
///
/// @param rules in the order in which they are tried
public record ReactionRules(List<ReactionRule> rules) {
    /// Of a reply's text no more is looked at: what a provider says stands at its beginning, and a
    /// hostile one must not make us search for long.
    public static final int TEXT_MAX = 1_000;

    public ReactionRules {
        rules = List.copyOf(rules);
    }

    /// The first rule that `reply` matches.
    public Optional<ReactionRule> first(SmtpReply reply) {
        String text = textOf(reply);
        for (ReactionRule rule : rules) {
            if (matches(rule, reply, text)) {
                return Optional.of(rule);
            }
        }
        return Optional.empty();
    }

    /// Whether all conditions of `rule` hold for `reply`.
    public static boolean matches(ReactionRule rule, SmtpReply reply) {
        return matches(rule, reply, textOf(reply));
    }

    private static boolean matches(ReactionRule rule, SmtpReply reply, String text) {
        return hasCode(rule.codes(), reply.code())
                && hasStatus(rule.statuses(), reply.status())
                && (rule.text().isEmpty() || rule.text().get().matcher(text).find());
    }

    private static String textOf(SmtpReply reply) {
        String text = reply.text();
        return text.length() <= TEXT_MAX ? text : text.substring(0, TEXT_MAX);
    }

    private static boolean hasCode(List<String> codes, int code) {
        if (codes.isEmpty()) {
            return true;
        }
        String digits = Integer.toString(code);
        for (String beginning : codes) {
            if (digits.startsWith(beginning)) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasStatus(List<String> statuses, Optional<EnhancedStatus> status) {
        if (statuses.isEmpty()) {
            return true;
        }
        String whole = status.map(it -> it + ".").orElse("");
        for (String beginning : statuses) {
            if (whole.startsWith(beginning + ".")) {
                return true;
            }
        }
        return false;
    }
}
