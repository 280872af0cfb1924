package io.whimbrel.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.MxAnswer.MxHost;
import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.dns.TestNameServer.Mood;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(30)
final class RouterTest {
    private final TestNameServer dns = new TestNameServer();
    private final OwnNode ownNode = new OwnNode(Set.of("Mx1.own.test"), List.of());

    @AfterEach
    void close() {
        dns.close();
    }

    @Test
    void mx_givesHostsAndASiteNamedAfterThem() {
        dns.with("a.test. 300 IN MX 20 mx2.x.test.").with("a.test. 300 IN MX 10 mx1.x.test.");

        NextHop nextHop = found("a.test");

        assertThat(nextHop.site().name()).isEqualTo("(mx1|mx2).x.test");
        assertThat(nextHop.hosts())
                .containsExactly(new MxHost(10, "mx1.x.test"), new MxHost(20, "mx2.x.test"));
        assertThat(nextHop.port()).isEqualTo(25);
        assertThat(nextHop.protocol()).isEqualTo(Protocol.SMTP);
        assertThat(nextHop.isRoute()).isFalse();
    }

    @Test
    void domainsWithTheSameHosts_shareASite() {
        dns.with("a.test. 300 IN MX 10 mx.x.test.").with("b.test. 60 IN MX 5 mx.x.test.");

        assertThat(found("a.test").site()).isEqualTo(found("b.test").site());
    }

    @Test
    void noMx_theDomainItselfIsTheHost() {
        dns.with("a.test. 300 IN A 192.0.2.1");

        assertThat(found("a.test").hosts()).containsExactly(new MxHost(0, "a.test"));
        assertThat(found("a.test").site().name()).isEqualTo("a.test");
    }

    @Test
    void noMxButIpv6_theDomainItselfIsTheHost() {
        dns.with("a.test. 300 IN AAAA 2001:db8::1");

        assertThat(found("a.test").hosts()).containsExactly(new MxHost(0, "a.test"));
    }

    @Test
    void nullMx_isRefusedForGood() {
        dns.with("a.test. 300 IN MX 0 .").with("a.test. 300 IN A 192.0.2.1");

        assertThat(notFound("a.test")).isEqualTo("556 5.1.10 a.test accepts no mail (null MX)");
    }

    @Test
    void unknownDomain_isRefusedForGood() {
        assertThat(notFound("a.test")).isEqualTo("550 5.1.2 Domain a.test does not exist");
    }

    @Test
    void domainWithoutHosts_isRefusedForGood() {
        dns.withEmpty("a.test.");

        assertThat(notFound("a.test")).startsWith("550 5.4.4");
    }

    @Test
    void noAnswer_isTriedAgain() {
        dns.mood(Mood.SERVFAIL);

        assertThat(notFound("a.test")).startsWith("451 4.4.3 No answer from the DNS about a.test");
    }

    @Test
    void ourselvesAmongTheHosts_onlyBetterOnesRemain() {
        dns.with("a.test. 300 IN MX 5 first.test.")
                .with("a.test. 300 IN MX 10 mx1.own.test.")
                .with("a.test. 300 IN MX 10 equal.test.")
                .with("a.test. 300 IN MX 20 worse.test.");

        assertThat(found("a.test").hosts()).containsExactly(new MxHost(5, "first.test"));
    }

    @Test
    void ourselvesAreBest_isALoop() {
        dns.with("a.test. 300 IN MX 5 mx1.own.test.").with("a.test. 300 IN MX 10 b.test.");

        assertThat(notFound("a.test")).startsWith("554 5.4.6");
    }

    @Test
    void ourOwnNameWithoutMx_isALoop() {
        dns.with("mx1.own.test. 300 IN A 192.0.2.1");

        assertThat(notFound("mx1.own.test")).startsWith("554 5.4.6");
    }

    @ParameterizedTest
    @CsvSource({
        "[192.0.2.1], 192.0.2.1",
        "[IPv6:2001:db8::1], 2001:db8:0:0:0:0:0:1",
        "[2001:db8::1], 2001:db8:0:0:0:0:0:1"
    })
    void addressLiteral_isTheHost(String domain, String address) {
        assertThat(found(domain).hosts()).containsExactly(new MxHost(0, address));
        assertThat(found(domain).site().name()).isEqualTo("[" + address + "]");
        assertThat(dns.questions()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"[example.test]", "[1.2.3]x]", "[IPv6:zz]"})
    void badLiteral_isRefused(String domain) {
        assertThat(notFound(domain)).startsWith("550 5.1.2");
    }

    @Test
    void route_firstMatchWins() {
        Router router =
                router(
                        route("special.test", new RouteTarget.Lmtp("lmtp.test", 24)),
                        route("*.test", new RouteTarget.Smtp("127.0.0.1", 2526)),
                        route("*", new RouteTarget.Smtp("::1", 2527)));

        assertThat(found(router, "special.test").site().name()).isEqualTo("lmtp://lmtp.test:24");
        assertThat(found(router, "special.test").protocol()).isEqualTo(Protocol.LMTP);
        assertThat(found(router, "a.test").site().name()).isEqualTo("smtp://127.0.0.1:2526");
        assertThat(found(router, "a.test").isRoute()).isTrue();
        assertThat(found(router, "other.example").site().name()).isEqualTo("smtp://[::1]:2527");
        assertThat(found(router, "other.example").hosts()).containsExactly(new MxHost(0, "::1"));
    }

    @Test
    void routeToMx_exemptsFromLaterOnes() {
        dns.with("a.test. 300 IN MX 5 mx.a.test.");
        Router router =
                router(
                        route("a.test", new RouteTarget.Mx()),
                        route("*", new RouteTarget.Smtp("127.0.0.1", 2526)));

        assertThat(found(router, "a.test").site().name()).isEqualTo("mx.a.test");
    }

    /// Whatever was known before, and however long ago: mail waits, or goes where it went.
    @Test
    void deadResolver_defers_andNeverBounces() {
        var now = new AtomicReference<>(Instant.EPOCH);
        var resolver = new Resolver(dns.settings(), now::get);
        var router = new Router(List.of(), 25, resolver, ownNode);
        dns.with("good.test. 60 IN MX 10 mx.test.")
                .with("null.test. 60 IN MX 0 .")
                .withEmpty("empty.test.")
                .with("host.test. 60 IN A 192.0.2.1");
        List<String> domains =
                List.of("good.test", "null.test", "empty.test", "gone.test", "host.test");
        domains.forEach(domain -> router.resolve(DomainName.parse(domain).orElseThrow()));

        for (Mood mood : List.of(Mood.SERVFAIL, Mood.SILENT)) {
            dns.mood(mood);
            now.set(Instant.EPOCH.plus(Duration.ofHours(mood == Mood.SILENT ? 2 : 1)));
            assertThat(found(router, "good.test").hosts()).isNotEmpty();
            assertThat(found(router, "host.test").hosts()).isNotEmpty();
            for (String domain : List.of("null.test", "empty.test", "gone.test", "new.test")) {
                assertDeferred(router, domain);
            }
        }
        now.set(Instant.EPOCH.plus(Duration.ofHours(26)));
        domains.forEach(domain -> assertDeferred(router, domain));
    }

    private static void assertDeferred(Router router, String domain) {
        assertThat(router.resolve(DomainName.parse(domain).orElseThrow()))
                .isInstanceOfSatisfying(
                        Resolution.NotFound.class,
                        it -> assertThat(it.reply().toString()).startsWith("451 4.4.3"));
    }

    private NextHop found(String domain) {
        return found(router(), domain);
    }

    private static NextHop found(Router router, String domain) {
        Resolution resolution = router.resolve(DomainName.parse(domain).orElseThrow());
        assertThat(resolution).isInstanceOf(Resolution.Found.class);
        return ((Resolution.Found) resolution).nextHop();
    }

    private String notFound(String domain) {
        Resolution resolution = router().resolve(DomainName.parse(domain).orElseThrow());
        assertThat(resolution).isInstanceOf(Resolution.NotFound.class);
        return ((Resolution.NotFound) resolution).reply().toString();
    }

    private Router router(RouteSettings... routes) {
        var resolver = new Resolver(dns.settings(), InstantSource.fixed(Instant.EPOCH));
        return new Router(List.of(routes), 25, resolver, ownNode);
    }

    private static RouteSettings route(String pattern, RouteTarget target) {
        return new RouteSettings(DomainPattern.parse(pattern).orElseThrow(), target);
    }
}
