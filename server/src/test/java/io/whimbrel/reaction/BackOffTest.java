package io.whimbrel.reaction;

import static io.whimbrel.reaction.ReactionFixture.FLOW;
import static io.whimbrel.reaction.ReactionFixture.PATH;
import static io.whimbrel.reaction.ReactionFixture.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.whimbrel.reaction.ActionNotice.Change;
import io.whimbrel.shaping.ReactionRule.Reaction;
import io.whimbrel.shaping.Restraint.Force;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.time.Instant;
import java.util.Random;

/// How slow-downs are lowered and recover.
@Timeout(120)
final class BackOffTest {
    private static final Duration STEP = Duration.ofMinutes(3);
    private static final Offset<Double> ABOUT = within(0.001);

    private static ReactionFixture slowedDown(int percent) {
        var it = new ReactionFixture(rule("r", 1, new Reaction.SlowDown(PATH, percent)));
        it.send(FLOW, 20, 120);
        it.refuse();
        return it;
    }

    private static double rate(ReactionFixture it) {
        return it.only().force() instanceof Force.Slow(double rate) ? rate : -1;
    }

    private static void step(ReactionFixture it) {
        it.pass(STEP);
        it.tick();
    }

    @Test
    void slowDown_isAPartOfWhatWent_andRecoversByTenths() {
        var it = slowedDown(25);

        assertThat(rate(it)).isCloseTo(5, within(0.5));
        double before = 4 * rate(it);
        for (int steps = 1; steps <= 7; steps++) {
            it.pass(STEP.minusMillis(1));
            it.tick();
            assertThat(rate(it)).isCloseTo(before * (25 + 10 * (steps - 1)) / 100, ABOUT);
            it.pass(Duration.ofMillis(1));
            it.tick();
            assertThat(rate(it)).isCloseTo(before * (25 + 10 * steps) / 100, ABOUT);
        }
        step(it);
        assertThat(it.limiter).isEmpty();
        assertThat(it.changes()).startsWith(Change.BEGUN, Change.RAISED).endsWith(Change.ENDED);
    }

    @Test
    void whatWentBeforeAnIdleTime_doesNotCount() {
        var it = new ReactionFixture(rule("r", 1, new Reaction.SlowDown(PATH, 50)));
        it.send(FLOW, 20, 30);
        it.pass(Duration.ofMinutes(30));
        it.send(FLOW, 100, 20);

        it.refuse();

        assertThat(rate(it)).isCloseTo(50, within(15.0));
    }

    @Test
    void matchesWithinAStep_onlyExtend() {
        var it = slowedDown(25);
        double rate = rate(it);

        for (int i = 0; i < 5; i++) {
            it.pass(STEP.dividedBy(5).minusMillis(1));
            it.refuse();
        }
        assertThat(rate(it)).isEqualTo(rate);
        assertThat(it.only().until())
                .isEqualTo(it.now.plus(Duration.ofMinutes(30)).plus(Reactions.GRACE));
        it.pass(STEP.minusSeconds(1));
        it.tick();

        assertThat(rate(it)).isEqualTo(rate);
    }

    @Test
    void matchesStepAfterStep_lowerOnceEach_andAfterARaise_byLess() {
        var it = slowedDown(50);
        double rate = rate(it);
        for (int i = 0; i < 6; i++) {
            it.pass(STEP.dividedBy(6));
            it.refuse();
        }

        assertThat(rate(it)).isCloseTo(rate / 2, ABOUT);
        step(it);
        assertThat(rate(it)).isCloseTo(rate / 2 + rate / 10, ABOUT);
        it.refuse();

        assertThat(rate(it)).isCloseTo((rate / 2 + rate / 10) * BackOff.PROBED, ABOUT);
        assertThat(it.changes())
                .containsExactly(Change.BEGUN, Change.LOWERED, Change.RAISED, Change.LOWERED);
    }

    @Test
    void rate_isNeverBelowItsFloor_andItsLeast() {
        var it = slowedDown(25);
        double first = 4 * rate(it);
        var slow = new ReactionFixture(rule("r", 1, new Reaction.SlowDown(PATH, 1)));
        slow.send(FLOW, 1, 120);
        slow.refuse();
        for (int i = 0; i < 60; i++) {
            it.pass(Duration.ofMinutes(1));
            it.refuse();
            slow.pass(Duration.ofMinutes(1));
            slow.refuse();
        }

        assertThat(rate(it)).isCloseTo(first * BackOff.FLOOR, ABOUT);
        assertThat(rate(slow)).isEqualTo(BackOff.RATE_LEAST);
    }

    @Test
    void narrowed_isHalved_andRecoversByOne() {
        var it = new ReactionFixture(rule("r", 1, new Reaction.Narrow(PATH, 5)));
        it.refuse();
        assertThat(it.only().force()).isEqualTo(new Force.Narrow(5));
        step(it);
        assertThat(it.only().force()).isEqualTo(new Force.Narrow(6));
        it.refuse();
        step(it);
        it.refuse();
        assertThat(it.only().force()).isEqualTo(new Force.Narrow(2));

        for (int steps = 1; steps < 10; steps++) {
            step(it);
            assertThat(it.only().force()).isEqualTo(new Force.Narrow(2 + steps));
        }
        step(it);
        assertThat(it.limiter).isEmpty();
    }

    @Test
    void suspension_isFollowedBySlowDown_thatRecovers() {
        var it = new ReactionFixture(rule("r", 1, new Reaction.Suspend(PATH)));
        it.send(FLOW, 20, 120);
        it.refuse();
        String id = it.only().id();

        it.pass(Duration.ofMinutes(30).minusMillis(1));
        it.tick();
        assertThat(it.only().force()).isEqualTo(new Force.Suspend());
        it.pass(Duration.ofMillis(1));
        it.tick();

        assertThat(rate(it)).isCloseTo(5, within(0.5));
        assertThat(it.only().id()).isEqualTo(id);
        assertThat(it.metrics.reactions.inForce("suspend")).isZero();
        assertThat(it.metrics.reactions.inForce("slow")).isEqualTo(1);
        for (int steps = 0; steps < 8; steps++) {
            step(it);
        }
        assertThat(it.limiter).isEmpty();
        assertThat(it.metrics.reactions.inForce("slow")).isZero();
        assertThat(it.changes()).startsWith(Change.BEGUN, Change.EASED, Change.RAISED);
    }

    @Test
    void suspensionAfterSlowDown_leavesOneSlowDown() {
        var it = new ReactionFixture(rule("r", 1, new Reaction.Suspend(PATH)));
        it.refuse();
        it.pass(Duration.ofMinutes(30));
        it.tick();
        step(it);

        it.refuse();
        assertThat(it.limiter).hasSize(2);
        it.pass(Duration.ofMinutes(30));
        it.tick();

        assertThat(it.only().force()).isInstanceOf(Force.Slow.class);
        assertThat(it.metrics.reactions.inForce("slow")).isEqualTo(1);
        assertThat(it.reactions.actions(it.now)).hasSize(1);
    }

    /// Its end would release at once what waits.
    @Test
    void slowDownThatHoldsMailBack_isRaisedByHalf_andReleasedInTheEnd() {
        var it = slowedDown(25);
        double before = 4 * rate(it);
        double last = rate(it);
        int steps = 0;
        while (!it.limiter.isEmpty()) {
            steps++;
            last = rate(it);
            it.send(FLOW, (int) Math.ceil(last), (int) STEP.toSeconds());
            it.tick();
            assertThat(it.limiter.isEmpty() || rate(it) <= last * 1.5 + 0.001).isTrue();
        }

        assertThat(last).isBetween(before * 10, before * 15);
        assertThat(steps).isBetween(14, 16);
    }

    @Test
    void longGapBetweenTicks_isCaughtUp() {
        var it = slowedDown(25);
        double before = 4 * rate(it);

        it.pass(STEP.multipliedBy(5));
        it.tick();
        assertThat(rate(it)).isCloseTo(before * 0.75, ABOUT);
        it.pass(Duration.ofDays(30));
        it.tick();

        assertThat(it.limiter).isEmpty();
    }

    /// A provider with a bucket of `perSecond`, filled to one minute's worth at most, and mail
    /// without end, of which the node would send 20 times as much.
    private static final class Provider {
        private final double perSecond;
        private double tokens;
        private long taken;
        private long refused;

        Provider(double perSecond) {
            this.perSecond = perSecond;
            this.tokens = 5 * perSecond;
        }

        void second() {
            tokens = Math.min(5 * perSecond, tokens + perSecond);
        }

        boolean takes() {
            boolean takes = tokens >= 1;
            tokens -= takes ? 1 : 0;
            taken += takes ? 1 : 0;
            refused += takes ? 0 : 1;
            return takes;
        }
    }

    @Test
    void providerWithARate_isUsed_andNotHammered() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int round = 0; round < 8; round++) {
            double rate = Math.exp(random.nextDouble() * 3);
            int percent = 25 + random.nextInt(50);
            var provider = converged(rate, percent, random);
            String where = "seed %d, round %d: %.2f/s, %d%%".formatted(seed, round, rate, percent);

            assertThat(provider.taken / (rate * 5 * 3_600)).as(where).isGreaterThan(0.8);
            assertThat(provider.refused / (double) provider.taken).as(where).isLessThan(0.02);
        }
    }

    /// What came of the last five of six hours.
    private static Provider converged(double rate, int percent, Random random) {
        var it = new ReactionFixture(rule("r", 3, new Reaction.SlowDown(PATH, percent)));
        var provider = new Provider(rate);
        double due = random.nextDouble();
        for (int second = 0; second < 6 * 3_600; second++) {
            if (second == 3_600) {
                provider.taken = 0;
                provider.refused = 0;
            }
            provider.second();
            due += it.limiter.isEmpty() ? 20 * rate : rate(it);
            Instant until = it.now.plusSeconds(1);
            while (due >= 1) {
                due--;
                it.reactions.sent(FLOW, it.now);
                if (!provider.takes()) {
                    it.refuse();
                }
            }
            it.now = until;
            it.tick();
        }
        return provider;
    }
}
