package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.Network;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.reaction.RestraintView;
import io.whimbrel.reaction.Rulebook;
import io.whimbrel.routing.HostSettings;
import io.whimbrel.routing.IpPreference;
import io.whimbrel.routing.OwnNode;
import io.whimbrel.routing.RouteConditions;
import io.whimbrel.routing.RouteSettings;
import io.whimbrel.routing.RouteTable;
import io.whimbrel.routing.RouteTarget;
import io.whimbrel.routing.RoutingPlan;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.shaping.ReactionRule.Reaction;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Fallback relays, with whole dispatchers: when they are asked, and what their answers mean.
@Timeout(60)
final class FallbackDeliveryTest {
    private static final String SLOW_DOWN =
            "S: 220 x\nC: EHLO\nS: 250 relay.test\nC: MAIL\nS: 421 4.7.28 unusual rate of mail";

    /// It is no word of the provider whose hosts cannot be reached.
    @Test
    void answerOfTheRelay_isJudgedAsThatOfTheRelay() {
        try (var relay = new ScriptedPeer(SLOW_DOWN);
                var post = new Post(Post.SETTINGS)) {
            post.dns.with("x.test. 300 IN MX 5 mx.x.test.").with("mx.x.test. 300 IN A 127.0.0.1");
            post.rules =
                    new Rulebook(
                            Map.of(
                                    "big",
                                    List.of(suspends("of-big", Dimension.PROVIDER)),
                                    Rulebook.DEFAULT,
                                    List.of(suspends("of-all", Dimension.SITE))));
            post.dispatcher.reload(ofProvider(post, relay));
            post.admit(1);

            Attempt attempt = post.attempt();

            assertThat(attempt.results().getFirst()).isInstanceOf(Refused.class);
            assertThat(post.reactions.actions(post.clock.instant()))
                    .singleElement()
                    .extracting(RestraintView::rule, it -> it.restraint().scope().toString())
                    .containsExactly("of-all", "site smtp://127.0.0.1:" + relay.port());
        }
    }

    @Test
    void smartHostWithoutAnAddress_theFallbackIsAsked() {
        try (var relay = new ScriptedPeer("S: 220 relay.test\nSERVE:");
                var post = new Post(Post.SETTINGS)) {
            DeliveryPlan plain = post.plan(Post.SETTINGS, toANameThatIsNot(relay));
            post.dispatcher.reload(plain);
            post.admit(1);

            assertThat(post.attempt().results().getFirst()).isInstanceOf(Accepted.class);
        }
    }

    private static RouteSettings toANameThatIsNot(ScriptedPeer relay) {
        var conditions = RouteConditions.ofDomains(List.of(DomainPattern.parse("*").orElseThrow()));
        var terms =
                new RouteSettings.Terms("", "", Optional.empty(), Optional.of(target(relay)), "");
        var smartHost = new RouteTarget.Smtp("gone.test", 25);
        return new RouteSettings("", conditions, List.of(smartHost), terms);
    }

    private static RouteTarget target(ScriptedPeer relay) {
        return new RouteTarget.Smtp("127.0.0.1", relay.port());
    }

    /// By MX, to a provider whose hosts take no connection.
    private static DeliveryPlan ofProvider(Post post, ScriptedPeer relay) {
        DeliveryPlan plain = post.plan(Post.SETTINGS);
        var routing =
                new RoutingPlan(
                        new RouteTable(List.of()),
                        new HostSettings(
                                ScriptedPeer.deafPort(),
                                List.of(Network.parse("127.0.0.0/8").orElseThrow()),
                                IpPreference.BY_TURNS,
                                List.of(),
                                Optional.of(target(relay))),
                        new Resolver(post.dns.settings(), post.clock),
                        new OwnNode(Set.of("own.test"), List.of()),
                        (_, _) -> "big");
        return new DeliveryPlan(
                Post.SETTINGS, plain.pools(), routing, plain.tls(), TestMail.NO_CAMPAIGNS);
    }

    private static ReactionRule suspends(String name, Dimension scope) {
        return new ReactionRule(
                "x.toml:1",
                name,
                List.of("421"),
                List.of(),
                Optional.empty(),
                List.of(new Reaction.Suspend(Set.of(scope))),
                1,
                Duration.ofMinutes(1),
                Duration.ofMinutes(30),
                List.of(),
                List.of());
    }
}
