package io.whimbrel.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.DnsSettings;
import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.dns.TestNameServer.Mood;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.Wildcards;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

@Timeout(30)
final class RouterTest {
    private static final RouteTarget B_TEST =
            new RouteTarget.MxOf(DomainName.parse("b.test").orElseThrow());

    private final TestNameServer dns = new TestNameServer();
    private final OwnNode ownNode = new OwnNode(Set.of("Mx1.own.test"), List.of());

    @AfterEach
    void close() {
        dns.close();
    }

    @Test
    void mx_givesHostsAndASiteNamedAfterThem() {
        dns.with("a.test. 300 IN MX 20 mx2.x.test.").with("a.test. 300 IN MX 10 mx1.x.test.");

        NextHop.Remote nextHop = found("a.test");

        assertThat(nextHop.site().name()).isEqualTo("(mx1|mx2).x.test");
        assertThat(nextHop.hosts())
                .containsExactly(
                        new TargetHost(10, "mx1.x.test", 25), new TargetHost(20, "mx2.x.test", 25));
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

        assertThat(found("a.test").hosts()).containsExactly(new TargetHost(0, "a.test", 25));
        assertThat(found("a.test").site().name()).isEqualTo("a.test");
    }

    @Test
    void noMxButIpv6_theDomainItselfIsTheHost() {
        dns.with("a.test. 300 IN AAAA 2001:db8::1");

        assertThat(found("a.test").hosts()).containsExactly(new TargetHost(0, "a.test", 25));
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

        assertThat(found("a.test").hosts()).containsExactly(new TargetHost(5, "first.test", 25));
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
        assertThat(found(domain).hosts()).containsExactly(new TargetHost(0, address, 25));
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
        assertThat(found(router, "other.example").hosts())
                .containsExactly(new TargetHost(0, "::1", 2527, true));
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
        var impatient = new DnsSettings(dns.settings().servers(), Duration.ofMillis(100));
        var resolver = new Resolver(impatient, now::get);
        var router = new Router(new RoutingPlan(List.of(), 25, List.of(), resolver, ownNode));
        dns.with("good.test. 60 IN MX 10 mx.test.")
                .with("null.test. 60 IN MX 0 .")
                .withEmpty("empty.test.")
                .with("host.test. 60 IN A 192.0.2.1");
        List<String> domains =
                List.of("good.test", "null.test", "empty.test", "gone.test", "host.test");
        domains.forEach(domain -> router.resolve(DomainName.parse(domain).orElseThrow(), ""));

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
        assertThat(router.resolve(DomainName.parse(domain).orElseThrow(), ""))
                .isInstanceOfSatisfying(
                        Resolution.NotFound.class,
                        it -> assertThat(it.reply().toString()).startsWith("451 4.4.3"));
    }

    @Test
    void routeToTheMxOfAnotherDomain_isTheOperatorsWord_andASiteOfItsOwn() {
        dns.with("b.test. 300 IN MX 5 mx.b.test.");

        NextHop.Remote hop = found(router(route("a.test", B_TEST)), "a.test");

        assertThat(hop.isRoute()).isTrue();
        assertThat(hop.terms().areNamesSure()).isFalse();
        assertThat(hop.hosts()).isEqualTo(found("b.test").hosts());
        assertThat(hop.site().name()).isEqualTo("mx.b.test (route)");
        assertThat(found(router(route("c.test", B_TEST)), "c.test")).isEqualTo(hop);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "b.test. 300 IN MX 0 .", "b.test. 300 IN MX 5 mx1.own.test."})
    void routeToTheMxOfADomainThatHasNone_waits(String record) {
        if (!record.isEmpty()) {
            dns.with(record);
        }

        assertThat(notFound(router(route("a.test", B_TEST)), "a.test"))
                .startsWith("451 4.3.5 route route-")
                .contains("(mx:b.test) leads nowhere: ", "b.test", "mend the route");
    }

    @Test
    void routeToTheMxOfADomain_whileTheDnsFails_waitsForThat() {
        dns.mood(Mood.SERVFAIL);

        assertThat(notFound(router(route("a.test", B_TEST)), "a.test")).startsWith("451 4.4.3");
    }

    /// RFC 5321 §5.1: the second host of one is no backup of the other.
    @Test
    void domainsWithTheSameHostsInAnotherOrder_shareNoSite() {
        dns.with("a.test. 300 IN MX 10 mx1.x.test.").with("a.test. 300 IN MX 20 mx2.x.test.");
        dns.with("b.test. 300 IN MX 10 mx1.x.test.").with("b.test. 300 IN MX 10 mx2.x.test.");
        dns.with("c.test. 300 IN MX 1 mx1.x.test.").with("c.test. 300 IN MX 2 mx2.x.test.");

        assertThat(found("b.test").site().name()).isEqualTo("(mx1+mx2).x.test");
        assertThat(found("a.test").site()).isEqualTo(found("c.test").site());
    }

    @Test
    void resolverThatOnlyNamesOthers_defers() {
        dns.mood(Mood.REFERS);

        assertThat(notFound("a.test"))
                .startsWith("451 4.4.3")
                .endsWith("answered with a referral, as no resolver does");
    }

    @ParameterizedTest
    @CsvSource({"192.0.2.1., 192.0.2.1", "mx\\032x.b.test., mx", "bad\\(name.b.test., bad"})
    void mxThatIsNoHostName_isRefusedForGoodAndNamed(String mx, String shown) {
        dns.with("a.test. 300 IN MX 5 " + mx);

        assertThat(notFound("a.test"))
                .startsWith("550 5.4.4 The MX of a.test is \"" + shown)
                .endsWith("which is no host name");
    }

    @Test
    void mxThatIsNoHostName_isPassedOverForOthers() {
        dns.with("a.test. 300 IN MX 5 192.0.2.1.").with("a.test. 300 IN MX 10 mx.a.test.");

        assertThat(found("a.test").site().name()).isEqualTo("mx.a.test");
    }

    @Test
    void tooManyMx_theBestCount() {
        for (int i = 0; i < 55; i++) {
            dns.with("a.test. 300 IN MX %d m%d.a.test.".formatted(i, i));
        }

        assertThat(found("a.test").hosts())
                .hasSize(Router.HOSTS_MAX)
                .contains(new TargetHost(0, "m0.a.test", 25))
                .doesNotContain(new TargetHost(50, "m50.a.test", 25));
    }

    @Test
    void skippedHosts_areLeftOutAndSaidWhereNoneRemains() {
        dns.with("a.test. 300 IN MX 5 old1.x.test.").with("a.test. 300 IN MX 10 mx.a.test.");
        dns.with("b.test. 300 IN MX 5 old2.x.test.");
        Router router =
                router(
                        new HostSettings(
                                25,
                                List.of(),
                                IpPreference.BY_TURNS,
                                List.of(new Wildcards("OLD*.x.test")),
                                Optional.empty()),
                        ProviderLookup.NONE);

        assertThat(found(router, "a.test").hosts())
                .containsExactly(new TargetHost(10, "mx.a.test", 25));
        assertThat(notFound(router, "b.test")).startsWith("550 5.4.4").contains("skip-hosts");
    }

    @Test
    void fallback_belongsToEveryMxAndHasNone() {
        dns.with("a.test. 300 IN MX 5 mx.a.test.");
        Router router =
                router(
                        new HostSettings(
                                25,
                                List.of(),
                                IpPreference.BY_TURNS,
                                List.of(),
                                Optional.of(new RouteTarget.Smtps("relay.test", 465))),
                        ProviderLookup.NONE);

        NextHop.Remote hop = found(router, "a.test");
        NextHop.Remote fallback = hop.terms().fallback().orElseThrow();

        assertThat(hop.site().name()).isEqualTo("mx.a.test");
        assertThat(fallback.site().name()).isEqualTo("smtps://relay.test:465");
        assertThat(fallback.terms().isImplicitTls()).isTrue();
        assertThat(fallback.terms().fallback()).isEmpty();
    }

    @Test
    void provider_isAskedWithHostsAndDomain() {
        dns.with("a.test. 300 IN MX 5 mx1.g.test.").with("a.test. 300 IN MX 7 mx2.g.test.");
        Router router =
                router(new HostSettings(25, List.of()), (hosts, domain) -> hosts + " " + domain);

        assertThat(found(router, "a.test").site().provider())
                .isEqualTo("[mx1.g.test, mx2.g.test] a.test");
    }

    @Test
    void namedRoute_isTakenWhateverTheDomain() {
        Router router =
                router(
                        named("shop", new RouteTarget.Smtp("relay.test", 587)),
                        route("*", new RouteTarget.Smtp("127.0.0.1", 2526)));

        assertThat(resolved(router, "a.test", "shop").site().name())
                .isEqualTo("smtp://relay.test:587");
        assertThat(found(router, "a.test").site().name()).isEqualTo("smtp://127.0.0.1:2526");
    }

    @Test
    void routeThatIsGone_waitsForTheOperator() {
        Resolution resolution = router().resolve(DomainName.parse("a.test").orElseThrow(), "shop");

        assertThat(resolution)
                .isInstanceOfSatisfying(
                        Resolution.NotFound.class,
                        it ->
                                assertThat(it.reply().toString())
                                        .startsWith("451 4.3.5 Route shop is"));
    }

    @Test
    void whatSetsNextHopsApart_isInTheNameOfTheSite() {
        var first = credentials("first");
        Router router =
                router(
                        shop("a", "", Optional.of(first)),
                        shop("b", "", Optional.of(first)),
                        shop("c", "", Optional.of(credentials("second"))),
                        shop("d", "verify", Optional.empty()),
                        shop("e", "", Optional.empty()));

        assertThat(Stream.of("a", "b", "c", "d", "e").map(it -> site(router, it)))
                .containsExactly(
                        "smtp://relay.test:587 (auth)",
                        "smtp://relay.test:587 (auth)",
                        "smtp://relay.test:587 (auth) (c)",
                        "smtp://relay.test:587 (tls verify)",
                        "smtp://relay.test:587");
        assertThat(resolved(router, "x.test", "a").toString())
                .doesNotContain("first")
                .doesNotContain("secret");
    }

    @Test
    void mxWithAPolicyOfItsOwn_isAnotherSite() {
        dns.with("a.test. 300 IN MX 5 mx.a.test.");
        var terms = new RouteSettings.Terms("p", "verify", Optional.empty(), Optional.empty(), "");
        Router router =
                router(
                        new RouteSettings(
                                "strict", tenant("shop"), List.of(new RouteTarget.Mx()), terms));

        assertThat(site(router, "strict", "a.test")).isEqualTo("mx.a.test (tls verify)");
        assertThat(found(router, "a.test").site().name()).isEqualTo("mx.a.test");
    }

    @Test
    void severalHosts_areTriedInOrderAtTheirPorts() {
        var targets =
                List.<RouteTarget>of(
                        new RouteTarget.Smtp("r2.test", 587), new RouteTarget.Smtp("[::1]", 25));
        Router router =
                router(new RouteSettings("r", tenant("t"), targets, RouteSettings.Terms.NONE));

        NextHop.Remote hop = (NextHop.Remote) resolved(router, "a.test", "r");

        assertThat(hop.hosts())
                .containsExactly(
                        new TargetHost(0, "r2.test", 587, true),
                        new TargetHost(1, "::1", 25, true));
        assertThat(hop.site().name()).isEqualTo("smtp://r2.test:587,smtp://[::1]:25");
    }

    @Test
    void kinds_haveTheirOwnNextHops() {
        Router router =
                router(
                        named("local", new RouteTarget.LmtpSocket(Path.of("/run/lmtp"))),
                        named("web", new RouteTarget.Http(URI.create("https://h.test/p?key=k"))),
                        named("none", new RouteTarget.Discard()),
                        named("no", new RouteTarget.Refuse()));

        assertThat(resolved(router, "a.test", "local"))
                .isEqualTo(
                        new NextHop.LocalSocket(
                                new Site("lmtp:unix:/run/lmtp"), Path.of("/run/lmtp")));
        assertThat(resolved(router, "a.test", "web")).isInstanceOf(NextHop.Http.class);
        assertThat(site(router, "web")).isEqualTo("https://h.test/p");
        assertThat(((NextHop.Discard) resolved(router, "a.test", "none")).reply().toString())
                .isEqualTo("250 2.0.0 Discarded, as route none says");
        assertThat(((NextHop.Refuse) resolved(router, "a.test", "no")).reply().toString())
                .isEqualTo("550 5.7.1 Refused, as route no says");
    }

    private static Credentials credentials(String user) {
        return new Credentials(user, Credentials.Kind.PASSWORD, Path.of("/secret"), false);
    }

    private static RouteSettings shop(String name, String tls, Optional<Credentials> credentials) {
        var terms = new RouteSettings.Terms("", tls, credentials, Optional.empty(), "");
        return new RouteSettings(
                name, tenant("t"), List.of(new RouteTarget.Smtp("relay.test", 587)), terms);
    }

    private static RouteSettings named(String name, RouteTarget target) {
        return new RouteSettings(name, tenant("t"), List.of(target), RouteSettings.Terms.NONE);
    }

    private static RouteConditions tenant(String tenant) {
        return new RouteConditions(
                List.of(), Optional.of(tenant), Optional.empty(), Optional.empty());
    }

    private static String site(Router router, String route) {
        return site(router, route, "x.test");
    }

    private static String site(Router router, String route, String domain) {
        return resolved(router, domain, route).site().name();
    }

    private static NextHop resolved(Router router, String domain, String route) {
        Resolution resolution = router.resolve(DomainName.parse(domain).orElseThrow(), route);
        assertThat(resolution).isInstanceOf(Resolution.Found.class);
        return ((Resolution.Found) resolution).nextHop();
    }

    private Router router(HostSettings hosts, ProviderLookup providers) {
        var resolver = new Resolver(dns.settings(), InstantSource.fixed(Instant.EPOCH));
        return new Router(
                new RoutingPlan(new RouteTable(List.of()), hosts, resolver, ownNode, providers));
    }

    private NextHop.Remote found(String domain) {
        return found(router(), domain);
    }

    private static NextHop.Remote found(Router router, String domain) {
        Resolution resolution = router.resolve(DomainName.parse(domain).orElseThrow(), "");
        assertThat(resolution).isInstanceOf(Resolution.Found.class);
        return (NextHop.Remote) ((Resolution.Found) resolution).nextHop();
    }

    private String notFound(String domain) {
        return notFound(router(), domain);
    }

    private static String notFound(Router router, String domain) {
        Resolution resolution = router.resolve(DomainName.parse(domain).orElseThrow(), "");
        assertThat(resolution).isInstanceOf(Resolution.NotFound.class);
        return ((Resolution.NotFound) resolution).reply().toString();
    }

    private Router router(RouteSettings... routes) {
        var resolver = new Resolver(dns.settings(), InstantSource.fixed(Instant.EPOCH));
        return new Router(new RoutingPlan(List.of(routes), 25, List.of(), resolver, ownNode));
    }

    private static RouteSettings route(String pattern, RouteTarget target) {
        return new RouteSettings(DomainPattern.parse(pattern).orElseThrow(), target);
    }
}
