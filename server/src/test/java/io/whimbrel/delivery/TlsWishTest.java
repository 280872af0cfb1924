package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.metrics.TlsOutMetrics;
import io.whimbrel.routing.Credentials;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.Protocol;
import io.whimbrel.transport.HostPlace.NamedBy;
import io.whimbrel.transport.OutboundTls;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;

class TlsWishTest {
    private static final HostAddress RELAY =
            new HostAddress("relay.test", InetAddress.ofLiteral("192.0.2.1"), 587);

    @ParameterizedTest
    @CsvSource({
        "relay.test, 192.0.2.1, verify",
        "'', 192.0.2.1, impossible",
        // The DNS says so, or whoever answers in its place.
        "relay.test, 10.0.0.1, verify",
        "'', 10.0.0.1, may",
        "'', 100.64.0.1, impossible",
        "'', 172.16.0.1, may",
        "'', fd00::1, may",
        "'', 2001:db8::1, impossible",
        "localhost, 127.0.0.1, may",
        "'', ::1, may",
    })
    void hostThatIsNotNear_isVerifiedBeforeTheLogin(String name, String address, String policy) {
        var host = new HostAddress(name, InetAddress.ofLiteral(address), 587);
        assertThat(talk(false).tls().policy(host).text()).isEqualTo(policy);
    }

    @Test
    void secretThatMayGoInPlainText_needsNothing() {
        assertThat(talk(true).tls().policy(RELAY).text()).isEqualTo("may");
    }

    private static SmtpClient.Talk talk(boolean mayGoInPlainText) {
        var metrics = new TlsOutMetrics(new PrometheusRegistry());
        OutboundTls tls = OutboundTls.opportunistic(InstantSource.fixed(TestMail.NOW), metrics);
        var wish =
                new TlsWish(
                        tls,
                        tls.forDomain(
                                new DomainName("x.test"), "", TlsRequirement.UNSPECIFIED, false),
                        false,
                        NamedBy.OPERATOR,
                        Optional.empty());
        var credentials =
                new Credentials(
                        "tim", Credentials.Kind.PASSWORD, Path.of("/secret"), mayGoInPlainText);
        return new SmtpClient.Talk(Protocol.SMTP, wish, Optional.of(credentials), Hosts.LONG);
    }
}
