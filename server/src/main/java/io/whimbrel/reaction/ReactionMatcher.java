package io.whimbrel.reaction;

import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.smtp.EnhancedStatus;
import io.whimbrel.smtp.SmtpReply;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Finds the rule that a provider's reply matches. Immutable.
///
/// For each code it knows beforehand which rules may match: a reply whose code no rule names costs
/// a look into an array. The expressions of the others see at most [ReplyText#CHARS_MOST]
/// characters, and at most [#STEPS_MOST] times one of them: an expression that runs away matches
/// nothing.
public final class ReactionMatcher {
    static final int STEPS_MOST = 200_000;

    private static final int CODE_LEAST = 200;
    private static final int CODE_MOST = 599;
    private static final Candidate[] NO_CANDIDATES = {};

    private final Candidate[][] byCode = new Candidate[CODE_MOST - CODE_LEAST + 1][];
    private final List<ReactionRule> rules;

    /// A rule with its statuses as numbers. Immutable.
    private record Candidate(ReactionRule rule, List<int[]> statuses) {

        static Candidate of(ReactionRule rule) {
            return new Candidate(rule, rule.statuses().stream().map(Candidate::numbers).toList());
        }

        private static int[] numbers(String status) {
            String[] parts = status.split("\\.");
            int[] numbers = new int[parts.length];
            for (int i = 0; i < parts.length; i++) {
                numbers[i] = Integer.parseInt(parts[i]);
            }
            return numbers;
        }

        boolean hasStatus(Optional<EnhancedStatus> status) {
            if (statuses.isEmpty()) {
                return true;
            }
            if (status.isEmpty()) {
                return false;
            }
            for (int[] wanted : statuses) {
                if (begins(wanted, status.get())) {
                    return true;
                }
            }
            return false;
        }

        private static boolean begins(int[] wanted, EnhancedStatus status) {
            return (wanted.length < 1 || wanted[0] == status.severity())
                    && (wanted.length < 2 || wanted[1] == status.subject())
                    && (wanted.length < 3 || wanted[2] == status.detail());
        }
    }

    /// @param ofProvider looked at first
    /// @param ofDefault of the provider `default`
    /// @throws IllegalArgumentException where a status is not numbers and points
    public ReactionMatcher(List<ReactionRule> ofProvider, List<ReactionRule> ofDefault) {
        var all = new ArrayList<Candidate>(ofProvider.size() + ofDefault.size());
        ofProvider.forEach(rule -> all.add(Candidate.of(rule)));
        ofDefault.forEach(rule -> all.add(Candidate.of(rule)));
        rules = all.stream().map(Candidate::rule).toList();
        // Most codes have the same candidates: those that begin with the same that a rule names.
        Set<String> named = new HashSet<>();
        rules.forEach(rule -> named.addAll(rule.codes()));
        Map<String, Candidate[]> shared = new HashMap<>();
        for (int code = CODE_LEAST; code <= CODE_MOST; code++) {
            String digits = Integer.toString(code);
            byCode[code - CODE_LEAST] =
                    shared.computeIfAbsent(
                            longestNamed(named, digits), _ -> candidates(all, digits));
        }
    }

    private static String longestNamed(Set<String> named, String digits) {
        for (int length = digits.length(); length > 1; length--) {
            String beginning = digits.substring(0, length);
            if (named.contains(beginning)) {
                return beginning;
            }
        }
        return digits.substring(0, 1);
    }

    private static Candidate[] candidates(List<Candidate> all, String code) {
        var some = new ArrayList<Candidate>();
        for (Candidate candidate : all) {
            List<String> codes = candidate.rule.codes();
            if (codes.isEmpty()
                    ? code.charAt(0) > '3'
                    : codes.stream().anyMatch(code::startsWith)) {
                some.add(candidate);
            }
        }
        return some.toArray(NO_CANDIDATES);
    }

    /// All of them, in the order in which they are tried.
    public List<ReactionRule> rules() {
        return rules;
    }

    /// The first rule that matches. A rule without codes matches refusals only, 4xx and 5xx.
    public Optional<ReactionRule> match(SmtpReply reply) {
        Candidate[] candidates = byCode[reply.code() - CODE_LEAST];
        if (candidates.length == 0) {
            return Optional.empty();
        }
        Optional<String> text = Optional.empty();
        for (Candidate candidate : candidates) {
            if (!candidate.hasStatus(reply.status())) {
                continue;
            }
            Optional<Pattern> wanted = candidate.rule.text();
            if (wanted.isEmpty()) {
                return Optional.of(candidate.rule);
            }
            String seen = text.orElseGet(() -> ReplyText.of(reply));
            text = Optional.of(seen);
            if (isFound(wanted.get(), seen)) {
                return Optional.of(candidate.rule);
            }
        }
        return Optional.empty();
    }

    private static boolean isFound(Pattern pattern, String text) {
        try {
            return pattern.matcher(new CountedText(text, new int[] {STEPS_MOST})).find();
        } catch (TooManySteps | StackOverflowError _) {
            // The JDK follows alternatives by calling itself: what goes too deep runs away too.
            return false;
        }
    }

    /// The expression needs more steps than a reply is worth.
    private static final class TooManySteps extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooManySteps() {
            super("too many steps", null, false, false);
        }
    }

    /// A text that can be looked at so many times. Confined to one thread.
    private record CountedText(String text, int[] left) implements CharSequence {

        @Override
        public char charAt(int index) {
            if (left[0]-- <= 0) {
                throw new TooManySteps();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return new CountedText(text.substring(start, end), left);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
