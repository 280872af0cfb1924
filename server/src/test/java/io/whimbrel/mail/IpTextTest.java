package io.whimbrel.mail;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;

class IpTextTest {
    @ParameterizedTest
    @CsvSource({
        "192.0.2.7, 192.0.2.7, [192.0.2.7]",
        "0:0:0:0:0:0:0:1, ::1, [IPv6:::1]",
        "0:0:0:0:0:0:0:0, ::, [IPv6:::]",
        "2001:db8:0:0:0:0:0:0, 2001:db8::, [IPv6:2001:db8::]",
        "2001:db8:0:0:1:0:0:0, 2001:db8:0:0:1::, [IPv6:2001:db8:0:0:1::]",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1, [IPv6:2001:db8::1:0:0:1]",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1, [IPv6:2001:db8:0:1:1:1:1:1]",
        "2001:db80:0:0:10:0:0:100, 2001:db80::10:0:0:100, [IPv6:2001:db80::10:0:0:100]",
        "1:2:3:4:5:6:7:8, 1:2:3:4:5:6:7:8, [IPv6:1:2:3:4:5:6:7:8]",
    })
    void ofAndLiteral_useTheShortForm(String given, String text, String literal) {
        InetAddress address = InetAddress.ofLiteral(given);

        assertThat(IpText.of(address)).isEqualTo(text);
        assertThat(IpText.literal(address)).isEqualTo(literal);
    }

    @ParameterizedTest
    @ValueSource(strings = "fe80::1%1")
    void zone_staysExceptInLiterals(String given) {
        InetAddress address = InetAddress.ofLiteral(given);

        assertThat(IpText.of(address)).startsWith("fe80::1%");
        assertThat(IpText.literal(address)).isEqualTo("[IPv6:fe80::1]");
    }
}
