package io.whimbrel.routing;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

final class HostsFileTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "192.0.2.1 a | 192.0.2.1",
                "192.0.2.1\tb  A\t# c | 192.0.2.1",
                "192.0.2.1 a~2001:db8::1 a~192.0.2.1 a b | 192.0.2.1 2001:db8::1",
                "192.0.2.1 b # a | ''",
                "# 192.0.2.1 a | ''",
                "a 192.0.2.1 | ''",
                "nonsense a | ''",
                "a | ''",
                "192.0.2.1 a.b ab | ''",
            })
    void line_isAnAddressAndItsNames(String text, String expected) {
        List<InetAddress> found =
                HostsFile.find(text.replace("~", "\r\n").replace("\\t", "\t"), "a");

        assertThat(found)
                .containsExactlyElementsOf(
                        List.of(expected.split(" ")).stream()
                                .filter(it -> !it.isEmpty())
                                .map(InetAddress::ofLiteral)
                                .toList());
    }

    @Test
    void fileThatIsNotThere_knowsLocalhostOnly(@TempDir Path folder) {
        var file = new HostsFile(folder.resolve("none"));

        assertThat(file.addresses("localhost")).hasSize(2).allMatch(InetAddress::isLoopbackAddress);
        assertThat(file.addresses("relay")).isEmpty();
    }

    @Test
    void randomPieces_areReadOrNot() {
        var random = new Random(7);
        String[] pieces = {
            "192.0.2.1", "::1", " ", "\t", "a", "#", "\n", "\r\n", "%", "\u0000", "1"
        };
        for (int i = 0; i < 5_000; i++) {
            var text = new StringBuilder();
            for (int j = random.nextInt(12); j >= 0; j--) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            check(text.toString());
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_areReadOrNot(byte[] bytes) {
        check(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    private static void check(String text) {
        assertThat(HostsFile.find(text, "a")).hasSizeLessThanOrEqualTo(HostsFile.ADDRESSES_MAX);
    }
}
