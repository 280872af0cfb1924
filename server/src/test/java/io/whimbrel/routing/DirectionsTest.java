package io.whimbrel.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.Network;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.Set;

@Timeout(30)
final class DirectionsTest {
    private static final Site SITE = new Site("mx.x.test");
    private static final DomainName DOMAIN = DomainName.parse("x.test").orElseThrow();
    private static final List<RouteSettings> ROUTES = List.of(route(2_525));
    private static final OwnNode OWN = new OwnNode(Set.of("own.test"), List.of());

    private final Clock clock = new Clock();
    private final TestNameServer dns = new TestNameServer();
    private final Directions directions =
            new Directions(
                    new RoutingPlan(ROUTES, 25, List.of(), resolver(dns), OWN), new Random(1));

    @BeforeEach
    void resolve() {
        dns.with("x.test. 300 IN MX 10 mx.x.test.");
        directions.resolve(DOMAIN);
        assertThat(directions.nextHop(SITE)).isPresent();
    }

    @AfterEach
    void close() {
        dns.close();
    }

    @Test
    void renewed_alike_sitesStayKnown() {
        var allowed = List.of(Network.parse("10.0.0.0/8").orElseThrow());
        var plan = new RoutingPlan(List.of(route(2_525)), 25, allowed, resolver(dns), OWN);

        assertThat(directions.renewed(plan).nextHop(SITE))
                .isEqualTo(directions.nextHop(SITE))
                .isPresent();
    }

    @Test
    void renewed_withOtherRoutes_forgetsSites() {
        assertForgotten(new RoutingPlan(List.of(route(2_526)), 25, List.of(), resolver(dns), OWN));
    }

    @Test
    void renewed_withOtherPort_forgetsSites() {
        assertForgotten(new RoutingPlan(ROUTES, 26, List.of(), resolver(dns), OWN));
    }

    @Test
    void renewed_withOtherOwnNames_forgetsSites() {
        var own = new OwnNode(Set.of("mx.x.test"), List.of());

        assertForgotten(new RoutingPlan(ROUTES, 25, List.of(), resolver(dns), own));
    }

    @Test
    void renewed_withOtherNameServers_forgetsSites() {
        try (var others = new TestNameServer()) {
            assertForgotten(new RoutingPlan(ROUTES, 25, List.of(), resolver(others), OWN));
        }
    }

    @Test
    void heading_ofADomainThatBecameNullMx_isNowhere_onceTheAnswerIsOld() {
        assertThat(heading(Duration.ZERO)).isInstanceOf(Heading.Same.class);
        dns.forget("x.test.");
        dns.with("x.test. 300 IN MX 0 .");

        assertThat(heading(Duration.ofSeconds(29))).isInstanceOf(Heading.Same.class);
        assertThat(directions.isDoubtful(DOMAIN)).isFalse();
        assertThat(heading(Duration.ofSeconds(301)))
                .isInstanceOfSatisfying(
                        Heading.Nowhere.class,
                        nowhere -> assertThat(nowhere.reply().toString()).startsWith("556 5.1.10"));
        assertThat(directions.isDoubtful(DOMAIN)).isTrue();
    }

    @Test
    void heading_ofADomainWithOtherHosts_isTheirSite() {
        dns.forget("x.test.");
        dns.with("x.test. 300 IN MX 10 mx.y.test.");

        assertThat(heading(Duration.ofSeconds(301)))
                .isInstanceOfSatisfying(
                        Heading.Other.class,
                        other ->
                                assertThat(other.nextHop().site())
                                        .isEqualTo(new Site("mx.y.test")));
    }

    @Test
    void heading_whileTheDnsFails_isTheSiteThatIsKnown() {
        dns.mood(TestNameServer.Mood.SERVFAIL);

        assertThat(heading(Duration.ofDays(5))).isInstanceOf(Heading.Same.class);
        var unknown = new Site("mx.z.test");
        DomainName other = DomainName.parse("z.test").orElseThrow();
        assertThat(directions.heading(other, unknown, clock.now))
                .isInstanceOfSatisfying(
                        Heading.Nowhere.class,
                        nowhere -> assertThat(nowhere.reply().code()).isEqualTo(451));
    }

    private Heading heading(Duration later) {
        clock.now = Instant.EPOCH.plus(later);
        return directions.heading(DOMAIN, SITE, clock.now);
    }

    /// Moves when told to.
    private static final class Clock implements InstantSource {
        private volatile Instant now = Instant.EPOCH;

        @Override
        public Instant instant() {
            return now;
        }
    }

    private void assertForgotten(RoutingPlan plan) {
        assertThat(directions.renewed(plan).nextHop(SITE)).isEmpty();
    }

    private Resolver resolver(TestNameServer server) {
        return new Resolver(server.settings(), clock);
    }

    private static RouteSettings route(int port) {
        return new RouteSettings(
                DomainPattern.parse("*.r.test").orElseThrow(),
                new RouteTarget.Smtp("127.0.0.1", port));
    }
}
