package io.whimbrel.dns;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// What [Resolver] says about DNSSEC.
@Timeout(60)
class SecureAnswersTest {
    private static final String HASH = "ab".repeat(32);

    private final TestNameServer server = new TestNameServer().validating();
    private final Resolver resolver = new Resolver(server.trusting(), () -> Instant.EPOCH);

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void validatedAnswers_areSecure() {
        server.with("x.test. 60 IN MX 10 mx.test.")
                .with("mx.test. 60 IN A 192.0.2.1")
                .with("_25._tcp.mx.test. 60 IN TLSA 3 1 1 " + HASH);

        assertThat(resolver.mx("x.test").isSecure()).isTrue();
        assertThat(resolver.mx("mx.test"))
                .isEqualTo(new MxAnswer.NoMx(Duration.ofMinutes(2), true));
        assertThat(resolver.ipv4("mx.test"))
                .isEqualTo(
                        new AddressAnswer.Addresses(
                                List.of(InetAddress.ofLiteral("192.0.2.1")),
                                Duration.ofMinutes(1),
                                true,
                                "mx.test"));
        assertThat(resolver.tlsa("mx.test", 25))
                .isEqualTo(
                        new TlsaAnswer.Records(
                                List.of(new TlsaRecord(3, 1, 1, HASH)),
                                true,
                                Duration.ofMinutes(1)));
        assertThat(resolver.tlsa("mx.test", 26)).isEqualTo(new TlsaAnswer.NoRecords(true));
    }

    @Test
    void whereDnssecIsOff_nothingIsSecure() {
        server.with("x.test. 60 IN MX 10 mx.test.");
        var careless = new Resolver(server.settings(), () -> Instant.EPOCH);

        assertThat(careless.mx("x.test").isSecure()).isFalse();
        assertThat(careless.tlsa("mx.test", 25)).isEqualTo(new TlsaAnswer.NoRecords(false));
    }

    @Test
    void aliases_areSecureIfEachLinkIs() {
        server.with("a.test. 60 IN CNAME b.test.")
                .with("b.test. 60 IN CNAME c.test.")
                .with("c.test. 60 IN A 192.0.2.1")
                .with("d.test. 60 IN CNAME out.test.")
                .with("out.test. 60 IN CNAME c.test.")
                .insecure("out.test.");

        assertThat(resolver.ipv4("A.test"))
                .isInstanceOfSatisfying(
                        AddressAnswer.Addresses.class,
                        it -> {
                            assertThat(it.canonicalName()).isEqualTo("c.test");
                            assertThat(it.isSecure()).isTrue();
                        });
        assertThat(resolver.ipv4("d.test"))
                .isInstanceOfSatisfying(
                        AddressAnswer.Addresses.class,
                        it -> {
                            assertThat(it.canonicalName()).isEqualTo("c.test");
                            assertThat(it.isSecure()).isFalse();
                        });
    }

    @Test
    void alias_isOneLink() {
        server.with("d.test. 60 IN CNAME out.test.")
                .with("out.test. 60 IN CNAME c.test.")
                .with("c.test. 60 IN A 192.0.2.1")
                .insecure("out.test.")
                .bogus("e.test.");

        assertThat(resolver.alias("d.test")).isEqualTo(new AliasAnswer.Alias("out.test", true));
        assertThat(resolver.alias("out.test")).isEqualTo(new AliasAnswer.Alias("c.test", false));
        assertThat(resolver.alias("c.test")).isEqualTo(new AliasAnswer.NoAlias());
        assertThat(resolver.alias("e.test")).isInstanceOf(AliasAnswer.TemporaryFailure.class);
    }

    @Test
    void bogusAnswers_areFailures_andNeverNoRecords() {
        server.bogus("x.test.").bogus("_25._tcp.x.test.");

        assertThat(resolver.mx("x.test")).isInstanceOf(MxAnswer.TemporaryFailure.class);
        assertThat(resolver.tlsa("x.test", 25)).isInstanceOf(TlsaAnswer.TemporaryFailure.class);
    }
}
