package io.whimbrel.shaping;

import static io.whimbrel.shaping.Limits.GOOGLE;
import static io.whimbrel.shaping.Limits.SECOND;
import static io.whimbrel.shaping.Limits.START;
import static io.whimbrel.shaping.Limits.T1;
import static io.whimbrel.shaping.Limits.T2;
import static io.whimbrel.shaping.Limits.connection;
import static io.whimbrel.shaping.Limits.google;
import static io.whimbrel.shaping.Limits.rate;
import static io.whimbrel.shaping.Limits.restraint;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.shaping.Decision.Granted;
import io.whimbrel.shaping.Opening.Opened;
import io.whimbrel.shaping.Restraint.Force;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// What may go, and what may not.
@Timeout(60)
final class LimiterTest {
    private static final Turn NORMAL = new Turn(4, "shop");
    private static final Flow SHOP = google("gmail.test", "shop");

    private final List<Object> woken = new ArrayList<>();

    private Limiter limiter(LimitSettings... limits) {
        var limiter = new Limiter(List.of(limits));
        limiter.onFree(woken::add);
        return limiter;
    }

    private static Decision take(Limiter limiter, Flow flow, FlowSource source, long now) {
        return limiter.take(limiter.gates(flow, "path"), source, NORMAL, now);
    }

    private static boolean goes(Limiter limiter, Flow flow, FlowSource source, long now) {
        return take(limiter, flow, source, now) instanceof Granted;
    }

    private static Blocked blocked(Decision decision) {
        assertThat(decision).isInstanceOf(Blocked.class);
        return (Blocked) decision;
    }

    private static Lease opened(Opening opening) {
        assertThat(opening).isInstanceOf(Opened.class);
        return ((Opened) opening).lease();
    }

    private static Grant granted(Decision decision) {
        assertThat(decision).isInstanceOf(Granted.class);
        return ((Granted) decision).grant();
    }

    @Test
    void nothingApplies_gatesAreShared() {
        Limiter limiter = limiter(rate(Limits.tenant("other"), Set.of(), "1/s"));

        Gates gates = limiter.gates(SHOP, "path");

        assertThat(gates.isEmpty()).isTrue();
        assertThat(gates).isSameAs(limiter.gates(google("b.test", "x"), "y"));
        assertThat(limiter.take(gates, T1, NORMAL, START)).isInstanceOf(Granted.class);
        assertThat(limiter.counts().counters()).isZero();
    }

    @Test
    void per_hasACounterForEachValue_elseOneForAll() {
        Limiter limiter = limiter(rate(GOOGLE, Set.of(Dimension.SOURCE), "1/h"));
        assertThat(goes(limiter, SHOP, T1, START)).isTrue();
        assertThat(goes(limiter, SHOP, T1, START)).isFalse();
        assertThat(goes(limiter, SHOP, T2, START)).isTrue();

        Limiter all = limiter(rate(GOOGLE, Set.of(), "1/h"));
        assertThat(goes(all, SHOP, T1, START)).isTrue();
        assertThat(goes(all, google("b.test", "x"), T2, START)).isFalse();
    }

    @Test
    void scope_ofSourceOrProfile_isLookedUpAtTheDecision() {
        LimitScope cold = GOOGLE.and(Dimension.PROFILE, "cold");
        Limiter limiter = limiter(rate(cold, Set.of(Dimension.SOURCE), "1/h"));

        assertThat(goes(limiter, SHOP, T2, START)).isTrue();
        Blocked full = blocked(take(limiter, SHOP, T2, START));
        assertThat(full.dependsOnSource()).isTrue();
        assertThat(full.breadth()).isEqualTo(Breadth.PATH);
        assertThat(full.untilMicros()).isEqualTo(START + 3600 * SECOND + Grant.USABLE_MICROS);
        assertThat(full.why())
                .isEqualTo("limit 1/h for source t2, provider google, profile cold (w.toml:1)");
        assertThat(goes(limiter, SHOP, T1, START)).isTrue();
        assertThat(goes(limiter, SHOP, T1, START)).isTrue();
    }

    @Test
    void breadth_isWhatALimitTellsApart() {
        Set<Dimension> none = Set.of();
        assertThat(breadthOf(rate(LimitScope.ALL, Set.of(Dimension.TENANT), "1/h")))
                .isEqualTo(Breadth.TENANT);
        assertThat(breadthOf(rate(Limits.tenant("shop"), none, "1/h"))).isEqualTo(Breadth.TENANT);
        assertThat(breadthOf(rate(GOOGLE, Set.of(Dimension.DOMAIN), "1/h")))
                .isEqualTo(Breadth.QUEUE);
        assertThat(breadthOf(rate(GOOGLE, none, "1/h"))).isEqualTo(Breadth.PATH);
    }

    private Breadth breadthOf(LimitSettings limit) {
        Limiter limiter = limiter(limit);
        take(limiter, SHOP, T1, START);
        return blocked(take(limiter, SHOP, T1, START)).breadth();
    }

    @Test
    void allOrNothing_whatIsBlockedCountsNowhere() {
        Limiter limiter =
                limiter(
                        rate(GOOGLE, Set.of(), "5/h"),
                        rate(Limits.tenant("shop"), Set.of(), "2/h"),
                        Limits.connections(Limits.tenant("shop"), Set.of(), 3));
        for (int i = 0; i < 10; i++) {
            take(limiter, SHOP, T1, START + i);
        }

        List<Long> used =
                limiter.explain(SHOP, START + 10).stream().map(LimitView::used).sorted().toList();
        assertThat(used).containsExactly(2L, 2L, 2L);
    }

    @Test
    void refund_givesBackOnce() {
        Limiter limiter = limiter(rate(GOOGLE, Set.of(), "2/h"));
        Grant first = granted(take(limiter, SHOP, T1, START));
        granted(take(limiter, SHOP, T1, START + 1)).finished(START + 2);
        blocked(take(limiter, SHOP, T1, START + 3));

        first.refund(START + 4);
        first.refund(START + 4);
        first.finished(START + 4);

        assertThat(woken).containsExactly("path");
        assertThat(goes(limiter, SHOP, T1, START + 5)).isTrue();
        assertThat(goes(limiter, SHOP, T1, START + 5)).isFalse();
        assertThat(limiter.counts().refunds()).isEqualTo(1);
    }

    @Test
    void finishedGrant_isNotRefunded() {
        Limiter limiter = limiter(rate(GOOGLE, Set.of(), "1/h"));
        Grant grant = granted(take(limiter, SHOP, T1, START));
        grant.finished(START + 1);
        grant.refund(START + 1);

        assertThat(goes(limiter, SHOP, T1, START + 2)).isFalse();
    }

    @Test
    void transactionsAtOnce_waitForAnEnd() {
        Limiter limiter = limiter(Limits.connections(Limits.tenant("shop"), Set.of(), 1));
        Grant grant = granted(take(limiter, SHOP, T1, START));
        Gates other = limiter.gates(SHOP, "other");
        Blocked full = blocked(limiter.take(other, T1, NORMAL, START + 1));
        assertThat(full.untilMicros()).isEqualTo(Long.MAX_VALUE);

        grant.finished(START + 2);
        grant.finished(START + 2);

        assertThat(woken).containsExactly("other");
        assertThat(goes(limiter, SHOP, T1, START + 3)).isFalse();
        assertThat(limiter.take(other, T1, NORMAL, START + 4)).isInstanceOf(Granted.class);
    }

    @Test
    void reload_keepsCountsOfWhatIsUnchanged() {
        LimitSettings limit = rate(GOOGLE, Set.of(Dimension.SOURCE), "2/h");
        Limiter limiter = limiter(limit);
        Gates gates = limiter.gates(SHOP, "path");
        take(limiter, SHOP, T1, START);
        take(limiter, SHOP, T1, START);
        long before = limiter.epoch();

        limiter.reload(List.of(rate(GOOGLE, Set.of(), "100/s"), limit));

        assertThat(limiter.epoch()).isGreaterThan(before);
        assertThat(limiter.take(gates, T1, NORMAL, START + 1)).isInstanceOf(Blocked.class);
        assertThat(goes(limiter, SHOP, T2, START + 1)).isTrue();
    }

    @Test
    void reload_otherRateOfTheSameWindow_countsOn() {
        Limiter limiter = limiter(rate(GOOGLE, Set.of(), "2/h"));
        take(limiter, SHOP, T1, START);
        take(limiter, SHOP, T1, START);

        limiter.reload(List.of(rate(GOOGLE, Set.of(), "3/h")));

        assertThat(goes(limiter, SHOP, T1, START + 1)).isTrue();
        assertThat(goes(limiter, SHOP, T1, START + 1)).isFalse();
    }

    @Test
    void reload_limitGone_nothingIsHeldBack() {
        Limiter limiter = limiter(rate(GOOGLE, Set.of(), "1/h"));
        take(limiter, SHOP, T1, START);

        limiter.reload(List.of());

        assertThat(goes(limiter, SHOP, T1, START + 1)).isTrue();
    }

    @Test
    void suspend_endsByItself_orIsLifted() {
        Limiter limiter = limiter();
        limiter.restrain(restraint("a1", GOOGLE, new Force.Suspend(), START + 10 * SECOND));
        Blocked held = blocked(take(limiter, SHOP, T1, START));
        assertThat(held.untilMicros()).isEqualTo(START + 10 * SECOND);
        assertThat(held.why())
                .startsWith("suspended until ")
                .endsWith("for provider google (providers/google.toml:9: 421 slow down)");
        assertThat(limiter.connect(connection(T1), "p", START)).isInstanceOf(Blocked.class);
        assertThat(goes(limiter, SHOP, T1, START + 10 * SECOND)).isTrue();
        limiter.sweep(START + 10 * SECOND);
        assertThat(limiter.restraints()).isEmpty();

        limiter.restrain(restraint("a2", GOOGLE, new Force.Suspend(), START + 99 * SECOND));
        assertThat(goes(limiter, SHOP, T1, START + 11 * SECOND)).isFalse();
        limiter.lift("a2");
        assertThat(goes(limiter, SHOP, T1, START + 11 * SECOND)).isTrue();
    }

    @Test
    void slow_replacedByAFasterOne_countsOn() {
        Limiter limiter = limiter();
        long until = START + 1000 * SECOND;
        limiter.restrain(restraint("a1", GOOGLE, new Force.Slow(0.5), until));
        assertThat(goes(limiter, SHOP, T1, START)).isTrue();
        assertThat(blocked(take(limiter, SHOP, T1, START + 1)).untilMicros())
                .isEqualTo(START + 2 * SECOND + Grant.USABLE_MICROS);

        limiter.restrain(restraint("a1", GOOGLE, new Force.Slow(1), until));

        assertThat(limiter.restraints()).hasSize(1);
        assertThat(goes(limiter, SHOP, T1, START + 2)).isFalse();
        assertThat(goes(limiter, SHOP, T1, START + SECOND + Grant.USABLE_MICROS)).isTrue();
        assertThat(goes(limiter, SHOP, T1, until)).isTrue();
        assertThat(goes(limiter, SHOP, T1, until)).isTrue();
    }

    @Test
    void sweep_forgetsWhatHoldsNothing_andGatesGoOnByANewCounter() {
        Limiter limiter = limiter(rate(GOOGLE, Set.of(Dimension.DOMAIN), "1/s"));
        Gates gates = limiter.gates(SHOP, "path");
        limiter.take(gates, T1, NORMAL, START);
        limiter.sweep(START + 1);
        assertThat(limiter.counts().counters()).isEqualTo(1);

        limiter.sweep(START + 5 * SECOND);
        assertThat(limiter.counts().counters()).isZero();

        long later = START + 6 * SECOND;
        assertThat(limiter.take(gates, T1, NORMAL, later)).isInstanceOf(Granted.class);
        assertThat(goes(limiter, SHOP, T1, later + 1)).isFalse();
        assertThat(limiter.take(gates, T1, NORMAL, later + 2)).isInstanceOf(Blocked.class);
    }

    @Test
    void recipientsAndMessages_areTheLeastThatApply() {
        Limiter limiter =
                limiter(Limits.sizes(GOOGLE, 100, 50), Limits.sizes(LimitScope.ALL, 20, 90));

        assertThat(limiter.recipientsMax(limiter.gates(SHOP, "p"), T1)).isEqualTo(50);
        assertThat(opened(limiter.connect(connection(T1), "p", START)).messagesMax()).isEqualTo(20);
        Limiter none = limiter();
        assertThat(none.recipientsMax(none.gates(SHOP, "p"), T1)).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void perProvider_doesNotHoldBackWhatHasNone() {
        Limiter limiter = limiter(rate(LimitScope.ALL, Set.of(Dimension.PROVIDER), "1/h"));
        Flow other = new Flow("", "default", "", "mx.x.test", "x.test", "shop", "", "");

        assertThat(limiter.gates(other, "p").isEmpty()).isTrue();
        assertThat(limiter.gates(SHOP, "p").isEmpty()).isFalse();
    }

    @Test
    void explain_saysEachLimitWithItsNumbers() {
        Limiter limiter =
                limiter(
                        rate(GOOGLE, Set.of(Dimension.SOURCE), "2/h"),
                        Limits.connections(GOOGLE, Set.of(), 7),
                        rate(Limits.tenant("other"), Set.of(), "1/s"));
        take(limiter, SHOP, T1, START);
        opened(limiter.connect(connection(T1), "p", START));

        assertThat(limiter.explain(SHOP.from("t1", "warm"), START))
                .containsExactlyInAnyOrder(
                        new LimitView(
                                "2/h for source t1, provider google",
                                "w.toml:1",
                                1,
                                2,
                                START,
                                2.0 / 3600),
                        new LimitView(
                                "7 connections for provider google", "w.toml:2", 1, 7, START, 0));
        assertThat(limiter.explain(SHOP, START))
                .extracting(LimitView::text)
                .contains("2/h for provider google for each source");
    }
}
