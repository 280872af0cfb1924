package io.whimbrel.reaction;

import static io.whimbrel.reaction.ReactionFixture.FLOW;
import static io.whimbrel.reaction.ReactionFixture.PATH;
import static io.whimbrel.reaction.ReactionFixture.REPLY;
import static io.whimbrel.reaction.ReactionFixture.START;
import static io.whimbrel.reaction.ReactionFixture.rule;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.reaction.ActionNotice.Change;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.shaping.ReactionRule.Reaction;
import io.whimbrel.shaping.Restraint;
import io.whimbrel.shaping.Restraint.Force;
import io.whimbrel.smtp.SmtpReply;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/// What replies lead to: thresholds, scopes, advice, bounds, and what operators do.
@Timeout(120)
final class ReactionsTest {
    private static final LimitScope T1_GOOGLE =
            new LimitScope(Map.of(Dimension.SOURCE, "t1", Dimension.PROVIDER, "google"));
    private static final Reaction SUSPEND = new Reaction.Suspend(PATH);
    private static final Reaction OF_CAMPAIGN =
            new Reaction.Suspend(Set.of(Dimension.PROVIDER, Dimension.CAMPAIGN));

    private static Flow of(String tenant, String campaign) {
        return FLOW.carrying("gmail.test", tenant, campaign);
    }

    @Test
    void reply_withoutRule_leadsToNothing() {
        var it = new ReactionFixture(rule("r", 1, SUSPEND));

        var other = new Observation(FLOW, SmtpReply.OK, false, "", it.now);

        assertThat(it.reactions.observe(other)).isEqualTo(Advice.NONE);
        assertThat(it.limiter).isEmpty();
    }

    @Test
    void suspension_isOverItsScope_withReasonAndOrigin() {
        var it = new ReactionFixture(rule("r", 1, SUSPEND));

        Advice advice = it.refuse();

        assertThat(advice).isEqualTo(new Advice(new Advice.Next.None(), "r", "google.toml:1"));
        Restraint restraint = it.only();
        assertThat(restraint.scope()).isEqualTo(T1_GOOGLE);
        assertThat(restraint.force()).isEqualTo(new Force.Suspend());
        assertThat(restraint.until())
                .isEqualTo(START.plus(Duration.ofMinutes(30)).plus(Reactions.GRACE));
        assertThat(restraint.reason()).isEqualTo("421 4.7.28 unusual rate of mail");
        assertThat(restraint.origin()).isEqualTo("google.toml:1");
        assertThat(restraint.id()).matches("r[0-9a-f]{3}");
        assertThat(it.notices.getFirst().text())
                .isEqualTo(
                        "begun: source t1, provider google: suspended until 2026-11-27T12:30:00Z;"
                                + " rule \"r\", google.toml:1; 421 4.7.28 unusual rate of mail");
        assertThat(it.metrics.reactions.matches("r", "google")).isEqualTo(1);
        assertThat(it.metrics.reactions.inForce("suspend")).isEqualTo(1);
    }

    /// Against a model that keeps every match.
    @Test
    void threshold_isExactInItsWindow() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            int threshold = 2 + random.nextInt(5);
            var it = new ReactionFixture(rule("r", threshold, SUSPEND));
            List<Instant> matches = new ArrayList<>();
            while (it.limiter.isEmpty()) {
                it.pass(Duration.ofMillis(1 + random.nextInt(400_000)));
                matches.add(it.now);
                it.refuse();
                Instant from = it.now.minus(Duration.ofMinutes(10));
                long lately = matches.stream().filter(at -> !at.isBefore(from)).count();
                assertThat(it.limiter.isEmpty())
                        .as("seed %d, round %d, match %d", seed, round, matches.size())
                        .isEqualTo(lately < threshold);
            }
        }
    }

    @Test
    void threshold_countsEachScopeForItself() {
        var it = new ReactionFixture(rule("r", 2, OF_CAMPAIGN));

        it.refuse(of("shop", "spring"));
        it.refuse(of("shop", "summer"));
        it.refuse(of("bank", "spring"));
        assertThat(it.limiter).isEmpty();
        it.refuse(of("bank", "spring"));

        assertThat(it.only().scope().toString())
                .isEqualTo("provider google, tenant bank, campaign spring");
        assertThat(it.only().reason()).endsWith(" (mail from shop.test)");
    }

    @Test
    void severalReactions_onOneScope_countAMatchOnce() {
        var it =
                new ReactionFixture(
                        rule(
                                "r",
                                3,
                                new Reaction.SlowDown(PATH, 50),
                                new Reaction.Narrow(PATH, 2)));

        it.refuse();
        it.refuse();
        assertThat(it.limiter).isEmpty();
        it.refuse();

        assertThat(it.limiter.values())
                .extracting(Restraint::force)
                .containsExactly(new Force.Slow(2), new Force.Narrow(2));
    }

    /// Another rule's action is no reason to act before the threshold.
    @ParameterizedTest
    @ValueSource(strings = {"slow", "narrow", "suspend", "bounce"})
    void threshold_countsToo_whereAnotherRuleHasActedOnTheScope(String kind) {
        Reaction then =
                switch (kind) {
                    case "slow" -> new Reaction.SlowDown(PATH, 50);
                    case "narrow" -> new Reaction.Narrow(PATH, 8);
                    case "suspend" -> SUSPEND;
                    default -> new Reaction.BounceAll(PATH);
                };
        ReactionRule other = ReactionFixture.rule("google.toml:7", "other", "4.7.29", 3, then);
        var it = new ReactionFixture(rule("r", 1, then), other);
        SmtpReply reply = SmtpReply.of(421, 4, 7, 29, "too many of them");
        it.refuse();
        Restraint begun = it.only();
        it.pass(Duration.ofMinutes(4));

        it.refuse(FLOW, reply);
        it.refuse(FLOW, reply);
        assertThat(it.only()).isEqualTo(begun);
        it.refuse(FLOW, reply);

        assertThat(it.only().until()).isAfter(begun.until());
    }

    @Test
    void ruleThatHasActed_extendsAtEachMatch_whereverItStandsAfterAReload() {
        var it = new ReactionFixture(rule("r", 2, SUSPEND));
        it.refuse();
        it.refuse();
        Restraint begun = it.only();
        it.pass(Duration.ofMinutes(4));
        it.rules(ReactionFixture.rule("google.toml:99", "r", "4.7.28", 2, SUSPEND));
        it.refuse();

        assertThat(it.only().until()).isAfter(begun.until());
    }

    @Test
    void scope_neverBecomesWiderThanMeant() {
        Set<Dimension> tenant = Set.of(Dimension.PROVIDER, Dimension.TENANT);
        Flow noProvider = new Flow("t1", "p", "", "mx.test", "d.test", "", "", "");

        assertThat(ActionScope.of(tenant, FLOW).orElseThrow().toString())
                .isEqualTo("provider google, tenant shop");
        assertThat(ActionScope.of(tenant, of("", ""))).isEmpty();
        assertThat(ActionScope.of(Set.of(), FLOW)).contains(T1_GOOGLE);
        assertThat(ActionScope.of(PATH, noProvider).orElseThrow().toString())
                .isEqualTo("source t1, site mx.test");
        assertThat(ActionScope.of(Set.of(Dimension.PROFILE), noProvider)).isEmpty();
        assertThat(ActionScope.of(Set.of(Dimension.CAMPAIGN), of("shop", ""))).isEmpty();
        assertThat(ActionScope.of(Set.of(Dimension.CAMPAIGN), FLOW).orElseThrow().toString())
                .isEqualTo("tenant shop, campaign spring");
        assertThat(ActionScope.of(PATH, Flow.NONE)).isEmpty();
    }

    @Test
    void connectionLevelReply_saysNothingAboutTheMessage() {
        var it = new ReactionFixture(rule("r", 1, OF_CAMPAIGN, new Reaction.SplitRecipients()));

        Advice advice = it.reactions.observe(new Observation(FLOW, REPLY, true, "s.test", it.now));

        assertThat(it.limiter).isEmpty();
        assertThat(advice.next()).isEqualTo(new Advice.Next.None());
    }

    @Test
    void ruleAboutATenant_leavesTheSourceAlone_whereMailHasNone() {
        var it = new ReactionFixture(rule("r", 1, OF_CAMPAIGN, new Reaction.Bounce()));

        Advice advice = it.refuse(of("", ""));

        assertThat(it.limiter).isEmpty();
        assertThat(advice.next()).isInstanceOf(Advice.Next.Bounce.class);
    }

    @Test
    void messageReactions_followAtOnce_theFirstOfThem() {
        var delay = new Reaction.DelayMessage(Duration.ofMinutes(15));
        var it = new ReactionFixture(rule("r", 3, SUSPEND, delay, new Reaction.Reconnect()));

        assertThat(it.refuse().next())
                .isEqualTo(new Advice.Next.DelayMessage(Duration.ofMinutes(15)));
        assertThat(it.limiter).isEmpty();
    }

    @Test
    void bounceAll_takesTheMessageThatReachedItsThreshold() {
        var it = new ReactionFixture(rule("r", 2, new Reaction.BounceAll(PATH)));

        assertThat(it.refuse().next()).isEqualTo(new Advice.Next.None());
        assertThat(it.refuse().next())
                .isEqualTo(new Advice.Next.Bounce("rule \"r\": 421 4.7.28 unusual rate of mail"));

        assertThat(it.only().force())
                .isEqualTo(new Force.Bounce("421 4.7.28 unusual rate of mail"));
        it.pass(Duration.ofMinutes(30));
        it.tick();
        assertThat(it.limiter).isEmpty();
    }

    @Test
    void floodOfTenants_staysInItsBounds_andLeavesOtherRulesAlone() {
        var perCampaign = rule("by-campaign", 1, OF_CAMPAIGN);
        var it = new ReactionFixture(perCampaign);
        LimitScope all = new LimitScope(Map.of(Dimension.SOURCE, "t9"));
        it.reactions.suspend(all, Duration.ofSeconds(1_000), "", it.now);

        for (int i = 0; i < 5_000; i++) {
            it.pass(Duration.ofMillis(1));
            Flow flow = of("tenant" + i, "c" + i);
            it.reactions.sent(flow, it.now);
            it.refuse(flow);
        }

        assertThat(it.limiter).hasSize(RestraintBook.OF_ONE_RULE_MOST + 1);
        assertThat(it.limiter.values()).extracting(Restraint::scope).contains(all);
        assertThat(it.reactions.actions(it.now)).hasSameSizeAs(it.limiter.values());
        assertThat(it.limiter.values().stream().map(Restraint::scope).toList().getLast())
                .hasToString("provider google, tenant tenant4999, campaign c4999");
        assertThat(it.metrics.reactions.inForce("suspend")).isEqualTo(it.limiter.size());
    }

    @Test
    void floodBelowTheThreshold_staysInItsBounds() {
        var it = new ReactionFixture(rule("r", 50, OF_CAMPAIGN));

        for (int i = 0; i < 3 * MatchCounts.KEYS_MOST; i++) {
            Flow flow = of("tenant" + i, "c").from("t" + i, "");
            it.reactions.sent(flow, it.now);
            it.refuse(flow);
        }

        assertThat(it.reactions.remembered())
                .isEqualTo(MatchCounts.KEYS_MOST + 2 * SendRates.KEYS_MOST);
    }

    @Test
    void bookFullOfWhatOperatorsDid_refusesMore_andRulesDoNothing() {
        var it = new ReactionFixture(rule("r", 1, SUSPEND));
        for (int i = 0; i < RestraintBook.MOST; i++) {
            var scope = new LimitScope(Map.of(Dimension.DOMAIN, i + ".test"));
            assertThat(it.reactions.suspend(scope, Duration.ofHours(1), "", it.now)).isPresent();
        }

        assertThat(it.reactions.suspend(T1_GOOGLE, Duration.ofHours(1), "", it.now)).isEmpty();
        it.refuse();
        assertThat(it.limiter).hasSize(RestraintBook.MOST);

        assertThat(it.reactions.liftAll(LimitScope.ALL, it.now)).hasSize(RestraintBook.MOST);
        assertThat(it.limiter).isEmpty();
        assertThat(it.metrics.reactions.inForce("suspend")).isZero();
    }

    @Test
    void operators_suspendAndLift() {
        var it = new ReactionFixture(rule("r", 1, SUSPEND));
        Restraint made =
                it.reactions.suspend(T1_GOOGLE, Duration.ofHours(2), "asked", it.now).orElseThrow();
        Restraint longer =
                it.reactions.suspend(T1_GOOGLE, Duration.ofHours(3), "again", it.now).orElseThrow();
        it.refuse();

        assertThat(longer.id()).isEqualTo(made.id());
        assertThat(it.limiter).hasSize(2);
        assertThat(it.reactions.lift("r???", it.now)).isEmpty();
        assertThat(it.reactions.lift(made.id(), it.now).orElseThrow().rule()).isEmpty();
        assertThat(it.only().force()).isEqualTo(new Force.Suspend());
        var other = new LimitScope(Map.of(Dimension.PROVIDER, "yahoo"));
        assertThat(it.reactions.liftAll(other, it.now)).isEmpty();
        var google = new LimitScope(Map.of(Dimension.PROVIDER, "google"));
        assertThat(it.reactions.liftAll(google, it.now)).hasSize(1);
        it.pass(Duration.ofDays(1));
        it.tick();

        assertThat(it.limiter).isEmpty();
        assertThat(it.changes())
                .containsExactly(
                        Change.BEGUN, Change.BEGUN, Change.BEGUN, Change.LIFTED, Change.LIFTED);
    }

    @Test
    void ids_comeOnceInARound() {
        var book = new RestraintBook();
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 4_096; i++) {
            assertThat(ids.add(book.freshId())).isTrue();
        }
        assertThat(ids).allMatch(id -> id.matches("r[0-9a-f]{3}"));
    }

    @Test
    void refusalsByTheThousand_reachTheLimiterNowAndThen() {
        var it = new ReactionFixture(rule("r", 1, SUSPEND));
        it.refuse();
        long changes = it.reactions.changes();

        for (int i = 0; i < 1_000; i++) {
            it.pass(Duration.ofMillis(100));
            it.refuse();
        }

        assertThat(it.reactions.changes() - changes).isEqualTo(5);
    }
}
