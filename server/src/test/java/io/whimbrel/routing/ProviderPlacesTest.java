package io.whimbrel.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Network;
import io.whimbrel.provider.ProviderFile;
import io.whimbrel.provider.ProviderFile.HostMatch;
import io.whimbrel.provider.Providers;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

@Timeout(30)
final class ProviderPlacesTest {
    private static final DomainName SHOP = new DomainName("shop.test");

    private final TestNameServer dns = new TestNameServer();
    private final ProviderPlaces places =
            new ProviderPlaces(
                    new Providers(
                            List.of(file("four", "192.0.2.0/24"), file("six", "2001:db8::/32")),
                            List.of()),
                    new Resolver(dns.settings(), InstantSource.fixed(Instant.EPOCH)));

    @AfterEach
    void close() {
        dns.close();
    }

    private static ProviderFile file(String name, String network) {
        return new ProviderFile(
                name,
                name,
                "",
                ProviderFile.TlsPreference.MAY,
                ProviderFile.IpPreference.ANY,
                List.of(new HostMatch.Address(Network.parse(network).orElseThrow())),
                List.of(),
                List.of());
    }

    @Test
    void provider_isKnownByAddressesOfEitherFamily() {
        dns.with("mx4.test. 300 IN A 192.0.2.1").with("mx6.test. 300 IN AAAA 2001:db8::1");

        assertThat(places.provider(List.of("mx4.test"), SHOP)).isEqualTo("four");
        assertThat(places.provider(List.of("mx6.test"), SHOP)).isEqualTo("six");
        assertThat(places.provider(List.of("mx4.test", "mx6.test"), SHOP)).isEqualTo("default");
    }

    /// One after the other they would take longer than this class may.
    @Test
    void hostsOfDeadZones_areAskedAtOnce_theBestOnly() {
        dns.with("mx.test. 300 IN A 192.0.2.1");
        List<String> hosts = new ArrayList<>(List.of("mx.test"));
        for (int i = 0; i < 45; i++) {
            dns.silent("dead" + i + ".test.");
            hosts.add("dead" + i + ".test");
        }

        assertThat(places.provider(hosts, SHOP)).isEqualTo("four");
        assertThat(dns.questions()).isLessThanOrEqualTo(4 * ProviderPlaces.HOSTS_MAX);
    }
}
