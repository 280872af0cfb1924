package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;

class Pkcs11UriTest {
    private static final int ROUNDS = 20_000;
    private static final String WHOLE =
            "pkcs11:token=My%20token;serial=12ab;slot-id=7;id=%01%ff;object=s%31;type=private"
                    + "?module-path=/usr/lib/x.so&pin-source=file:/etc/pin";

    @Test
    void everyAttribute_isRead() {
        assertThat(Pkcs11Uri.parse(WHOLE))
                .isEqualTo(
                        new Pkcs11Uri.Reading.Good(
                                new Pkcs11Uri(
                                        Optional.of("My token"),
                                        Optional.of("12ab"),
                                        OptionalLong.of(7),
                                        "s1",
                                        Optional.of(Path.of("/usr/lib/x.so")),
                                        Optional.of(Path.of("/etc/pin")))));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pkcs11:token=a|object= must name the key",
                "pkcs11:object=s1?pin-value=1234|a PIN must not stand in the configuration",
                "pkcs11:object=s1;type=public|type must be private",
                "pkcs11:object=s1;object=s2|object stands twice",
                "pkcs11:object=s1;colour=red|there is no attribute \"colour\"",
                "pkcs11:object=s1;slot-id=x|slot-id must be a number",
                "pkcs11:object=%zz|object is not percent-encoded",
                "pkcs11:object=%ff|object is not percent-encoded",
                "pkcs11:object=%0a|object is not percent-encoded",
                "pkcs11:object=a?module-name=x|write module-path",
                "pkcs11:object=a?pin-source=|programs are not run",
                "pkcs11:|object= must name the key"
            })
    void whatCannotBeUsed_isTold_withTheRemedy(String uri, String reason) {
        String text = uri.endsWith("pin-source=") ? uri + "|/bin/x" : uri;
        assertThat(Pkcs11Uri.parse(text))
                .isInstanceOfSatisfying(
                        Pkcs11Uri.Reading.Bad.class,
                        bad -> assertThat(bad.reason()).contains(reason).doesNotContain("1234"));
    }

    @Test
    void damagedUris_neverThrow() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            var text = new StringBuilder(WHOLE);
            for (int n = random.nextInt(4); n >= 0; n--) {
                int at = 7 + random.nextInt(text.length() - 7);
                text.setCharAt(at, ";&?=%\0aé/".charAt(random.nextInt(9)));
            }
            assertThat(Pkcs11Uri.parse(text.toString())).as("seed %d", seed).isNotNull();
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_giveAReading(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        assertThat(Pkcs11Uri.parse(text)).isNotNull();
        assertThat(Pkcs11Uri.parse("pkcs11:" + text)).isNotNull();
    }
}
