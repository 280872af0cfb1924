package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.DnsSettings;
import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.egress.Site;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.DomainName;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.Set;

@Timeout(30)
final class DirectionsTest {
    private static final Site SITE = new Site("mx.x.test");
    private static final InstantSource CLOCK = InstantSource.fixed(TestMail.NOW);
    private static final List<RouteSettings> ROUTES = List.of(Post.route("*.r.test", 2_525));
    private static final OwnNode OWN = new OwnNode(Set.of("own.test"), List.of());

    private final TestNameServer dns = new TestNameServer();
    private final Directions directions =
            new Directions(plan(DeliverySettings.DEFAULT, ROUTES, dns, OWN), new Random(1));

    @BeforeEach
    void resolve() {
        dns.with("x.test. 300 IN MX 10 mx.x.test.");
        directions.resolve(DomainName.parse("x.test").orElseThrow());
        assertThat(directions.nextHop(SITE)).isPresent();
    }

    @AfterEach
    void close() {
        dns.close();
    }

    @Test
    void renewed_alike_sitesStayKnown() {
        DeliverySettings other = Post.settings(7, 7, Duration.ofSeconds(7));

        assertThat(directions.renewed(plan(other, ROUTES, dns, OWN)).nextHop(SITE))
                .isEqualTo(directions.nextHop(SITE))
                .isPresent();
    }

    @Test
    void renewed_withOtherRoutes_forgetsSites() {
        List<RouteSettings> routes = List.of(Post.route("*.r.test", 2_526));

        assertForgotten(plan(DeliverySettings.DEFAULT, routes, dns, OWN));
    }

    @Test
    void renewed_withOtherPort_forgetsSites() {
        DeliverySettings was = DeliverySettings.DEFAULT;
        var settings =
                new DeliverySettings(
                        26, List.of(), 50, 2_000, 1_000, was.idleMost(), was.timeouts());

        assertForgotten(plan(settings, ROUTES, dns, OWN));
    }

    @Test
    void renewed_withOtherOwnNames_forgetsSites() {
        var own = new OwnNode(Set.of("mx.x.test"), List.of());

        assertForgotten(plan(DeliverySettings.DEFAULT, ROUTES, dns, own));
    }

    @Test
    void renewed_withOtherNameServers_forgetsSites() {
        try (var others = new TestNameServer()) {
            assertForgotten(plan(DeliverySettings.DEFAULT, ROUTES, others, OWN));
        }
    }

    private void assertForgotten(DeliveryPlan plan) {
        assertThat(directions.renewed(plan).nextHop(SITE)).isEmpty();
    }

    private static DeliveryPlan plan(
            DeliverySettings settings,
            List<RouteSettings> routes,
            TestNameServer server,
            OwnNode own) {
        DnsSettings dnsSettings = server.settings();
        var sources = new Sources(List.of(Hosts.UNNAMED), CLOCK);
        return new DeliveryPlan(settings, routes, sources, new Resolver(dnsSettings, CLOCK), own);
    }
}
