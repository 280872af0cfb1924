package io.whimbrel.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.MxAnswer.MxHost;
import io.whimbrel.dns.TestNameServer.Mood;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(30)
final class ResolverTest {
    private final TestNameServer server = new TestNameServer();
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final Resolver resolver = new Resolver(server.settings(), now::get);

    @AfterEach
    void close() {
        server.close();
    }

    /// A machine that was moved has other resolvers, and no key of ours has changed.
    @Test
    void systemWithOtherServers_makesItOutdated() {
        var own = new DnsSettings(List.of(), Duration.ofSeconds(1));
        try {
            System.setProperty("dns.server", "127.0.0.7");
            var ofTheSystem = new Resolver(own, now::get);
            assertThat(ofTheSystem.servers()).first().isEqualTo("127.0.0.7:53");
            assertThat(ofTheSystem.isOutdated(own)).isFalse();

            System.setProperty("dns.server", "127.0.0.8");

            assertThat(ofTheSystem.isOutdated(own)).isTrue();
            assertThat(new Resolver(own, now::get).servers()).first().isEqualTo("127.0.0.8:53");
            assertThat(resolver.isOutdated(server.settings())).isFalse();
        } finally {
            System.clearProperty("dns.server");
        }
    }

    @Test
    void mx_severalHosts_areInOrderOfPreference() {
        server.with("example.test. 300 IN MX 20 b.example.test.")
                .with("example.test. 300 IN MX 10 C.example.test.")
                .with("example.test. 600 IN MX 20 a.example.test.");

        assertThat(resolver.mx("Example.test"))
                .isEqualTo(
                        new MxAnswer.Hosts(
                                List.of(
                                        new MxHost(10, "c.example.test"),
                                        new MxHost(20, "a.example.test"),
                                        new MxHost(20, "b.example.test")),
                                Duration.ofMinutes(5),
                                false,
                                "example.test"));
    }

    @Test
    void mx_dot_isNullMx() {
        server.with("example.test. 300 IN MX 0 .");

        assertThat(resolver.mx("example.test")).isInstanceOf(MxAnswer.NullMx.class);
    }

    @Test
    void mx_nothing_isNoMxForAsLongAsTheSoaSays() {
        server.withEmpty("example.test.");

        assertThat(resolver.mx("example.test"))
                .isEqualTo(new MxAnswer.NoMx(Duration.ofMinutes(2), false));
    }

    @Test
    void mx_unknownName_isNoSuchDomain() {
        assertThat(resolver.mx("nowhere.test"))
                .isEqualTo(new MxAnswer.NoSuchDomain(Duration.ofMinutes(2)));
    }

    @Test
    void mx_alias_isFollowed() {
        server.with("alias.test. 60 IN CNAME other.test.")
                .with("other.test. 60 IN CNAME example.test.")
                .with("example.test. 300 IN MX 10 mx.example.test.");

        assertThat(resolver.mx("alias.test"))
                .isEqualTo(
                        new MxAnswer.Hosts(
                                List.of(new MxHost(10, "mx.example.test")),
                                Duration.ofMinutes(1),
                                false,
                                "example.test"));
    }

    @Test
    void mx_aliasesInALoop_failForNow() {
        server.with("a.test. 60 IN CNAME b.test.").with("b.test. 60 IN CNAME a.test.");

        assertThat(resolver.mx("a.test")).isInstanceOf(MxAnswer.TemporaryFailure.class);
    }

    @Test
    void addresses_ofBothFamilies_areFound() {
        server.with("mx.test. 300 IN A 192.0.2.1")
                .with("mx.test. 300 IN A 192.0.2.2")
                .with("mx.test. 300 IN AAAA 2001:db8::1");

        assertThat(addresses(resolver.ipv4("mx.test")))
                .containsExactlyInAnyOrder("/192.0.2.1", "/192.0.2.2");
        assertThat(addresses(resolver.ipv6("mx.test"))).containsExactly("/2001:db8:0:0:0:0:0:1");
    }

    @Test
    void addresses_none_isSaid() {
        server.with("mx.test. 300 IN A 192.0.2.1");

        assertThat(resolver.ipv6("mx.test")).isInstanceOf(AddressAnswer.NoAddress.class);
        assertThat(resolver.ipv6("no.test")).isInstanceOf(AddressAnswer.NoSuchDomain.class);
    }

    @Test
    void text_ofSeveralStrings_isJoined_andKeepsItsBytes() {
        server.with("t.test. 300 IN TXT \"v=spf1 ip4:192.\" \"0.2.1 -all\"")
                .with("t.test. 300 IN TXT \"a\\\\b\\200\"")
                .withEmpty("empty.test.");

        assertThat(resolver.text("T.test"))
                .isEqualTo(
                        new TextAnswer.Texts(
                                List.of("v=spf1 ip4:192.0.2.1 -all", "a\\b\u00c8"),
                                Duration.ofMinutes(5)));
        assertThat(resolver.text("empty.test")).isInstanceOf(TextAnswer.NoText.class);
        assertThat(resolver.text("no.test")).isInstanceOf(TextAnswer.NoSuchDomain.class);
        server.mood(Mood.SERVFAIL);
        assertThat(resolver.text("other.test")).isInstanceOf(TextAnswer.TemporaryFailure.class);
    }

    @Test
    void names_ofAnAddress_areFoundInEitherFamily() {
        server.with("1.2.0.192.in-addr.arpa. 300 IN PTR Mail.example.test.")
                .with(
                        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
                                + " 300 IN PTR six.example.test.");

        assertThat(resolver.names(InetAddress.ofLiteral("192.0.2.1")))
                .isEqualTo(
                        new PointerAnswer.Names(
                                List.of("mail.example.test"), Duration.ofMinutes(5)));
        assertThat(resolver.names(InetAddress.ofLiteral("2001:db8::1")))
                .isEqualTo(
                        new PointerAnswer.Names(
                                List.of("six.example.test"), Duration.ofMinutes(5)));
        assertThat(resolver.names(InetAddress.ofLiteral("192.0.2.9")))
                .isInstanceOf(PointerAnswer.NoName.class);
        server.mood(Mood.SERVFAIL);
        assertThat(resolver.names(InetAddress.ofLiteral("192.0.2.8")))
                .isInstanceOf(PointerAnswer.TemporaryFailure.class);
    }

    @Test
    void localhost_isANameLikeAnyOther() {
        assertThat(resolver.ipv4("localhost")).isInstanceOf(AddressAnswer.NoSuchDomain.class);
    }

    @Test
    void serverFails_isATemporaryFailureThatNamesIt() {
        server.mood(Mood.SERVFAIL);

        assertThat(resolver.mx("example.test").toString())
                .contains("127.0.0.1:" + port() + " answered SERVFAIL");
    }

    @Test
    void silentServer_isATemporaryFailure() {
        server.mood(Mood.SILENT);

        assertThat(resolver.mx("example.test")).isInstanceOf(MxAnswer.TemporaryFailure.class);
    }

    @Test
    void firstServerIsSilent_theNextIsAskedAndComesFirstFromThenOn() {
        try (var silent = new TestNameServer()) {
            silent.mood(Mood.SILENT);
            server.with("a.test. 300 IN MX 10 mx.test.").with("b.test. 300 IN MX 10 mx.test.");
            var both =
                    new DnsSettings(
                            List.of(
                                    silent.settings().servers().getFirst(),
                                    server.settings().servers().getFirst()),
                            Duration.ofMillis(300));
            var asking = new Resolver(both, now::get);

            assertThat(asking.mx("a.test")).isInstanceOf(MxAnswer.Hosts.class);
            int asked = silent.questions();
            assertThat(asking.mx("b.test")).isInstanceOf(MxAnswer.Hosts.class);
            assertThat(silent.questions()).isEqualTo(asked);
        }
    }

    @Test
    void cutAnswer_isAskedForByTcp() {
        server.with("example.test. 300 IN MX 10 mx.test.");
        server.mood(Mood.TRUNCATES);

        assertThat(resolver.mx("example.test")).isInstanceOf(MxAnswer.Hosts.class);
        assertThat(server.tcpQuestions()).isEqualTo(1);
    }

    @Test
    void serverWithoutEdns_isAskedWithout() {
        server.with("example.test. 300 IN MX 10 mx.test.");
        server.mood(Mood.OLD);

        assertThat(resolver.mx("example.test")).isInstanceOf(MxAnswer.Hosts.class);
    }

    @Test
    void answer_isKeptForItsTimeToLive() {
        server.with("example.test. 300 IN MX 10 mx.test.");

        resolver.mx("example.test");
        pass(Duration.ofSeconds(299));
        resolver.mx("example.test");
        assertThat(server.questions()).isEqualTo(1);
        pass(Duration.ofSeconds(2));
        resolver.mx("example.test");
        assertThat(server.questions()).isEqualTo(2);
    }

    @Test
    void staleAnswers_areServedUnasked_onceNoServerCouldBeReached() {
        server.with("a.test. 60 IN A 192.0.2.1").with("b.test. 60 IN A 192.0.2.2");
        AddressAnswer first = resolver.ipv4("a.test");
        AddressAnswer second = resolver.ipv4("b.test");
        pass(Duration.ofSeconds(61));
        server.mood(Mood.SILENT);
        assertThat(resolver.ipv4("a.test")).isEqualTo(first);
        int questions = server.questions();

        assertThat(resolver.ipv4("b.test")).isEqualTo(second);

        assertThat(server.questions()).isEqualTo(questions);
        pass(Duration.ofSeconds(31));
        assertThat(resolver.ipv4("b.test")).isEqualTo(second);
        assertThat(server.questions()).isGreaterThan(questions);
    }

    @Test
    void staleAnswer_isServedWhileServersFail() {
        server.with("example.test. 60 IN MX 10 mx.test.");
        MxAnswer known = resolver.mx("example.test");
        pass(Duration.ofHours(2));
        server.mood(Mood.SERVFAIL);

        assertThat(resolver.mx("example.test")).isEqualTo(known);
        int asked = server.questions();
        assertThat(resolver.mx("example.test")).isEqualTo(known);
        assertThat(server.questions()).as("failing servers are left in peace").isEqualTo(asked);

        pass(Duration.ofDays(4));
        assertThat(resolver.mx("example.test")).isInstanceOf(MxAnswer.TemporaryFailure.class);
    }

    @Test
    void nameThatIsGone_isNotServedStale() {
        server.with("example.test. 60 IN MX 10 mx.test.");
        resolver.mx("example.test");
        pass(Duration.ofHours(2));
        server.forget("example.test.");

        assertThat(resolver.mx("example.test")).isInstanceOf(MxAnswer.NoSuchDomain.class);
    }

    @Test
    void interrupted_isATemporaryFailureAtOnce() throws InterruptedException {
        server.mood(Mood.SILENT);
        var done = new CountDownLatch(1);
        Thread asking =
                Thread.ofVirtual()
                        .start(() -> {
                            Thread.currentThread().interrupt();
                            if (resolver.mx("x.test") instanceof MxAnswer.TemporaryFailure) {
                                done.countDown();
                            }
                        });

        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        asking.join();
    }

    @Test
    void nameThatDnsCannotHold_doesNotExist() {
        assertThat(resolver.mx("a".repeat(64) + ".test")).isInstanceOf(MxAnswer.NoSuchDomain.class);
        assertThat(server.questions()).isZero();
    }

    private static List<String> addresses(AddressAnswer answer) {
        assertThat(answer).isInstanceOf(AddressAnswer.Addresses.class);
        return ((AddressAnswer.Addresses) answer)
                .addresses().stream().map(InetAddress::toString).toList();
    }

    private int port() {
        InetSocketAddress address = server.settings().servers().getFirst();
        return address.getPort();
    }

    private void pass(Duration time) {
        now.updateAndGet(instant -> instant.plus(time));
    }
}
