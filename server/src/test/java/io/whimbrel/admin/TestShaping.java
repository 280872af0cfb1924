package io.whimbrel.admin;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.reaction.Observation;
import io.whimbrel.reaction.Reactions;
import io.whimbrel.reaction.Rulebook;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.shaping.ReactionRule.Reaction;
import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The actions of a node that sends nothing, with sources `t1` and `t2`, and a provider `google`
/// whose refusals slow down. Confined to one thread.
public final class TestShaping {
    private static final ReactionRule RULE =
            new ReactionRule(
                    "google.toml:12",
                    "unusual-rate",
                    List.of("421"),
                    List.of(),
                    Optional.empty(),
                    List.of(
                            new Reaction.SlowDown(
                                    Set.of(Dimension.SOURCE, Dimension.PROVIDER), 50)),
                    1,
                    Duration.ofMinutes(10),
                    Duration.ofMinutes(30),
                    List.of(),
                    List.of());

    public final Reactions reactions =
            new Reactions(
                    () -> new Rulebook(Map.of("google", List.of(RULE))),
                    new Reactions.Hooks(_ -> {}, _ -> {}, _ -> {}),
                    new Metrics());

    public ShapingDesk desk() {
        return new ShapingDesk(
                reactions, TestShaping::names, InstantSource.fixed(FakeQueueDesk.NOW));
    }

    private static Optional<Set<String>> names(Dimension dimension) {
        return switch (dimension) {
            case SOURCE -> Optional.of(Set.of("t1", "t2"));
            case PROVIDER -> Optional.of(Set.of("google", "yahoo"));
            case POOL, SITE, DOMAIN, TENANT, CAMPAIGN, PROFILE -> Optional.empty();
        };
    }

    /// Google says no to a source.
    public void refuse(String source) {
        var flow = new Flow(source, "default", "google", "site", "gmail.test", "", "", "");
        var reply = SmtpReply.of(421, 4, 7, 28, "unusual rate \u001b[1m of mail");
        reactions.observe(new Observation(flow, reply, false, "", FakeQueueDesk.NOW));
    }
}
