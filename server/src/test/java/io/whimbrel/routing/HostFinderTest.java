package io.whimbrel.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.dns.TestNameServer.Mood;
import io.whimbrel.egress.Site;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Network;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(30)
final class HostFinderTest {
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.EPOCH);
    private static final SourceAddress UNNAMED =
            new SourceAddress("", Optional.empty(), "mta.test");
    private static final String ALLOW_LOOPBACK = "127.0.0.0/8";

    private final TestNameServer dns = new TestNameServer();

    @AfterEach
    void close() {
        dns.close();
    }

    @Test
    void hosts_areInOrderOfPreferenceAndShuffledWhereEqual() {
        for (int i = 1; i <= 4; i++) {
            dns.with("mx" + i + ".test. 300 IN A 192.0.2." + i);
        }
        Set<String> orders = new HashSet<>();
        for (long seed = 0; seed < 40; seed++) {
            String order =
                    found(
                            finder(seed),
                            mx("5 mx1.test", "10 mx2.test", "10 mx3.test", "20 mx4.test"));
            assertThat(order).startsWith("mx1.test [192.0.2.1] ").endsWith("mx4.test [192.0.2.4]");
            orders.add(order);
        }
        assertThat(orders).hasSize(2);
    }

    @Test
    void bothFamilies_areTriedByTurns() {
        dns.with("mx.test. 300 IN A 127.0.0.1")
                .with("mx.test. 300 IN AAAA ::1")
                .with("mx.test. 300 IN A 127.0.0.2");

        assertThat(found(finder(1, ALLOW_LOOPBACK, "::1/128"), mx("5 mx.test")))
                .startsWith("mx.test [::1] mx.test [127.0.0.");
    }

    @Test
    void familyThatNoSourceHas_isLeftOut() {
        dns.with("mx.test. 300 IN A 127.0.0.1").with("mx.test. 300 IN AAAA ::1");
        var ipv4Only =
                new SourceAddress("s", Optional.of(InetAddress.ofLiteral("127.0.0.5")), "s.test");

        MailHosts hosts =
                finder(1, ALLOW_LOOPBACK, "::1/128").find(mx("5 mx.test"), sources(ipv4Only));

        assertThat(described(hosts)).isEqualTo("mx.test [127.0.0.1]");
    }

    @Test
    void manyAddresses_areCut() {
        for (int i = 1; i <= 30; i++) {
            dns.with("mx.test. 300 IN A 192.0.2." + i);
        }

        assertThat(found(finder(1), mx("5 mx.test")).split(" mx.test")).hasSize(10);
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 550 5.4.4",
        "0.1.2.3, 550 5.4.4",
        "224.0.0.1, 550 5.4.4",
        "10.1.2.3, 451 4.4.4",
        "192.168.0.1, 451 4.4.4",
        "172.31.0.1, 451 4.4.4",
        "169.254.1.1, 451 4.4.4",
        "100.64.0.1, 451 4.4.4"
    })
    void privateAddress_isRefusedAndTheKeyNamed(String address, String status) {
        dns.with("mx.test. 300 IN A " + address);

        assertThat(none(finder(1), mx("5 mx.test")))
                .startsWith(status)
                .contains("delivery.allow-private", address);
    }

    /// Whoever connects to it connects to himself.
    @Test
    void noAddressInParticular_isRefusedThoughAllowed_andNoKeyIsNamed() {
        dns.with("mx.test. 300 IN A 0.0.0.0").with("mx.test. 300 IN AAAA ::");

        assertThat(none(finder(1, "0.0.0.0/0", "::/0"), mx("5 mx.test")))
                .startsWith("550 5.4.4")
                .contains("no public address")
                .doesNotContain("allow-private");
    }

    @ParameterizedTest
    @CsvSource({"::1", "fe80::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1"})
    void privateIpv6Address_isRefused(String address) {
        dns.with("mx.test. 300 IN AAAA " + address);

        assertThat(none(finder(1), mx("5 mx.test"))).contains("delivery.allow-private");
    }

    @Test
    void privateAddressBesidesAPublicOne_isLeftOut() {
        dns.with("mx.test. 300 IN A 10.0.0.1").with("mx.test. 300 IN A 192.0.2.1");

        assertThat(found(finder(1), mx("5 mx.test"))).isEqualTo("mx.test [192.0.2.1]");
    }

    @Test
    void route_mayLieAnywhere() {
        assertThat(found(finder(1), route("127.0.0.1"))).isEqualTo("[127.0.0.1]");
        dns.with("inside.test. 300 IN A 10.0.0.1");
        assertThat(found(finder(1), route("inside.test"))).isEqualTo("inside.test [10.0.0.1]");
        assertThat(found(finder(1), route("localhost"))).contains("localhost [127.0.0.1]");
    }

    @Test
    void hostThatTheDnsHasNot_isLookedUpInTheHostsFile_whereTheOperatorWroteIt(@TempDir Path folder)
            throws IOException {
        Path file = folder.resolve("hosts");
        Files.writeString(file, "# ours\n10.0.0.7 relay.inside relay # by cable\n::1 relay\n");
        var finder = new HostFinder(plan(CLOCK), new SplittableRandom(1), new HostsFile(file));

        assertThat(found(finder, route("relay"))).isEqualTo("relay [10.0.0.7] relay [::1]");
        assertThat(found(finder, route("LOCALHOST"))).startsWith("LOCALHOST [127.0.0.1]");
        assertThat(none(finder, route("other"))).startsWith("451 4.3.5");
        assertThat(none(finder, mx("5 relay"))).startsWith("550 5.4.4");
        var mxOfRoute =
                new NextHop.Remote(
                        new Site("x.test (route)"),
                        Protocol.SMTP,
                        List.of(new TargetHost(5, "relay", 25)),
                        true,
                        NextHop.Terms.NONE);
        assertThat(none(finder, mxOfRoute)).startsWith("451 4.3.5");
        dns.with("relay. 300 IN A 192.0.2.9");
        assertThat(found(new HostFinder(plan(CLOCK), new SplittableRandom(1)), route("relay")))
                .isEqualTo("relay [192.0.2.9]");
    }

    @Test
    void ourOwnAddress_endsTheListThere() {
        dns.with("first.test. 300 IN A 192.0.2.1")
                .with("own.test. 300 IN A 198.51.100.9")
                .with("equal.test. 300 IN A 192.0.2.2")
                .with("worse.test. 300 IN A 192.0.2.3");

        assertThat(
                        found(
                                finder(1),
                                mx(
                                        "5 first.test",
                                        "10 own.test",
                                        "10 equal.test",
                                        "20 worse.test")))
                .isEqualTo("first.test [192.0.2.1]");
        assertThat(none(finder(1), mx("10 own.test", "20 worse.test"))).startsWith("554 5.4.6");
    }

    @Test
    void hostsWithoutAddress_areRefusedForGood() {
        assertThat(none(finder(1), mx("5 gone.test"))).startsWith("550 5.4.4");
    }

    @Test
    void noAnswerAboutAHost_isTriedAgain() {
        dns.mood(Mood.SERVFAIL);

        assertThat(none(finder(1), mx("5 mx.test"))).startsWith("451 4.4.3");
    }

    /// One after the other they would take a minute and a half, twice the time of this class.
    @Test
    void hostsOfDeadZones_areAskedAtOnce_andOnlyAsManyAsThereIsTimeFor() {
        var hosts = new ArrayList<String>();
        for (int i = 1; i <= 45; i++) {
            dns.silent("mx" + i + ".test.");
            hosts.add("5 mx" + i + ".test");
        }

        assertThat(none(finder(1), mx(hosts.toArray(String[]::new)))).startsWith("451 4.4.3");

        var late = new AtomicReference<>(Instant.EPOCH);
        InstantSource quick = () -> late.updateAndGet(now -> now.plusMillis(200));
        int before = dns.questions();
        HostFinder hurried = finder(quick);
        assertThat(none(hurried, mx(hosts.toArray(String[]::new)))).startsWith("451 4.4.3");
        assertThat(dns.questions() - before).isLessThanOrEqualTo(4 * HostFinder.ASKED_AT_ONCE);
    }

    @Test
    void hostsOfDeadZones_leaveTheOthers() {
        dns.silent("dead.test.").with("good.test. 300 IN A 192.0.2.1");

        assertThat(found(finder(1), mx("5 dead.test", "10 good.test")))
                .isEqualTo("good.test [192.0.2.1]");
    }

    @Test
    void routeToOurOwnListener_isALoop_andMailWaits() {
        dns.with("relay.test. 300 IN A 198.51.100.9");

        assertThat(none(finder(1), route("relay.test")))
                .isEqualTo(
                        "451 4.3.5 smtp://relay.test leads nowhere: it loops back to this node;"
                                + " mend the route or fallback, or the DNS");
    }

    @Test
    void routeToAHostThatIsNotThere_waits() {
        dns.withEmpty("empty.test.");

        for (String host : List.of("gone.test", "empty.test")) {
            assertThat(none(finder(1), route(host)))
                    .isEqualTo(
                            "451 4.3.5 smtp://"
                                    + host
                                    + " leads nowhere: the DNS has not an address of "
                                    + host
                                    + "; mend the route or fallback, or the DNS");
        }
    }

    /// Routers take the IPv4 address out and connect to it.
    @ParameterizedTest
    @CsvSource({
        "64:ff9b::10.0.0.1, 451 4.4.4",
        "64:ff9b::127.0.0.1, 550 5.4.4",
        "2002:c0a8:1::1, 451 4.4.4",
        "2002:7f00:1::, 550 5.4.4",
        "::10.0.0.1, 451 4.4.4",
        "::127.0.0.1, 550 5.4.4"
    })
    void privateIpv4AddressInside_isRefused(String address, String status) {
        dns.with("mx.test. 300 IN AAAA " + address);

        assertThat(none(finder(1), mx("5 mx.test"))).startsWith(status);
        assertThat(found(finder(1, "10.0.0.0/8", "192.168.0.0/16", "127.0.0.0/8"), mx("5 mx.test")))
                .startsWith("mx.test");
    }

    @ParameterizedTest
    @CsvSource({"64:ff9b::192.0.2.1", "2002:c000:201::1"})
    void publicIpv4AddressInside_isTried(String address) {
        dns.with("mx.test. 300 IN AAAA " + address);

        assertThat(found(finder(1), mx("5 mx.test"))).startsWith("mx.test");
    }

    @ParameterizedTest
    @CsvSource({
        "IPV4_FIRST, 192.0.2.1 2001:db8::1",
        "IPV6_FIRST, 2001:db8::1 192.0.2.1",
        "IPV4_ONLY, 192.0.2.1",
        "IPV6_ONLY, 2001:db8::1"
    })
    void preference_ordersTheAddresses(IpPreference preference, String expected) {
        dns.with("mx.test. 300 IN A 192.0.2.1").with("mx.test. 300 IN AAAA 2001:db8::1");

        MailHosts hosts = finder(preference, ProviderLookup.NONE).find(mx("5 mx.test"), bothWays());

        assertThat(described(hosts).replace("mx.test ", "").replaceAll("[\\[\\]]", ""))
                .isEqualTo(expected);
    }

    @Test
    void preferenceOfTheProvider_countsMore() {
        dns.with("mx.test. 300 IN A 192.0.2.1").with("mx.test. 300 IN AAAA 2001:db8::1");
        var hop =
                new NextHop.Remote(
                        new Site("site", "google"),
                        Protocol.SMTP,
                        List.of(new TargetHost(5, "mx.test", 25)),
                        false,
                        NextHop.Terms.NONE);
        var providers =
                new ProviderLookup() {
                    @Override
                    public String provider(List<String> mxHosts, DomainName domain) {
                        return "google";
                    }

                    @Override
                    public Optional<IpPreference> ipPreference(String provider) {
                        return provider.equals("google")
                                ? Optional.of(IpPreference.IPV4_ONLY)
                                : Optional.empty();
                    }
                };

        assertThat(described(finder(IpPreference.IPV6_ONLY, providers).find(hop, bothWays())))
                .isEqualTo("mx.test [192.0.2.1]");
    }

    @Test
    void hostWithoutTheOnlyWantedFamily_isRefusedAndTheFamilyNamed() {
        dns.with("mx.test. 300 IN A 192.0.2.1");

        MailHosts hosts =
                finder(IpPreference.IPV6_ONLY, ProviderLookup.NONE)
                        .find(mx("5 mx.test"), bothWays());

        assertThat(((MailHosts.None) hosts).reply().toString())
                .startsWith("550 5.4.4")
                .endsWith("has an IPv6 address");
    }

    private HostFinder finder(IpPreference preference, ProviderLookup providers) {
        return new HostFinder(
                new RoutingPlan(
                        new RouteTable(List.of()),
                        new HostSettings(25, List.of(), preference, List.of(), Optional.empty()),
                        new Resolver(dns.settings(), CLOCK),
                        new OwnNode(Set.of(), List.of()),
                        providers),
                new SplittableRandom(1));
    }

    private HostFinder finder(InstantSource clock) {
        return new HostFinder(plan(clock), new SplittableRandom(1));
    }

    private RoutingPlan plan(InstantSource clock) {
        return new RoutingPlan(
                List.of(),
                25,
                List.of(),
                new Resolver(dns.settings(), clock),
                new OwnNode(Set.of(), List.of()));
    }

    private static Sources bothWays() {
        var ipv4 =
                new SourceAddress("a", Optional.of(InetAddress.ofLiteral("127.0.0.1")), "a.test");
        var ipv6 = new SourceAddress("b", Optional.of(InetAddress.ofLiteral("::1")), "b.test");
        return new Sources(List.of(ipv4, ipv6), CLOCK);
    }

    private HostFinder finder(long seed, String... allowed) {
        var networks = List.of(allowed).stream().map(text -> Network.parse(text).orElseThrow());
        var own = new InetSocketAddress(InetAddress.ofLiteral("198.51.100.9"), 25);
        return new HostFinder(
                new RoutingPlan(
                        List.of(),
                        25,
                        networks.toList(),
                        new Resolver(dns.settings(), CLOCK),
                        new OwnNode(Set.of(), List.of(own))),
                new SplittableRandom(seed));
    }

    private static NextHop.Remote mx(String... hosts) {
        List<TargetHost> list =
                List.of(hosts).stream()
                        .map(text -> text.split(" "))
                        .map(words -> new TargetHost(Integer.parseInt(words[0]), words[1], 25))
                        .toList();
        return new NextHop.Remote(new Site("site"), Protocol.SMTP, list, false, NextHop.Terms.NONE);
    }

    private static NextHop.Remote route(String host) {
        var hosts = List.of(new TargetHost(0, host, 25, true));
        var site = new Site("smtp://" + host);
        return new NextHop.Remote(site, Protocol.SMTP, hosts, true, NextHop.Terms.NONE);
    }

    private static String found(HostFinder finder, NextHop.Remote nextHop) {
        return described(finder.find(nextHop, sources(UNNAMED)));
    }

    private static String described(MailHosts hosts) {
        assertThat(hosts).isInstanceOf(MailHosts.Found.class);
        List<HostAddress> found = ((MailHosts.Found) hosts).addresses();
        return String.join(" ", found.stream().map(HostAddress::described).toList());
    }

    private static String none(HostFinder finder, NextHop.Remote nextHop) {
        MailHosts hosts = finder.find(nextHop, sources(UNNAMED));
        assertThat(hosts).isInstanceOf(MailHosts.None.class);
        return ((MailHosts.None) hosts).reply().toString();
    }

    private static Sources sources(SourceAddress source) {
        return new Sources(List.of(source), CLOCK);
    }
}
