package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.PoolSettings;
import io.whimbrel.egress.PoolSettings.Member;
import io.whimbrel.egress.PoolSettings.Sticky;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.Proxy;
import io.whimbrel.egress.Site;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.Rate;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// Sources that have their own limits, are not on this machine, or sit behind a proxy that is down:
/// what KumoMTA's tests of sources check, with whole dispatchers.
@Timeout(60)
final class PoolDeliveryTest {
    private static final String SERVES = "S: 220 mx.test\nSERVE:";
    private static final DeliverySettings ONE = Post.settings(1, 1_000, Duration.ofSeconds(2));

    private static final SourceAddress A = source("a", "127.0.0.5");
    private static final SourceAddress B = source("b", "127.0.0.6");

    /// For documentation (RFC 5737): on no machine.
    private static final SourceAddress AWAY = source("away", "203.0.113.9");

    /// source_selection_rate.
    @Test
    void sourceWithTwoADay_deliversTwoAndTheRestWaits() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, ONE, A)) {
            limit(post, A, "2/d");
            post.admit(10);

            assertThat(post.attempts(2)).allMatch(PoolDeliveryTest::isAccepted);
            peer.awaitHeard("QUIT");
            assertThat(waiting(post, peer)).isEqualTo(8);
            assertThat(post.hasNoFurtherAttempt()).isTrue();

            post.clock.advance(Duration.ofDays(1).plusSeconds(1));
            // Again and again, as a node does: the path may only now be about to be held back.
            peer.await(() -> {
                post.schedule.tick(post.clock.instant());
                return peer.texts().size() >= 4;
            });

            assertThat(post.attempts(2)).allMatch(PoolDeliveryTest::isAccepted);
            assertThat(waiting(post, peer)).isEqualTo(6);
        }
    }

    /// source_selection_rate_pool: the warming source sends its two, the other one the rest.
    @Test
    void sourceAtItsLimit_leavesTheRestToTheOther() {
        for (DeliverySettings settings : List.of(ONE, Post.SETTINGS)) {
            try (var peer = new ScriptedPeer(SERVES);
                    var post = post(peer, settings, A, B)) {
                limit(post, A, "2/d");
                post.admit(10);

                List<Attempt> attempts = post.attempts(10);

                assertThat(attempts).allMatch(PoolDeliveryTest::isAccepted);
                assertThat(attempts)
                        .extracting(Attempt::source)
                        .filteredOn(source -> source.equals("a"))
                        .hasSizeBetween(1, 2);
                assertThat(peer.clients()).contains("127.0.0.5", "127.0.0.6");
            }
        }
    }

    /// The same, of one tenant's mail: what holds that back says nothing about connections.
    @Test
    void tenantAtTheLimitOfASource_leavesByTheOther() {
        for (DeliverySettings settings : List.of(ONE, Post.SETTINGS)) {
            try (var peer = new ScriptedPeer(SERVES);
                    var post = post(peer, settings, A, B)) {
                var scope =
                        LimitScope.ALL.and(Dimension.SOURCE, "a").and(Dimension.DOMAIN, "x.test");
                post.limiter.reload(List.of(rate(scope, "2/d")));
                post.admit(10);

                assertThat(post.attempts(10))
                        .extracting(Attempt::source)
                        .filteredOn(source -> source.equals("a"))
                        .hasSizeLessThanOrEqualTo(2);
            }
        }
    }

    /// bad_source_address, source_health_unplumbed_suspends.
    @Test
    void addressThatIsNotHere_defersAndNamesIt() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, ONE, AWAY)) {
            post.admit(1);

            assertThat(((NotTried) post.result()).reply().toString())
                    .startsWith("451 4.4.0")
                    .contains("source away: address 203.0.113.9 is not on this machine");
            assertThat(peer.connections()).isZero();
        }
    }

    /// source_health_other_pool_member_still_delivers.
    @Test
    void addressThatIsNotHere_theOthersDeliver() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, Post.SETTINGS, AWAY, B)) {
            post.admit(10);

            assertThat(post.attempts(10))
                    .allMatch(PoolDeliveryTest::isAccepted)
                    .allMatch(attempt -> attempt.source().equals("b"));
        }
    }

    /// source_health_proxy_suspends.
    @Test
    void proxyThatIsDown_defersAndTheSourceRests() {
        SourceAddress behind = behindADeadProxy();
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, ONE, behind)) {
            post.admit(1);

            assertThat(((NotTried) post.result()).reply().toString())
                    .startsWith("451 4.4.0")
                    .contains("source behind: ");
            assertThat(post.dispatcher.active().pools().sources().isUsable("behind")).isFalse();
            assertThat(peer.connections()).isZero();
        }
    }

    @Test
    void proxyThatIsDown_theOthersDeliver() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, Post.SETTINGS, behindADeadProxy(), B)) {
            post.admit(10);

            assertThat(post.attempts(10))
                    .allMatch(PoolDeliveryTest::isAccepted)
                    .allMatch(attempt -> attempt.source().equals("b"));
        }
    }

    @Test
    void messagesPerConnectionOfADomain_endConnections() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, ONE, A)) {
            post.limiter.reload(
                    List.of(
                            new LimitSettings(
                                    "w.toml:1",
                                    LimitScope.ALL.and(Dimension.DOMAIN, "x.test"),
                                    Set.of(),
                                    List.of(),
                                    OptionalInt.empty(),
                                    Optional.empty(),
                                    OptionalInt.of(2),
                                    OptionalInt.empty())));
            post.admit(6);

            assertThat(post.attempts(6)).allMatch(PoolDeliveryTest::isAccepted);
            assertThat(peer.connections()).isGreaterThanOrEqualTo(3);
        }
    }

    /// A limit that has room again in a moment.
    @Test
    void sourceAtItsLimitForAMoment_isNoCaseForTheBackup() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = postWithBackup(peer)) {
            post.limiter.reload(List.of(rate(LimitScope.ALL.and(Dimension.SOURCE, "a"), "2/s")));
            post.admit(5);

            assertThat(post.attempts(5))
                    .allMatch(PoolDeliveryTest::isAccepted)
                    .allMatch(attempt -> attempt.source().equals("a"));
        }
    }

    @Test
    void hostThatRefusesOneSource_isAskedFromAnother() {
        try (var peer = new ScriptedPeer("S: 554 5.7.1 your address is listed", SERVES);
                var post = post(peer, ONE, A, B)) {
            post.admit(1);

            assertThat(post.attempt()).matches(PoolDeliveryTest::isAccepted);
            assertThat(peer.clients()).containsExactlyInAnyOrder("127.0.0.5", "127.0.0.6");
        }
    }

    /// What `retry-elsewhere` asks for where no limit shuts the source.
    @Test
    void sourceThatARuleTurnsFrom_comesLastForAMinute() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, ONE, A, B)) {
            post.admit(1);
            Attempt first = post.attempt();
            peer.awaitHeard("QUIT");

            var path = new EgressPath("default", new Site(first.site()));
            post.dispatcher.finder().avoid(path, first.source());
            post.admit(3);

            assertThat(post.attempts(3))
                    .allMatch(PoolDeliveryTest::isAccepted)
                    .noneMatch(attempt -> attempt.source().equals(first.source()));
        }
    }

    /// Its own source is suspended at one site: there another carries its mail, for as long as that
    /// lasts, and elsewhere it stays.
    @Test
    void stickyMail_leavesByAnotherSource_whereItsOwnIsSuspended() {
        try (var peer = new ScriptedPeer(SERVES);
                var elsewhere = new ScriptedPeer(SERVES);
                var post = sticky(peer, elsewhere, 1)) {
            var scope =
                    LimitScope.ALL
                            .and(Dimension.SOURCE, "a")
                            .and(Dimension.SITE, path(peer).site().name());
            post.reactions.suspend(scope, Duration.ofDays(1), "", post.clock.instant());

            for (int i = 0; i < 3; i++) {
                post.admit("m" + i + "@" + stickyTo("a") + ".x.test");
                assertThat(post.attempt().source()).isEqualTo("b");
                post.admit("m" + i + "@" + stickyTo("a") + ".y.test");
                assertThat(post.attempt().source()).isEqualTo("a");
                post.clock.advance(Duration.ofMinutes(1));
            }
            assertThat(peer.connections()).isEqualTo(1);

            post.reactions.liftAll(LimitScope.ALL, post.clock.instant());
            post.admit("m@" + stickyTo("a") + ".x.test");
            assertThat(post.attempt().source()).isEqualTo("a");
        }
    }

    /// Connections that nothing may go by are not kept for mail that waits.
    @Test
    void stickyMail_getsAConnectionOfItsSource_whereOthersAreIdle() {
        for (int most : List.of(1, 2, 3)) {
            try (var peer = new ScriptedPeer(SERVES);
                    var elsewhere = new ScriptedPeer(SERVES);
                    var post = sticky(peer, elsewhere, most)) {
                for (String source : List.of("a", "b", "a", "b")) {
                    for (int i = 0; i < 6; i++) {
                        post.admit("m" + i + "@" + stickyTo(source) + ".x.test");
                    }
                    assertThat(post.attempts(6))
                            .allMatch(PoolDeliveryTest::isAccepted)
                            .allMatch(attempt -> attempt.source().equals(source));
                }
            }
        }
    }

    /// Idle connections stay.
    private static Post sticky(ScriptedPeer peer, ScriptedPeer elsewhere, int connections) {
        DeliverySettings settings = Post.settings(connections, 1_000, Duration.ofMinutes(5));
        var post = new Post(settings, Post.route("*.x.test", peer), Post.route("*", elsewhere));
        var sources = new Sources(List.of(A, B), post.clock);
        List<Member> members = List.of(Member.of("a"), Member.of("b"));
        var pool = new PoolSettings("default", members, Sticky.DOMAIN);
        DeliveryPlan plain =
                post.plan(settings, Post.route("*.x.test", peer), Post.route("*", elsewhere));
        post.dispatcher.reload(
                new DeliveryPlan(
                        settings,
                        new Pools(List.of(pool), sources, post.clock, post.metrics.egress),
                        plain.routing(),
                        plain.tls(),
                        TestMail.NO_CAMPAIGNS));
        return post;
    }

    /// The first label of a domain, below x.test and y.test, that sticks to `source`.
    private static String stickyTo(String source) {
        var sources = new Sources(List.of(A, B), () -> Instant.EPOCH);
        List<Member> members = List.of(Member.of("a"), Member.of("b"));
        var settings = new PoolSettings("p", members, Sticky.DOMAIN);
        var pools =
                new Pools(List.of(settings), sources, () -> Instant.EPOCH, new Metrics().egress);
        for (int i = 0; ; i++) {
            String label = "d" + i;
            if (isStickyTo(pools, source, label + ".x.test")
                    && isStickyTo(pools, source, label + ".y.test")) {
                return label;
            }
        }
    }

    private static boolean isStickyTo(Pools pools, String source, String domain) {
        return pools.mayCarry("p", source, domain, _ -> false);
    }

    /// A configuration that gives mail which waits another source: no restart.
    @Test
    void reload_givesWaitingMailAnotherSource() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, ONE, A)) {
            limit(post, A, "1/d");
            post.admit(3);
            post.attempt();
            peer.awaitHeard("QUIT");

            post.dispatcher.reload(plan(post, peer, ONE, B));
            post.schedule.reroute(Destinations.ofPool("default"), post.clock.instant());

            assertThat(post.attempts(2))
                    .allMatch(PoolDeliveryTest::isAccepted)
                    .allMatch(attempt -> attempt.source().equals("b"));
        }
    }

    /// It is held, not deferred, and goes on when an operator brings the pool back.
    @Test
    void poolThatIsNotConfiguredAnyMore_holdsItsMail() {
        try (var peer = new ScriptedPeer(SERVES);
                var post = post(peer, ONE, A)) {
            DeliveryPlan before = post.dispatcher.active().plan();
            var sources = new Sources(List.of(A), post.clock);
            var other = new PoolSettings("other", List.of(Member.of("a")), Sticky.NONE);
            post.dispatcher.reload(
                    new DeliveryPlan(
                            ONE,
                            new Pools(List.of(other), sources, post.clock, post.metrics.egress),
                            before.routing(),
                            before.tls(),
                            TestMail.NO_CAMPAIGNS));
            post.admit(3);

            peer.await(() -> post.schedule.held(path(peer)).isPresent());
            assertThat(post.schedule.held(path(peer)).orElseThrow().why())
                    .isEqualTo("pool default, which is not configured");
            post.clock.advance(Duration.ofMinutes(30));
            post.schedule.tick(post.clock.instant());
            assertThat(post.hasNoFurtherAttempt()).isTrue();
            assertThat(peer.connections()).isZero();

            post.dispatcher.reload(before);
            post.schedule.reroute(Destinations.ofPool("default"), post.clock.instant());
            assertThat(post.attempts(3)).allMatch(PoolDeliveryTest::isAccepted);
        }
    }

    private static SourceAddress source(String name, String address) {
        return new SourceAddress(name, Optional.of(ip(address)), name + ".test");
    }

    private static SourceAddress behindADeadProxy() {
        var proxy =
                new Proxy(
                        Proxy.Kind.SOCKS5,
                        new InetSocketAddress(ScriptedPeer.loopback(), ScriptedPeer.deafPort()),
                        Optional.empty(),
                        Optional.empty());
        return new SourceAddress(
                "behind", Optional.of(ip("203.0.113.9")), "b.test", "", Optional.of(proxy));
    }

    private static InetAddress ip(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private static Post post(ScriptedPeer peer, DeliverySettings settings, SourceAddress... all) {
        var post = new Post(settings, Post.routeTo(peer));
        post.dispatcher.reload(plan(post, peer, settings, all));
        return post;
    }

    private static Post postWithBackup(ScriptedPeer peer) {
        var post = new Post(ONE, Post.routeTo(peer));
        List<Member> members = List.of(Member.of("a"), new Member("b", 1, true));
        post.dispatcher.reload(plan(post, peer, members, A, B));
        return post;
    }

    private static DeliveryPlan plan(
            Post post, ScriptedPeer peer, DeliverySettings settings, SourceAddress... all) {
        List<Member> members = Arrays.stream(all).map(SourceAddress::name).map(Member::of).toList();
        DeliveryPlan one = plan(post, peer, members, all);
        return new DeliveryPlan(
                settings, one.pools(), one.routing(), one.tls(), TestMail.NO_CAMPAIGNS);
    }

    private static DeliveryPlan plan(
            Post post, ScriptedPeer peer, List<Member> members, SourceAddress... all) {
        DeliverySettings settings = ONE;
        DeliveryPlan plain = post.plan(settings, Post.routeTo(peer));
        var sources = new Sources(List.of(all), post.clock);
        var pool = new PoolSettings("default", members, Sticky.NONE);
        return new DeliveryPlan(
                settings,
                new Pools(List.of(pool), sources, post.clock, post.metrics.egress),
                plain.routing(),
                plain.tls(),
                TestMail.NO_CAMPAIGNS);
    }

    private static void limit(Post post, SourceAddress source, String rate) {
        var scope = LimitScope.ALL.and(Dimension.SOURCE, source.name());
        post.limiter.reload(List.of(rate(scope, rate)));
    }

    private static LimitSettings rate(LimitScope scope, String rate) {
        return new LimitSettings(
                "w.toml:1",
                scope,
                Set.of(),
                List.of(Rate.parse(rate).orElseThrow()),
                OptionalInt.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    private static EgressPath path(ScriptedPeer peer) {
        return new EgressPath("default", new Site("smtp://127.0.0.1:" + peer.port()));
    }

    private static int waiting(Post post, ScriptedPeer peer) {
        return post.schedule.readyEntries(path(peer), post.clock.instant());
    }

    private static boolean isAccepted(Attempt attempt) {
        return attempt.results().getFirst() instanceof Accepted;
    }
}
