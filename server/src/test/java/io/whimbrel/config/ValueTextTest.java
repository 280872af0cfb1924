package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.Rate;
import io.whimbrel.toml.AddressText;
import io.whimbrel.toml.DurationText;
import io.whimbrel.toml.SizeText;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.Random;

class ValueTextTest {
    private static final int ROUNDS = 2_000;

    @ParameterizedTest
    @CsvSource({
        "20ms, PT0.02S, 20ms",
        "30s, PT30S, 30s",
        "5m, PT5M, 5m",
        "2h, PT2H, 2h",
        "5d, PT120H, 5d",
        "0s, PT0S, 0s",
        "0d, PT0S, 0s",
        "90m, PT90M, 90m",
        "60m, PT1H, 1h",
        "24h, PT24H, 1d",
        "1500ms, PT1.5S, 1500ms",
        "007s, PT7S, 7s"
    })
    void durations_areRead(String text, Duration duration, String rendered) {
        assertThat(DurationText.parse(text)).contains(duration);
        assertThat(DurationText.render(duration)).isEqualTo(rendered);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "5",
                "s",
                "-5s",
                "+5s",
                "5 s",
                "5S",
                "5sec",
                "1.5h",
                "1h30m",
                "5s ",
                "\u0665s",
                "11574075d",
                "1000000000000001ms",
                "9223372036854775807d",
                "99999999999999999999s"
            })
    void otherDurations_areRefused(String text) {
        assertThat(DurationText.parse(text)).isEmpty();
    }

    @Test
    void theLongestDuration_isStillExact() {
        assertThat(DurationText.parse("999999999999999ms"))
                .contains(Duration.ofMillis(999_999_999_999_999L));
        assertThat(DurationText.parse("11574074d")).contains(Duration.ofDays(11_574_074));
    }

    @ParameterizedTest
    @CsvSource({
        "512B, 512, 512B",
        "64KiB, 65536, 64KiB",
        "10MiB, 10485760, 10MiB",
        "1GiB, 1073741824, 1GiB",
        "1024MiB, 1073741824, 1GiB",
        "2TiB, 2199023255552, 2TiB",
        "0MiB, 0, 0B",
        "1536KiB, 1572864, 1536KiB"
    })
    void sizes_areRead(String text, long bytes, String rendered) {
        assertThat(SizeText.parse(text)).contains(bytes);
        assertThat(SizeText.render(bytes)).isEqualTo(rendered);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "10",
                "10MB",
                "10M",
                "10 MiB",
                "10mib",
                "-1B",
                "1.5GiB",
                "910TiB",
                "1000000000000001B",
                "9223372036854775807TiB",
                "99999999999999999999B"
            })
    void otherSizes_areRefused(String text) {
        assertThat(SizeText.parse(text)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "500/min, 500, MINUTE, PT1M",
        "20/s, 20, SECOND, PT1S",
        "100000/d, 100000, DAY, PT24H",
        "20000/h, 20000, HOUR, PT1H"
    })
    void rates_areRead(String text, long count, Rate.Window window, Duration length) {
        assertThat(Rate.parse(text)).contains(new Rate(count, window));
        assertThat(new Rate(count, window)).hasToString(text);
        assertThat(window.length()).isEqualTo(length);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/min",
                "5",
                "5/",
                "0/s",
                "-5/s",
                "5 / s",
                "5/m",
                "5/hour",
                "5/S",
                "5/min ",
                "9223372036854775808/s",
                "1000000000000000/s"
            })
    void otherRates_areRefused(String text) {
        assertThat(Rate.parse(text)).isEmpty();
    }

    @Test
    void aRateOfNothing_cannotBeMade() {
        assertThatThrownBy(() -> new Rate(0, Rate.Window.SECOND))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:25, 127.0.0.1:25",
        "0.0.0.0:0, 0.0.0.0:0",
        "[::1]:25, [::1]:25",
        "[2001:DB8:0:0:1:0:0:1]:65535, [2001:db8::1:0:0:1]:65535",
        "[::]:53, [::]:53",
        "127.0.0.1, 127.0.0.1:53",
        "[::1], [::1]:53"
    })
    void addressesWithPorts_areRead(String text, String rendered) {
        assertThat(AddressText.parseWithPort(text, OptionalInt.of(53)).map(AddressText::render))
                .contains(rendered);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                ":25",
                "25",
                "localhost:25",
                "127.0.0.1:",
                "127.0.0.1:65536",
                "127.0.0.1:+5",
                "127.0.0.1:25 ",
                "127.1:25",
                "010.0.0.1:25",
                "1.2.3.256:25",
                "::1:25",
                "[::1",
                "[]:25",
                "[127.0.0.1]:25",
                "[::1]25",
                "[fe80::1%1]:25",
                "[::1]:",
                "127.0.0.1:000025"
            })
    void otherAddressesWithPorts_areRefused(String text) {
        assertThat(AddressText.parseWithPort(text, OptionalInt.of(53))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3/8, 10.0.0.0/8",
        "192.0.2.255/25, 192.0.2.128/25",
        "1.2.3.4/0, 0.0.0.0/0",
        "2001:db8::1/32, 2001:db8::/32",
        "ff::1/127, ff::/127"
    })
    void networksWithHostBits_areCorrected(String text, String corrected) {
        assertThat(AddressText.withoutHostBits(text).map(AddressText::render)).contains(corrected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "10.0.0.1",
                "10.0.0.1/",
                "10.0.0.1/33",
                "::1/129",
                "a/8",
                "10.0.0.1/-1"
            })
    void otherNetworks_areNotCorrected(String text) {
        assertThat(AddressText.withoutHostBits(text)).isEmpty();
    }

    @Test
    void whatIsRendered_isReadBackAsTheSame() throws UnknownHostException {
        long seed = 20_261_123L;
        var random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            long number = random.nextLong(1, 1L << random.nextInt(1, 49));
            Duration duration = Duration.ofMillis(number);
            assertThat(DurationText.parse(DurationText.render(duration)))
                    .as("seed %d", seed)
                    .contains(duration);
            assertThat(SizeText.parse(SizeText.render(number)))
                    .as("seed %d", seed)
                    .contains(number);
            for (Rate.Window window : Rate.Window.values()) {
                var rate = new Rate(number, window);
                assertThat(Rate.parse(rate.toString())).as("seed %d", seed).contains(rate);
            }
            InetAddress address = randomAddress(random);
            assertThat(AddressText.parse(IpText.of(address))).as("seed %d", seed).contains(address);
            String text = address.getHostAddress() + "/" + random.nextInt(33);
            Network network = AddressText.withoutHostBits(text).orElseThrow();
            assertThat(Network.parse(AddressText.render(network)))
                    .as("seed %d, %s", seed, text)
                    .contains(network);
        }
    }

    /// With many zeros, for these are what is shortened.
    private static InetAddress randomAddress(Random random) throws UnknownHostException {
        byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (random.nextInt(3) == 0 ? random.nextInt(256) : 0);
        }
        return InetAddress.getByAddress(bytes);
    }
}
