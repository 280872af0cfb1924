package io.whimbrel.config;

import static io.whimbrel.config.AddressFixture.address;
import static io.whimbrel.config.AddressFixture.ip;
import static io.whimbrel.config.AddressFixture.network;
import static io.whimbrel.config.ConfigFileTest.EVERYTHING;
import static io.whimbrel.config.ConfigFileTest.valid;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.auth.Mechanism;
import io.whimbrel.budget.MemorySettings;
import io.whimbrel.delivery.DeliverySettings;
import io.whimbrel.dns.DnsSettings;
import io.whimbrel.egress.ClassSettings;
import io.whimbrel.egress.PoolSettings;
import io.whimbrel.egress.PoolSettings.Member;
import io.whimbrel.egress.Proxy;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.eventlog.EventLogSettings;
import io.whimbrel.header.HeaderRules;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.log.LowWater;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.Wildcards;
import io.whimbrel.pickup.LocalAlias;
import io.whimbrel.pickup.PickupSettings;
import io.whimbrel.pickup.SendmailSettings;
import io.whimbrel.policy.DoorSettings;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.reception.ListenSettings;
import io.whimbrel.reception.ListenSettings.Access;
import io.whimbrel.reception.ListenSettings.Entrance;
import io.whimbrel.reception.ListenSettings.Handling;
import io.whimbrel.reception.ListenTls;
import io.whimbrel.reception.Offered;
import io.whimbrel.reception.SessionLimits;
import io.whimbrel.reception.TlsMode;
import io.whimbrel.routing.Credentials;
import io.whimbrel.routing.HostSettings;
import io.whimbrel.routing.IpPreference;
import io.whimbrel.routing.RouteConditions;
import io.whimbrel.routing.RouteSettings;
import io.whimbrel.routing.RouteTarget;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.schedule.ScheduleSettings;
import io.whimbrel.signing.ArcSettings;
import io.whimbrel.signing.DkimRule;
import io.whimbrel.signing.DkimRule.Form;
import io.whimbrel.signing.DkimRule.Identity;
import io.whimbrel.spool.SpoolSettings;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ClientCertificates;
import io.whimbrel.tls.ProtocolMinimum;
import io.whimbrel.tls.ServerTlsSettings;
import io.whimbrel.tlsrpt.TlsReportSettings;
import io.whimbrel.token.CampaignRule;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.transport.TlsLevel;
import io.whimbrel.transport.TlsOutSettings;
import io.whimbrel.transport.TlsReport;
import io.whimbrel.transport.TlsRule;
import io.whimbrel.verification.VerificationSettings;

import org.junit.jupiter.api.Test;

import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/// A file with every key there is: each value reaches the record that the rooms read.
final class EveryKeyTest {
    @Test
    void everyKey_reachesItsRecord_ofNodeAndListen() {
        Config config = valid(EVERYTHING);
        assertThat(config.node())
                .isEqualTo(
                        new Config.Node(
                                "mx1.example.com",
                                Path.of("/srv/whimbrel"),
                                Duration.ofMinutes(1)));
        var limits =
                new SessionLimits(
                        10L << 20,
                        100,
                        3,
                        200,
                        OptionalInt.of(20),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(20),
                        Duration.ofMinutes(5));
        assertThat(config.listens().subList(0, 3))
                .containsExactly(
                        new ListenSettings(
                                "mx1.example.com",
                                new Entrance(
                                        address("::1", 25),
                                        0660,
                                        false,
                                        new ListenSettings.Proxies(
                                                List.of(network("192.0.2.2/32")),
                                                List.of(network("192.0.2.3/32"))),
                                        ListenTls.NONE),
                                new Access(
                                        List.of(network("fd00::/8"), network("192.0.2.1/32")),
                                        AuthSettings.NONE,
                                        List.of(DomainPattern.parse("shop.example").orElseThrow()),
                                        DoorSettings.NONE),
                                new Handling(
                                        new MailStream("shop", "", PriorityClass.TRANSACTIONAL),
                                        Optional.of("X-Campaign"),
                                        DsnPolicy.NEVER,
                                        new HeaderRules(
                                                64 << 10, true, true, Optional.of("X-Tenant")),
                                        Offered.DEFAULT,
                                        VerificationSettings.NONE),
                                limits),
                        new ListenSettings(
                                "mx1.example.com",
                                Entrance.of(address("0.0.0.0", 587)),
                                Access.of(List.of()),
                                Handling.DEFAULT,
                                SessionLimits.DEFAULT),
                        new ListenSettings(
                                "mx1.example.com",
                                new Entrance(
                                        UnixDomainSocketAddress.of("/run/whimbrel/lmtp.sock"),
                                        0600,
                                        true,
                                        ListenSettings.Proxies.NONE,
                                        ListenTls.NONE),
                                Access.of(List.of()),
                                Handling.DEFAULT,
                                SessionLimits.DEFAULT));
    }

    @Test
    void everyKey_reachesItsRecord_ofPickup() {
        Config config = valid(EVERYTHING);
        assertThat(config.pickup())
                .isEqualTo(
                        new PickupSettings(
                                Path.of("/var/spool/whimbrel/pickup"),
                                PickupSettings.Access.EVERYONE,
                                3L << 20,
                                new MailStream("system", "", PriorityClass.BULK),
                                Optional.of("X-Job"),
                                DsnPolicy.FAILURE));
        var root = new LocalAlias("root", List.of("ops@example.com", "night@example.com"));
        var postmaster = new LocalAlias("postmaster", List.of("p@example.net"));
        assertThat(config.sendmail())
                .isEqualTo(
                        new SendmailSettings(
                                "example.com", "host.example.com", List.of(root, postmaster)));
    }

    @Test
    void everyKey_reachesItsRecord_ofTheDoor() {
        Config config = valid(EVERYTHING);
        ListenSettings listen = config.listens().getLast();
        assertThat(listen.entrance().tls())
                .isEqualTo(
                        new ListenTls(
                                TlsMode.REQUIRED,
                                Optional.of(
                                        new ServerTlsSettings(
                                                List.of(
                                                        files("cert", "key"),
                                                        files("mx2-cert", "mx2-key")),
                                                ClientCertificates.OPTIONAL,
                                                Optional.of(Path.of("/etc/whimbrel/tls/ca.pem")),
                                                ProtocolMinimum.TLS_1_3))));
        assertThat(listen.access().auth())
                .isEqualTo(
                        new AuthSettings(
                                AuthSettings.Mode.REQUIRED,
                                Optional.of(Path.of("/etc/whimbrel/users")),
                                Optional.of(
                                        new AuthSettings.Oauth(
                                                "https://id.example.com",
                                                "mail",
                                                Path.of("/etc/whimbrel/jwks.json"),
                                                "email",
                                                Optional.of("tenant"))),
                                List.of(Mechanism.PLAIN, Mechanism.OAUTHBEARER),
                                new AuthSettings.Lockout(
                                        5, Duration.ofMinutes(2), Duration.ofHours(1)),
                                Duration.ofMinutes(1)));
        assertThat(listen.handling().offered().futureRelease()).contains(Duration.ofDays(7));
        assertThat(listen.handling().offered().deliverBy()).contains(Duration.ofMinutes(1));
        assertThat(listen.handling().verification())
                .isEqualTo(
                        new VerificationSettings(
                                Set.of(
                                        VerificationSettings.Check.SPF,
                                        VerificationSettings.Check.DMARC),
                                VerificationSettings.OnFail.REJECT,
                                VerificationSettings.OnFail.REJECT));
        var limits = listen.access().door().limits();
        assertThat(limits.perClient()).hasSize(5);
        assertThat(limits.perNetwork()).hasSize(5);
        assertThat(limits.perListener()).hasSize(3);
        assertThat(limits.tarpit()).isEqualTo(Duration.ofSeconds(2));
        assertThat(limits.ban()).isEqualTo(Duration.ofMinutes(20));
        assertThat(limits.bansTrusted()).isTrue();
        assertThat(limits.exempt()).containsExactly(network("192.0.2.0/24"));
        assertThat(listen.access().door().blocklists()).hasSize(1);
        assertThat(listen.access().door().checksSenderDomain()).isTrue();
        assertThat(listen.access().door().checksRecipientDomain()).isTrue();
        assertThat(config.reception().tenants()).extracting(TenantSettings::name).contains("shop");
        assertThat(config.reception().inbound()).hasSize(1);
    }

    @Test
    void everyKey_reachesItsRecord_ofCampaigns() {
        CampaignRule rule = valid(EVERYTHING).campaigns().getFirst();
        assertThat(rule.campaigns())
                .extracting(Wildcards::text)
                .containsExactly("spring-*", "news");
        assertThat(rule.tenants()).containsExactly("shop");
        assertThat(rule.feedbackId()).isPresent();
        assertThat(rule.listUnsubscribe()).isPresent();
        assertThat(rule.isOneClick()).isTrue();
        assertThat(rule.hasToken()).isTrue();
        assertThat(rule.verp()).isPresent();
    }

    @Test
    void everyKey_reachesItsRecord_ofSigning() {
        Config config = valid(EVERYTHING);
        Form form = config.signing().rules().getFirst().form();
        assertThat(config.signing().rules())
                .containsExactly(
                        new DkimRule(
                                Optional.of(new DomainName("example.com")),
                                "s1",
                                new KeyPlace.File(Path.of("/etc/whimbrel/keys/s1.pem")),
                                new DkimRule.Scope(
                                        List.of(),
                                        false,
                                        List.of("shop"),
                                        List.of(new DkimRule.Kind("", PriorityClass.TRANSACTIONAL)),
                                        false),
                                form),
                        new DkimRule(
                                Optional.of(new DomainName("esp.example")),
                                "e1",
                                new KeyPlace.Vault("secret", "dkim/esp", "key"),
                                new DkimRule.Scope(
                                        List.of(new DomainPattern.Every()),
                                        true,
                                        List.of(),
                                        List.of(),
                                        true),
                                Form.DEFAULT));
        assertThat(form)
                .isEqualTo(
                        new Form(
                                true,
                                false,
                                List.of("from", "subject"),
                                List.of("from"),
                                Optional.of(Duration.ofDays(14)),
                                new Identity.Fixed("@news.example.com")));
        assertThat(config.signing().keyFolder()).hasToString("/etc/whimbrel/keys");
        assertThat(config.signing().threads()).hasValue(4);
        assertThat(config.signing().memoryBytes()).isEqualTo(32 << 20);
        assertThat(config.signing().arc())
                .contains(
                        new ArcSettings(
                                new DomainName("example.com"),
                                "a1",
                                new KeyPlace.File(Path.of("/etc/whimbrel/keys/a1.pem")),
                                config.node().name()));
    }

    @Test
    void everyKey_reachesItsRecord_ofTlsReport() {
        assertThat(valid(EVERYTHING).tlsReport())
                .isEqualTo(
                        new TlsReportSettings(
                                TlsReportSettings.mailbox("tls-reports@example.com"),
                                new TlsReport.Sender(
                                        "Example Ltd", "postmaster@example.com", "mx1.example.com"),
                                new ReversePath("bounces@example.com"),
                                new MailStream("system", "", PriorityClass.BULK),
                                1L << 20,
                                5,
                                Duration.ofHours(2)));
    }

    @Test
    void everyKey_reachesItsRecord_ofTlsOut() {
        Config config = valid(EVERYTHING);
        assertThat(config.tlsOut())
                .isEqualTo(
                        new TlsOutSettings(
                                TlsLevel.ENCRYPT,
                                ProtocolMinimum.TLS_1_3,
                                Duration.ofSeconds(20),
                                Duration.ofHours(1),
                                Optional.of(files("client", "client-key")),
                                Optional.of(Path.of("/etc/whimbrel/tls/ca.pem")),
                                false,
                                false,
                                8443,
                                List.of(
                                        new TlsRule(
                                                DomainPattern.parse("*.example.com"),
                                                Optional.empty(),
                                                TlsLevel.VERIFY,
                                                List.of("mx.example.net", ".example.org"),
                                                Optional.of(files("x", "x-key"))),
                                        new TlsRule(
                                                Optional.empty(),
                                                Optional.of("google"),
                                                TlsLevel.DANE_ONLY,
                                                List.of(),
                                                Optional.empty()))));
    }

    private static CertificateFiles files(String certificate, String key) {
        Path folder = Path.of("/etc/whimbrel/tls");
        return new CertificateFiles(
                folder.resolve(certificate + ".pem"), folder.resolve(key + ".pem"));
    }

    private static RouteSettings relayRoute() {
        var net = new DomainName("example.net");
        return new RouteSettings(
                "shop-relay",
                new RouteConditions(
                        List.of(new DomainPattern.Exactly(net), new DomainPattern.Below(net)),
                        Optional.of("shop"),
                        Optional.of(new Wildcards("spring-*")),
                        Optional.of(new Wildcards("*-test@example.net"))),
                List.of(
                        new RouteTarget.Smtps("relay1.example.org", 465),
                        new RouteTarget.Smtps("relay2.example.org", 466)),
                new RouteSettings.Terms(
                        "bulk",
                        "verify",
                        Optional.of(
                                new Credentials(
                                        "shop",
                                        Credentials.Kind.TOKEN,
                                        Path.of("/run/whimbrel/token"),
                                        true)),
                        Optional.of(new RouteTarget.Smtp("relay3.example.org", 25)),
                        ""));
    }

    private static RouteSettings refusal() {
        return new RouteSettings(
                "",
                new RouteConditions(
                        List.of(), Optional.of("lost"), Optional.empty(), Optional.empty()),
                List.of(new RouteTarget.Refuse()),
                new RouteSettings.Terms(
                        "", "", Optional.empty(), Optional.empty(), "Not from here"));
    }

    private static RouteSettings hook() {
        return new RouteSettings(
                "",
                new RouteConditions(
                        List.of(),
                        Optional.empty(),
                        Optional.of(new Wildcards("web")),
                        Optional.empty()),
                List.of(new RouteTarget.Http(URI.create("https://hook.example.org/mail?key=1"))),
                new RouteSettings.Terms(
                        "",
                        "",
                        Optional.of(
                                new Credentials(
                                        "web",
                                        Credentials.Kind.PASSWORD,
                                        Path.of("/etc/whimbrel/web.secret"),
                                        false)),
                        Optional.empty(),
                        ""));
    }

    @Test
    void everyKey_reachesItsRecord_ofSourcesAndPools() {
        Config config = valid(EVERYTHING);
        var password = new Proxy.Password.InFile(Path.of("/etc/whimbrel/proxy"));
        assertThat(config.sources())
                .containsExactly(
                        new SourceAddress("s1", Optional.of(ip("2001:db8::10")), "mx1.example.com"),
                        new SourceAddress(
                                "s2",
                                Optional.of(ip("192.0.2.11")),
                                "[192.0.2.11]",
                                "warm",
                                Optional.of(
                                        new Proxy(
                                                Proxy.Kind.SOCKS5,
                                                address("10.0.0.1", 1080),
                                                Optional.of(new Proxy.Login("mta", password)),
                                                Optional.of(ip("198.51.100.11"))))));
        assertThat(config.egress().pools())
                .containsExactly(
                        new PoolSettings(
                                "transactional",
                                List.of(new Member("s1", 2, false), Member.of("s2")),
                                PoolSettings.Sticky.CAMPAIGN),
                        new PoolSettings(
                                "bulk",
                                List.of(Member.of("s1"), new Member("s2", 1, true)),
                                PoolSettings.Sticky.NONE),
                        PoolSettings.ofAll(config.sources()));
        assertThat(config.egress().classes())
                .containsExactly(new ClassSettings("cold", "bulk", PriorityClass.BULK));
        assertThat(config.egress().defaultPool()).isEqualTo("bulk");
    }

    @Test
    void everyKey_reachesItsRecord_ofDelivery() {
        Config config = valid(EVERYTHING);
        assertThat(config.dns())
                .isEqualTo(
                        new DnsSettings(
                                List.of(address("127.0.0.1", 53), address("::1", 5353)),
                                Duration.ofMillis(500),
                                16L << 20,
                                50,
                                Duration.ofHours(2),
                                DnsSettings.Dnssec.AD,
                                List.of(ip("192.0.2.53"))));
        assertThat(config.routes())
                .containsExactly(
                        new RouteSettings(
                                new DomainPattern.Exactly(new DomainName("example.com")),
                                new RouteTarget.Lmtp("[::1]", 24)),
                        new RouteSettings(
                                new DomainPattern.Below(new DomainName("example.com")),
                                new RouteTarget.Mx()),
                        new RouteSettings(
                                new DomainPattern.Exactly(new DomainName("example.net")),
                                new RouteTarget.Smtp("mail.example.net", 25)),
                        relayRoute(),
                        refusal(),
                        hook());
        assertThat(config.hosts())
                .isEqualTo(
                        new HostSettings(
                                2525,
                                List.of(network("127.0.0.0/8")),
                                IpPreference.IPV4_FIRST,
                                List.of(new Wildcards("*.old.example")),
                                Optional.of(new RouteTarget.Smtps("relay.example.org", 465))));
        var timeouts =
                new DeliverySettings.Timeouts(
                        Duration.ofSeconds(6),
                        Duration.ofSeconds(7),
                        Duration.ofSeconds(8),
                        Duration.ofSeconds(9),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(11));
        assertThat(config.delivery())
                .isEqualTo(
                        new DeliverySettings(
                                2525,
                                List.of(network("127.0.0.0/8")),
                                1,
                                2,
                                3,
                                Duration.ofSeconds(5),
                                timeouts));
        assertThat(config.schedule())
                .isEqualTo(new ScheduleSettings("bulk", 4, Duration.ofSeconds(60), 5000));
        assertThat(config.retry())
                .isEqualTo(
                        new RetrySchedule(
                                Duration.ofMinutes(1),
                                3.0,
                                Duration.ofHours(2),
                                Duration.ofDays(3),
                                Duration.ofHours(1)));
    }

    @Test
    void everyKey_reachesItsRecord_ofStorage() {
        Config config = valid(EVERYTHING);
        assertThat(config.spool())
                .isEqualTo(
                        new SpoolSettings(
                                Path.of("/srv/whimbrel/spool"),
                                1L << 20,
                                Duration.ofMillis(5),
                                new LowWater(OptionalLong.of(7L << 20), OptionalLong.of(2L << 20)),
                                3L << 20,
                                64L << 20));
        assertThat(config.memory())
                .isEqualTo(
                        new MemorySettings(
                                OptionalLong.of(1L << 30),
                                OptionalLong.of(300L << 20),
                                OptionalLong.of(11L << 20),
                                OptionalLong.of(3L << 20),
                                OptionalLong.of(64L << 20),
                                OptionalInt.of(5000)));
        assertThat(config.eventLog())
                .isEqualTo(
                        new EventLogSettings(Path.of("/srv/whimbrel/events"), 4L << 20, 16L << 20));
    }

    @Test
    void everyKeyThatExists_isTriedAbove() {
        for (TableSpec table : ConfigKeys.TABLES) {
            String content = EVERYTHING.substring(EVERYTHING.indexOf(table.header()));
            assertThat(table.keyNames())
                    .allSatisfy(key -> assertThat(content).contains(key + " ="));
        }
    }
}
