package io.whimbrel.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.mail.Network;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

@Timeout(30)
final class WebHostsTest {
    private final TestNameServer dns = new TestNameServer();
    private final Resolver resolver =
            new Resolver(dns.settings(), InstantSource.fixed(Instant.EPOCH));

    @AfterEach
    void close() {
        dns.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"64:ff9b::10.0.0.1", "2002:a00:1::1", "::10.0.0.1"})
    void privateAddressInside_isNoAnswer_unlessAllowed(String address) throws UnknownHostException {
        dns.with("mta-sts.x.test. 300 IN AAAA " + address);

        assertThatThrownBy(() -> new WebHosts(resolver, List.of()).of("mta-sts.x.test", 443))
                .isInstanceOf(UnknownHostException.class);
        List<Network> allowed = List.of(Network.parse("10.0.0.0/8").orElseThrow());
        assertThat(new WebHosts(resolver, allowed).of("mta-sts.x.test", 443))
                .singleElement()
                .extracting(InetSocketAddress::getPort)
                .isEqualTo(443);
    }

    @ParameterizedTest
    @ValueSource(strings = {"64:ff9b::192.0.2.1", "2002:c000:201::1", "2001:db8::1"})
    void publicAddress_isOne(String address) throws UnknownHostException {
        dns.with("mta-sts.x.test. 300 IN AAAA " + address);

        assertThat(new WebHosts(resolver, List.of()).of("mta-sts.x.test", 443))
                .singleElement()
                .extracting(InetSocketAddress::getPort)
                .isEqualTo(443);
    }

    @Test
    void addressesOfBothFamilies_areTriedByTurns() throws UnknownHostException {
        dns.with("mta-sts.x.test. 300 IN AAAA 2001:db8::1")
                .with("mta-sts.x.test. 300 IN A 10.0.0.1")
                .with("mta-sts.x.test. 300 IN A 192.0.2.1");
        for (int i = 2; i < 9; i++) {
            dns.with("mta-sts.y.test. 300 IN A 192.0.2." + i);
        }
        var hosts = new WebHosts(resolver, List.of());

        assertThat(hosts.of("mta-sts.x.test", 443))
                .extracting(it -> it.getAddress().getHostAddress())
                .containsExactly("192.0.2.1", "2001:db8:0:0:0:0:0:1");
        assertThat(hosts.of("mta-sts.y.test", 443)).hasSize(WebHosts.ADDRESSES_MAX);
    }

    @Test
    void address_isItself_unlessPrivate() throws UnknownHostException {
        var hosts = new WebHosts(resolver, List.of());

        assertThat(hosts.of("2001:db8::1", 8443))
                .containsExactly(new InetSocketAddress("2001:db8::1", 8443));
        assertThatThrownBy(() -> hosts.of("127.0.0.1", 443))
                .isInstanceOf(UnknownHostException.class);
    }
}
