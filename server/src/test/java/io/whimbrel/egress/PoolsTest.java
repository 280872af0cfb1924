package io.whimbrel.egress;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.PoolSettings.Member;
import io.whimbrel.egress.PoolSettings.Sticky;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.shaping.Flow;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

final class PoolsTest {
    private static final SourceAddress ONE = source("s1", "127.0.0.5");
    private static final SourceAddress TWO = source("s2", "127.0.0.6");
    private static final SourceAddress THREE = source("s3", "127.0.0.7");
    private static final SourceAddress ABSENT = source("s4", "192.0.2.10");

    private final Metrics metrics = new Metrics();
    private Instant now = Instant.EPOCH;
    private final Sources sources = new Sources(List.of(ONE, TWO, THREE, ABSENT), () -> now);

    @Test
    void unknownPool_hasNoSourceAndSaysSo() {
        Pools pools = pools(Sticky.NONE, Member.of("s1"));

        assertThat(pools.isKnown("q")).isFalse();
        assertThat(pools.choose("q", "", _ -> true, _ -> true)).isEmpty();
        assertThat(pools.trouble("q")).contains("pool q is not configured");
        assertThat(pools.describe("q")).isEqualTo("pool q is not configured");
        assertThat(pools.isAhead("q", "s1", _ -> false)).isTrue();
        assertThat(pools.mayCarry("q", "s1", "", _ -> false)).isFalse();
        assertThat(pools.reaches("q", InetAddress.ofLiteral("127.0.0.1"))).isFalse();
    }

    @Test
    void knownPool_saysWhatItIs() {
        Pools pools = pools(Sticky.NONE, new Member("s1", 2, false), Member.of("s4"));

        pools.sent("p", "s1", true);

        assertThat(pools.describe("p"))
                .isEqualTo(
                        "pool p: s1 (weight 2, 1 messages); s4 (weight 1, 0 messages, not usable)");
        assertThat(pools.trouble("p")).isEmpty();
        assertThat(pools.poolsOf("s1")).containsExactlyInAnyOrder("p", "s1");
        assertThat(pools.reaches("p", InetAddress.ofLiteral("127.0.0.1"))).isTrue();
        assertThat(pools.reaches("p", InetAddress.ofLiteral("::1"))).isFalse();
        assertThat(metrics.egress.messages("p", "s1").get()).isEqualTo(1);
    }

    @Test
    void nameOfASource_isAPoolOfItAlone() {
        Pools pools = pools(Sticky.NONE, Member.of("s1"), Member.of("s2"));

        assertThat(pools.isKnown("s2")).isTrue();
        assertThat(pools.choose("s2", "", _ -> true, _ -> true)).contains(TWO);
        pools.sent("s2", "s2", true);
        assertThat(pools.isAhead("s2", "s2", _ -> false)).isFalse();
    }

    @Test
    void absentSource_isLeftOut() {
        Pools pools = pools(Sticky.NONE, Member.of("s4"));

        assertThat(pools.choose("p", "", _ -> true, _ -> true)).isEmpty();
        assertThat(pools.trouble("p"))
                .contains("source s4: address 192.0.2.10 is not on this machine");
    }

    @Test
    void backup_isUsedOnlyWhereNoOtherMayBe() {
        Pools pools = pools(Sticky.NONE, new Member("s1", 1000, true), Member.of("s2"));

        assertThat(pools.choose("p", "", _ -> true, _ -> true)).contains(TWO);
        assertThat(pools.choose("p", "", _ -> true, source -> !source.equals(TWO))).contains(ONE);
        assertThat(pools.isAhead("p", "s1", _ -> false))
                .as("while s2 was refused just now")
                .isFalse();

        now = now.plusSeconds(5);
        assertThat(pools.isAhead("p", "s1", _ -> false)).as("once s2 may be back").isTrue();
        assertThat(pools.choose("p", "", _ -> true, _ -> true)).contains(TWO);
    }

    @Test
    void proxyThatFailed_restsAWhile() {
        Pools pools = pools(Sticky.NONE, Member.of("s1"));

        sources.proxyFailed(ONE, "proxy 127.0.0.1:1080 (SOCKS 5): Connection refused");

        assertThat(pools.choose("p", "", _ -> true, _ -> true)).isEmpty();
        assertThat(pools.trouble("p"))
                .contains("source s1: proxy 127.0.0.1:1080 (SOCKS 5): Connection refused");
        now = now.plus(Sources.PROXY_RESTS);
        assertThat(pools.choose("p", "", _ -> true, _ -> true)).contains(ONE);
        assertThat(pools.trouble("p")).isEmpty();
    }

    @Test
    void stickyKeys_areSpreadByWeightAndStay() {
        Pools pools = pools(Sticky.TENANT, new Member("s1", 2, false), Member.of("s2"));
        Map<String, SourceAddress> first = new HashMap<>();
        for (int i = 0; i < 3_000; i++) {
            first.put("t" + i, pools.choose("p", "t" + i, _ -> true, _ -> true).orElseThrow());
        }

        assertThat(first.values().stream().filter(ONE::equals).count()).isBetween(1_900L, 2_100L);
        first.forEach((key, source) -> {
            assertThat(pools.choose("p", key, _ -> true, _ -> true)).contains(source);
            assertThat(pools.mayCarry("p", source.name(), key, _ -> false)).isTrue();
            assertThat(pools.mayCarry("p", source.equals(ONE) ? "s2" : "s1", key, _ -> false))
                    .isFalse();
        });
        assertThat(pools.mayCarry("p", "s1", "", _ -> false)).isTrue();
        assertThat(pools.isAhead("p", "s1", _ -> false)).isFalse();
    }

    @Test
    void stickySourceThatIsGone_takesOnlyItsOwnKeysAlong() {
        Pools pools = pools(Sticky.TENANT, Member.of("s1"), Member.of("s2"), Member.of("s3"));
        for (int i = 0; i < 300; i++) {
            String key = "t" + i;
            SourceAddress usual = pools.choose("p", key, _ -> true, _ -> true).orElseThrow();
            SourceAddress without =
                    pools.choose("p", key, _ -> true, source -> !source.equals(ONE)).orElseThrow();

            assertThat(without.equals(usual)).as(key).isEqualTo(!usual.equals(ONE));
            // Mail goes on from where it was put for lack of the first choice.
            assertThat(pools.mayCarry("p", without.name(), key, ONE::equals)).as(key).isTrue();
        }
    }

    /// On one way, whatever other ways can use, and for as long as it is so.
    @Test
    void stickySourceThatIsRefused_leavesItsKeysToTheNext() {
        Pools pools = pools(Sticky.TENANT, Member.of("s1"), Member.of("s2"), Member.of("s3"));
        for (int i = 0; i < 300; i++) {
            String key = "t" + i;
            SourceAddress usual = pools.choose("p", key, _ -> true, _ -> true).orElseThrow();
            SourceAddress next =
                    pools.choose("p", key, _ -> true, it -> !it.equals(usual)).orElseThrow();
            now = now.plusSeconds(60);

            for (SourceAddress source : List.of(ONE, TWO, THREE)) {
                assertThat(pools.mayCarry("p", source.name(), key, usual::equals))
                        .as("%s by %s", key, source)
                        .isEqualTo(source.equals(usual) || source.equals(next));
                assertThat(pools.mayCarry("p", source.name(), key, _ -> false))
                        .as("%s by %s elsewhere", key, source)
                        .isEqualTo(source.equals(usual));
            }
        }
    }

    @Test
    void backup_staysWhereTheOthersAreRefused() {
        Pools pools = pools(Sticky.TENANT, new Member("s1", 1, true), Member.of("s2"));

        for (int i = 0; i < 100; i++) {
            pools.sent("p", "s1", i == 0);
            assertThat(pools.isAhead("p", "s1", TWO::equals)).isFalse();
        }
        assertThat(pools.isAhead("p", "s1", _ -> false)).isTrue();
    }

    @Test
    void stickyKey_isWhatThePoolSays() {
        var flow = new Flow("", "p", "", "", "x.test", "shop", "sale", "");

        assertThat(pools(Sticky.NONE, Member.of("s1")).stickyKey("p", flow)).isEmpty();
        assertThat(pools(Sticky.TENANT, Member.of("s1")).stickyKey("p", flow)).isEqualTo("shop");
        assertThat(pools(Sticky.DOMAIN, Member.of("s1")).stickyKey("p", flow)).isEqualTo("x.test");
        assertThat(pools(Sticky.CAMPAIGN, Member.of("s1")).stickyKey("p", flow))
                .isEqualTo("shop\nsale");
        assertThat(pools(Sticky.CAMPAIGN, Member.of("s1")).stickyKey("p", Flow.NONE)).isEmpty();
    }

    @Test
    void sourceNothingCanBeSentFrom_isNotTriedOverAndOver() {
        Pools pools = pools(Sticky.NONE, Member.of("s1"), Member.of("s2"));
        int tried = 0;
        for (int i = 0; i < 10_000; i++) {
            now = now.plus(Duration.ofMillis(100));
            if (pools.choose("p", "", _ -> true, _ -> true).orElseThrow().equals(TWO)) {
                pools.sent("p", "s2", true);
            } else {
                tried++;
            }
        }

        // A thousand seconds: some two a second, although it is far behind in what was sent.
        assertThat(tried).isBetween(500, 2_500);
    }

    private Pools pools(Sticky sticky, Member... members) {
        var settings = new PoolSettings("p", List.of(members), sticky);
        return new Pools(List.of(settings), sources, () -> now, metrics.egress);
    }

    private static SourceAddress source(String name, String address) {
        return new SourceAddress(name, Optional.of(InetAddress.ofLiteral(address)), name + ".test");
    }
}
