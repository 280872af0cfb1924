package io.whimbrel.socket;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.mail.Network;
import io.whimbrel.socket.ProxyHeader.Origin;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

class ProxyHeaderTest {
    private static final String SIGNATURE = "0d0a0d0a000d0a515549540a";

    @ParameterizedTest
    @CsvSource({
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443, 192.0.2.7",
        "PROXY TCP6 2001:db8::7 2001:db8::1 4124 443, 2001:db8::7",
        "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535, 255.255.255.255",
    })
    void line_namesTheClient(String line, String client) throws IOException {
        assertThat(read(line + "\r\nEHLO x"))
                .isEqualTo(new Origin.From(Network.parseAddress(client).orElseThrow()));
    }

    @Test
    void line_isReadToItsEndAndNoFurther() throws IOException {
        var in =
                stream(
                        "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\nEHLO x"
                                .getBytes(StandardCharsets.ISO_8859_1));
        ProxyHeader.read(in);
        assertThat(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1)).isEqualTo("EHLO x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:f...f:ffff 65535\r\n"})
    void unknown_isNobody_andNotTheProxy(String line) throws IOException {
        assertThat(read(line))
                .isEqualTo(new Origin.From(Network.parseAddress("0.0.0.0").orElseThrow()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "PROXY",
                "EHLO client.example\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.1 56324 65536\r\n",
                "PROXY TCP4 192.0.2.256 198.51.100.1 56324 443\r\n",
                "PROXY TCP4 3221225991 198.51.100.1 56324 443\r\n",
                "PROXY TCP4 2001:db8::7 2001:db8::1 56324 443\r\n",
                "PROXY TCP6 192.0.2.7 198.51.100.1 56324 443\r\n",
                "PROXY  TCP4 192.0.2.7 198.51.100.1 56324 443\r\n",
                "PROXY TCP5 192.0.2.7 198.51.100.1 56324 443\r\n",
                "proxy TCP4 192.0.2.7 198.51.100.1 56324 443\r\n",
            })
    void line_thatIsNone_isBad(String line) throws IOException {
        assertThat(read(line)).isInstanceOf(Origin.Bad.class);
    }

    @Test
    void line_longerThanAllowed_isBad() throws IOException {
        String line = "PROXY TCP6 " + "f".repeat(200) + "\r\n";
        assertThat(read(line)).isInstanceOf(Origin.Bad.class);
    }

    @ParameterizedTest
    @CsvSource({
        "2111000c c0000207 c6336401 dc040019, 192.0.2.7",
        // With a TLV behind the addresses, and over UDP, which names a client all the same.
        "2112000f c0000207 c6336401 dc040019 040000, 192.0.2.7",
        "21210024 20010db8000000000000000000000007 20010db8000000000000000000000001 dc040019,"
                + " 2001:db8::7",
    })
    void binary_namesTheClient(String hex, String client) throws IOException {
        assertThat(ProxyHeader.read(stream(binary(hex))))
                .isEqualTo(new Origin.From(Network.parseAddress(client).orElseThrow()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"20000000", "2111000cc0000207c6336401dc040019", "21000000"})
    void binary_ofAHealthCheck_isTheProxyItself(String hex) throws IOException {
        byte[] header = binary(hex);
        header[12] = 0x20;
        assertThat(ProxyHeader.read(stream(header))).isEqualTo(new Origin.Itself());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "21",
                "2111000c",
                "2111000cc0000207",
                "21110004c0000207",
                "3111000cc0000207c6336401dc040019",
                "2211000cc0000207c6336401dc040019",
                "2111ffff",
            })
    void binary_thatIsNone_isBad(String hex) throws IOException {
        assertThat(ProxyHeader.read(stream(binary(hex)))).isInstanceOf(Origin.Bad.class);
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_giveAnAnswer(byte[] bytes) throws IOException {
        var in = stream(bytes);
        ProxyHeader.read(in);
        assertThat(bytes.length - in.available()).isLessThanOrEqualTo(16 + 4_096);
    }

    private static Origin read(String text) throws IOException {
        return ProxyHeader.read(stream(text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    private static byte[] binary(String hex) {
        return HexFormat.of().parseHex(SIGNATURE + hex.replace(" ", ""));
    }

    private static ByteArrayInputStream stream(byte[] bytes) {
        return new ByteArrayInputStream(bytes);
    }
}
