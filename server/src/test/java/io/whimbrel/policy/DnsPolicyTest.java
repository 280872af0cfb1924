package io.whimbrel.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.dns.TestNameServer.Mood;
import io.whimbrel.mail.DomainName;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.policy.Blocklists.Listing;
import io.whimbrel.time.SteadyClock;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// [Blocklists] and [DomainExistence], which ask the DNS.
@Timeout(60)
class DnsPolicyTest {
    private static final InetAddress SPAMMER = InetAddress.ofLiteral("192.0.2.7");

    private final TestNameServer server = new TestNameServer();
    private final SteadyClock clock = new SteadyClock();
    private final Resolver resolver = new Resolver(server.settings(), clock);
    private final DoorMetrics metrics = Policies.metrics();
    private final DomainExistence existence = new DomainExistence(resolver, metrics);

    @AfterEach
    void closeServer() {
        server.close();
    }

    private Optional<Listing> find(InetAddress client, Duration patience, String... zones) {
        List<BlocklistZone> all =
                Stream.of(zones).map(zone -> BlocklistZone.parse(zone).orElseThrow()).toList();
        return new Blocklists(resolver, patience, clock::nanos, metrics).find(client, all);
    }

    private Optional<Listing> find(InetAddress client, String... zones) {
        return find(client, Duration.ofSeconds(20), zones);
    }

    @Test
    void listedClient_isFound_inAnyOfTheZones() {
        server.with("7.2.0.192.bl.test. 60 IN A 127.0.0.4");
        Listing listing = find(SPAMMER, "empty.test", "bl.test", "other.test").orElseThrow();
        assertThat(listing.reply(SPAMMER))
                .hasToString("550 5.7.1 192.0.2.7 is listed by bl.test (127.0.0.4)");
        assertThat(metrics.refusals(Reason.BLOCKLIST)).isEqualTo(1);
        assertThat(find(InetAddress.ofLiteral("192.0.2.8"), "bl.test")).isEmpty();
    }

    @Test
    void ipv6Client_isAskedForByNibbles() {
        server.with(
                "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test. 60 IN A"
                        + " 127.0.0.2");
        assertThat(find(InetAddress.ofLiteral("2001:db8::1"), "bl.test")).isPresent();
        assertThat(find(InetAddress.ofLiteral("2001:db8::2"), "bl.test")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.2, true",
        "127.0.1.2, true",
        "127.255.255.252, false",
        "127.255.255.254, false",
        "127.255.255.255, false",
        "192.0.2.1, false"
    })
    void errorsOfAZone_andAnswersOfAZoneThatWasSold_areNoListings(String answer, boolean isListed) {
        server.with("7.2.0.192.bl.test. 60 IN A " + answer);
        assertThat(find(SPAMMER, "bl.test").isPresent()).isEqualTo(isListed);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bl.test=127.0.0.2 | false",
                "bl.test=127.0.0.2..4 | true",
                "bl.test=127.0.0.2..127.0.0.4 | true",
                "bl.test=127.0.0.2,127.0.0.4 | true",
                "bl.test=127.0.0.5..11 | false"
            })
    void onlyAnswersThatCount_areListings(String zone, boolean isListed) {
        server.with("7.2.0.192.bl.test. 60 IN A 127.0.0.4");
        assertThat(find(SPAMMER, zone).isPresent()).isEqualTo(isListed);
    }

    @Test
    void aListThatFails_stopsNobody() {
        server.mood(Mood.SERVFAIL);
        assertThat(find(SPAMMER, "bl.test")).isEmpty();
        assertThat(metrics.blocklistFailures.get()).isEqualTo(1);
    }

    @Test
    void aListThatIsSilent_isNotWaitedFor() {
        server.mood(Mood.SILENT);
        assertThat(find(SPAMMER, Duration.ofMillis(20), "bl.test", "b2.test")).isEmpty();
        assertThat(metrics.blocklistFailures.get()).isGreaterThanOrEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fe80::1"})
    void clientsNearby_areNotAskedAbout(String client) {
        assertThat(find(InetAddress.ofLiteral(client), "bl.test")).isEmpty();
        assertThat(server.questions()).isZero();
    }

    @Test
    void aSubscribersKey_isShownToNobody() {
        String zone = "abcdefghijklmnopqrstuvwxyz.zen.dq.test";
        server.with("7.2.0.192." + zone + ". 60 IN A 127.0.0.4");
        Listing listing = find(SPAMMER, zone).orElseThrow();
        assertThat(listing.reply(SPAMMER).text() + listing).doesNotContain("abcdef");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "bl",
                "[192.0.2.1]",
                "bl.test=",
                "bl.test=127.0.0.2..1",
                "bl.test=128.0.0.1",
                "bl.test=127.0.0.2,",
                "bl.test=127.0.0.2..256",
                "bl.test=127.0.2",
                "bl.test=..11"
            })
    void otherZones_areRefused(String text) {
        assertThat(BlocklistZone.parse(text)).isEmpty();
    }

    @Test
    void zones_areRenderedAsTheyAreRead() {
        BlocklistZone zone = BlocklistZone.parse("BL.test=127.0.0.2..11,127.0.1.1").orElseThrow();
        assertThat(zone.text()).isEqualTo("bl.test=127.0.0.2..127.0.0.11,127.0.1.1");
        assertThat(BlocklistZone.parse(zone.text())).contains(zone);
    }

    private static DomainName domain(String name) {
        return DomainName.parse(name).orElseThrow();
    }

    @Test
    void domainsWithMxOrAddress_exist() {
        server.with("mx.test. 60 IN MX 10 host.test.")
                .with("a.test. 60 IN A 192.0.2.1")
                .with("aaaa.test. 60 IN AAAA 2001:db8::1");
        for (String name : List.of("mx.test", "a.test", "aaaa.test", "[192.0.2.1]")) {
            assertThat(existence.sender(domain(name))).as(name).isEmpty();
            assertThat(existence.recipient(domain(name))).as(name).isEmpty();
        }
    }

    @Test
    void domainsThatAreNotThere_areRefused() {
        server.withEmpty("empty.test.");
        for (String name : List.of("missing.test", "empty.test")) {
            assertThat(existence.sender(domain(name)).orElseThrow())
                    .hasToString("550 5.1.8 Sender's domain does not exist: " + name);
            assertThat(existence.recipient(domain(name)).orElseThrow())
                    .hasToString("550 5.1.2 Domain does not exist: " + name);
        }
    }

    @Test
    void domainsThatTakeNoMail_areRefused() {
        server.with("null.test. 60 IN MX 0 .");
        assertThat(existence.sender(domain("null.test")).orElseThrow())
                .hasToString("550 5.7.27 Sender's domain takes no mail (null MX): null.test");
        assertThat(existence.recipient(domain("null.test")).orElseThrow())
                .hasToString("556 5.1.10 Domain takes no mail (null MX): null.test");
    }

    @Test
    void whereTheDnsFails_clientsAreToComeAgain() {
        server.mood(Mood.SERVFAIL);
        assertThat(existence.sender(domain("x.test")).orElseThrow())
                .hasToString("451 4.4.3 No answer from the DNS about x.test");
        assertThat(metrics.refusals(Reason.DOMAIN_UNKNOWN)).isEqualTo(1);
    }
}
