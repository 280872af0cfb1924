package io.whimbrel.reaction;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.reaction.ActionNotice.Change;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.shaping.ReactionRule.Reaction;
import io.whimbrel.shaping.Restraint;
import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// [Reactions] with a limiter that only remembers. Confined to one thread.
final class ReactionFixture {
    static final Instant START = Instant.parse("2026-11-27T12:00:00Z");
    static final Flow FLOW =
            new Flow("t1", "pool", "google", "site", "gmail.test", "shop", "spring", "warm");
    static final SmtpReply REPLY = SmtpReply.of(421, 4, 7, 28, "unusual rate of mail");
    static final Set<Dimension> PATH = Set.of(Dimension.SOURCE, Dimension.PROVIDER);

    final Metrics metrics = new Metrics();

    /// What the limiter holds, by id.
    final Map<String, Restraint> limiter = new LinkedHashMap<>();

    final List<ActionNotice> notices = new ArrayList<>();
    final Reactions reactions;
    Instant now = START;
    private Rulebook book = Rulebook.NONE;

    ReactionFixture(ReactionRule... rules) {
        rules(rules);
        var hooks =
                new Reactions.Hooks(
                        restraint -> limiter.put(restraint.id(), restraint),
                        limiter::remove,
                        notices::add);
        reactions = new Reactions(() -> book, hooks, metrics);
    }

    /// In the place of those before, as by a reload.
    void rules(ReactionRule... rules) {
        book = new Rulebook(Map.of("google", List.of(rules)));
    }

    /// For 421 4.7.28, by `threshold` in ten minutes, for half an hour.
    static ReactionRule rule(String name, int threshold, Reaction... reactions) {
        return rule("google.toml:" + name.length(), name, "4.7.28", threshold, reactions);
    }

    static ReactionRule rule(
            String origin, String name, String status, int threshold, Reaction... reactions) {
        return new ReactionRule(
                origin,
                name,
                List.of("421"),
                List.of(status),
                Optional.empty(),
                List.of(reactions),
                threshold,
                Duration.ofMinutes(10),
                Duration.ofMinutes(30),
                List.of(),
                List.of());
    }

    static ReactionRule text(String name, List<String> codes, List<String> statuses, String text) {
        return new ReactionRule(
                "x.toml:1",
                name,
                codes,
                statuses,
                text.isEmpty() ? Optional.empty() : Optional.of(Pattern.compile(text)),
                List.of(new Reaction.Ignore()),
                1,
                Duration.ofMinutes(10),
                Duration.ofMinutes(30),
                List.of(),
                List.of());
    }

    Advice refuse() {
        return refuse(FLOW);
    }

    Advice refuse(Flow flow) {
        return refuse(flow, REPLY);
    }

    Advice refuse(Flow flow, SmtpReply reply) {
        return reactions.observe(new Observation(flow, reply, false, "shop.test", now));
    }

    /// Sends so many in each of the next `seconds`.
    void send(Flow flow, int perSecond, int seconds) {
        for (int second = 0; second < seconds; second++) {
            for (int i = 0; i < perSecond; i++) {
                reactions.sent(flow, now);
            }
            pass(Duration.ofSeconds(1));
        }
    }

    void pass(Duration time) {
        now = now.plus(time);
    }

    void tick() {
        reactions.tick(now);
    }

    /// The only one in force.
    Restraint only() {
        if (limiter.size() != 1) {
            throw new AssertionError("not one, but " + limiter);
        }
        return limiter.values().iterator().next();
    }

    List<Change> changes() {
        return notices.stream().map(ActionNotice::change).toList();
    }
}
