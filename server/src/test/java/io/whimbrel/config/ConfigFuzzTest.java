package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.reception.ListenSettings;
import io.whimbrel.toml.ConfigFinding;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;

/// Whatever the file holds: an answer, never an exception, and no configuration out of its bounds.
class ConfigFuzzTest {
    private static final int ROUNDS = 120;
    private static final String ALPHABET = "[]{}=\".,#\n\r \t-_/:*09azAZ\\'\u00e4\u0000\ud83d";

    @Test
    void mutatedFiles_haveAnAnswer() {
        long seed = 42;
        var random = new Random(seed);
        int valid = 0;
        for (int i = 0; i < ROUNDS; i++) {
            String source = i % 2 == 0 ? ConfigFileTest.ISSUE : DefaultFile.toml();
            String text = mutated(source, random);
            valid += check(text, "seed " + seed + ", round " + i) ? 1 : 0;
        }
        // Otherwise the test has tried only one of the two answers.
        assertThat(valid).isBetween(ROUNDS / 20, ROUNDS * 19 / 20);
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_haveAnAnswer(byte[] bytes) {
        check(new String(bytes, StandardCharsets.UTF_8), "fuzz");
    }

    private static boolean check(String text, String where) {
        return switch (ConfigFile.parse("w.toml", text)) {
            case ConfigResult.Valid(var config, _) -> {
                assertSane(config, where);
                yield true;
            }
            case ConfigResult.Invalid(var errors, _) -> {
                assertThat(errors).as(where).isNotEmpty();
                errors.forEach(error -> assertReadable(error, text, where));
                yield false;
            }
        };
    }

    private static void assertReadable(ConfigFinding error, String text, String where) {
        assertThat(error.toString()).as(where).doesNotContainPattern("\\p{Cntrl}");
        assertThat(error.message()).as(where).doesNotContain("Exception");
        assertThat(error.line()).as(where).isLessThanOrEqualTo(lines(text));
    }

    private static int lines(String text) {
        return 1 + (int) text.chars().filter(c -> c == '\n' || c == '\r').count();
    }

    private static void assertSane(Config config, String where) {
        assertThat(config.node().dataFolder().isAbsolute()).as(where).isTrue();
        assertThat(config.node().name()).as(where).matches("[a-z0-9._-]{1,255}");
        assertThat(config.listens()).as(where).isNotEmpty();
        for (ListenSettings listen : config.listens()) {
            assertThat(listen.tcpAddress())
                    .as(where)
                    .matches(it -> it.isEmpty() || !it.get().isUnresolved());
            assertThat(listen.access().relayFrom()).as(where).allMatch(it -> it.prefixBits() >= 7);
            assertThat(listen.limits().messageBytesMax()).as(where).isBetween(1L << 16, 1L << 30);
            assertThat(listen.limits().recipientsMax()).as(where).isPositive();
        }
        assertThat(config.sources()).as(where).isNotEmpty();
        assertThat(config.delivery().port()).as(where).isBetween(1, 65_535);
        assertThat(config.retry().factor()).as(where).isBetween(1.0, 10.0);
        assertThat(config.retry().first())
                .as(where)
                .isBetween(Duration.ofMillis(10), config.retry().most());
        assertThat(config.spool().segmentBytes()).as(where).isBetween(1L << 20, 1L << 30);
        assertThat(config.eventLog().fileBytes())
                .as(where)
                .isBetween(1L << 20, config.eventLog().totalBytes() / 4);
    }

    private static String mutated(String source, Random random) {
        var text = new StringBuilder(source);
        int times = 1 + random.nextInt(3);
        for (int i = 0; i < times && !text.isEmpty(); i++) {
            int at = random.nextInt(text.length());
            int end = Math.min(text.length(), at + 1 + random.nextInt(8));
            switch (random.nextInt(5)) {
                case 0 -> text.delete(at, end);
                case 1 -> text.insert(at, ALPHABET.charAt(random.nextInt(ALPHABET.length())));
                case 2 -> text.setCharAt(at, ALPHABET.charAt(random.nextInt(ALPHABET.length())));
                case 3 -> text.insert(random.nextInt(text.length()), text.substring(at, end));
                default -> uncomment(text, at);
            }
        }
        return text.toString();
    }

    private static void uncomment(StringBuilder text, int from) {
        int comment = text.indexOf("\n# ", from);
        if (comment >= 0) {
            text.delete(comment + 1, comment + 3);
        }
    }
}
