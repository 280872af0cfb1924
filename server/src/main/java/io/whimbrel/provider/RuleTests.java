package io.whimbrel.provider;

import io.whimbrel.reaction.ReactionMatcher;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.smtp.SmtpReply;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Runs all rules against their own test lines and against known replies. Confined to one thread.
public final class RuleTests {

    /// What is wrong. Immutable.
    ///
    /// @param place file and line
    /// @param reply as on the wire; may be empty
    public record Failure(String place, String message, String reply) {}

    /// What came of it. Immutable.
    ///
    /// @param rules how many were run
    /// @param lines how many test lines
    /// @param replies how many of the corpus
    public record Result(List<Failure> failures, int rules, int lines, int replies) {
        public boolean isGood() {
            return failures.isEmpty();
        }
    }

    private final Providers providers;
    private final List<Failure> failures = new ArrayList<>();
    private final Set<String> matched = new HashSet<>();

    /// Whose rule it is, by where it stands.
    private final Map<String, String> owners = new HashMap<>();

    private int rules;
    private int lines;

    private RuleTests(Providers providers) {
        this.providers = providers;
    }

    /// @param corpus replies of providers that are not known are left out
    public static Result run(Providers providers, ReplyCorpus corpus) {
        return new RuleTests(providers).run(corpus);
    }

    private Result run(ReplyCorpus corpus) {
        for (ProviderFile file : providers.files()) {
            providers.ownRules(file.name()).forEach(rule -> owners.put(rule.origin(), file.name()));
        }
        for (ProviderFile file : providers.files()) {
            for (ReactionRule rule : providers.ownRules(file.name())) {
                rules++;
                testRule(file.name(), rule);
            }
        }
        corpus.errors().forEach(error -> failures.add(new Failure(error.toString(), "", "")));
        int replies = 0;
        for (ReplyCorpus.Entry entry : corpus.replies()) {
            if (providers.file(entry.provider()).isPresent()) {
                replies++;
                testReply(entry);
            }
        }
        for (ProviderFile file : providers.files()) {
            for (ReactionRule rule : providers.ownRules(file.name())) {
                if (!matched.contains(nameOf(rule))) {
                    fail(rule, "matches nothing that is known", "");
                }
            }
        }
        return new Result(List.copyOf(failures), rules, lines, replies);
    }

    private void testRule(String provider, ReactionRule rule) {
        for (String line : rule.tests()) {
            lines++;
            Optional<ReactionRule> found = first(provider, line);
            if (found.isEmpty()) {
                fail(rule, "no rule matches its test line", line);
            } else if (!found.get().origin().equals(rule.origin())) {
                fail(rule, nameOf(found.get()) + " takes its test line first", line);
            } else {
                matched.add(nameOf(rule));
            }
        }
        for (String line : rule.misses()) {
            lines++;
            boolean isMatch =
                    WireReply.parse(line)
                            .flatMap(new ReactionMatcher(List.of(rule), List.of())::match)
                            .isPresent();
            if (isMatch) {
                fail(rule, "matches its no-test line", line);
            }
        }
    }

    private Optional<ReactionRule> first(String provider, String line) {
        Optional<SmtpReply> reply = WireReply.parse(line);
        return reply.flatMap(it -> providers.rules(provider).match(it));
    }

    private void testReply(ReplyCorpus.Entry entry) {
        Optional<ReactionRule> found = providers.rules(entry.provider()).match(entry.reply());
        if (found.isEmpty()) {
            failures.add(
                    new Failure(
                            entry.place(), "no rule matches; said: " + entry.rule(), entry.wire()));
            return;
        }
        matched.add(nameOf(found.get()));
        String owner = owners.getOrDefault(found.get().origin(), "");
        if (!entry.isBy(owner, found.get().name())) {
            failures.add(
                    new Failure(
                            entry.place(),
                            nameOf(found.get()) + " matches; said: " + entry.rule(),
                            entry.wire()));
        }
    }

    private String nameOf(ReactionRule rule) {
        return owners.getOrDefault(rule.origin(), "") + "/" + rule.name();
    }

    private void fail(ReactionRule rule, String message, String reply) {
        failures.add(new Failure(rule.origin(), nameOf(rule) + ": " + message, reply));
    }
}
