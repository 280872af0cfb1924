package io.whimbrel.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.Network;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.util.List;

class RelayPolicyTest {

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, true",
        "127.255.255.255, true",
        "128.0.0.1, false",
        "192.0.2.7, true",
        "192.0.2.8, false",
        "2001:db8::1, true",
        "2001:db9::1, false",
        "::ffff:192.0.2.7, true",
        "::1, false"
    })
    void mayRelay_onlyFromListedNetworks(String client, boolean may) {
        List<Network> networks =
                List.of("127.0.0.0/8", "192.0.2.7", "2001:db8::/32").stream()
                        .map(text -> Network.parse(text).orElseThrow())
                        .toList();
        InetAddress address = InetAddress.ofLiteral(client);
        assertThat(new RelayPolicy(networks).mayRelay(address)).isEqualTo(may);
        assertThat(new RelayPolicy(List.of()).mayRelay(address)).isFalse();
    }
}
