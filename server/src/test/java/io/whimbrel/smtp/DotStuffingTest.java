package io.whimbrel.smtp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

final class DotStuffingTest {

    @ParameterizedTest
    @CsvSource({
        "a~, a~.~",
        "'', .~",
        ".~, ..~.~",
        "a~.b~..~, a~..b~...~.~",
        "a, a~.~",
        "a.b~, a.b~.~",
        "., ..~.~"
    })
    void text_isStuffedAndEnded(String text, String wire) throws IOException {
        assertThat(sent(text.replace("~", "\r\n"))).isEqualTo(wire.replace("~", "\r\n"));
    }

    @Test
    void lastLineWithHalfAnEnding_getsTheOtherHalf() throws IOException {
        assertThat(sent("a\r")).isEqualTo("a\r\n.\r\n");
    }

    @Test
    void dotBehindBareLineFeed_isDoubled() throws IOException {
        assertThat(sent("a\n.\nb\r\n")).isEqualTo("a\n..\nb\r\n.\r\n");
    }

    /// However the text is cut into parts, a receiver gets it back.
    @Test
    void anyText_inAnyParts_comesBack() throws IOException {
        for (long seed = 0; seed < 2_000; seed++) {
            var random = new Random(seed);
            String text = anyText(random);
            assertThat(received(sentInParts(text, random))).as("seed %d", seed).isEqualTo(text);
        }
    }

    private static String anyText(Random random) {
        String[] words = {".", "..", "a", "\r\n", "\r\n.", "bc"};
        var text = new StringBuilder();
        for (int i = random.nextInt(40); i > 0; i--) {
            text.append(words[random.nextInt(words.length)]);
        }
        return text.append("\r\n").toString();
    }

    private static String received(String wire) {
        var text = new StringBuilder();
        for (String line : wire.split("\r\n", -1)) {
            if (line.equals(".")) {
                return text.toString();
            }
            text.append(line.startsWith(".") ? line.substring(1) : line).append("\r\n");
        }
        throw new AssertionError("no end of data in " + wire);
    }

    private static String sent(String text) throws IOException {
        return sentInParts(text, new Random(0));
    }

    private static String sentInParts(String text, Random random) throws IOException {
        var wire = new ByteArrayOutputStream();
        var stuffing = new DotStuffing(wire);
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        int from = 0;
        while (from < bytes.length) {
            int to = Math.min(bytes.length, from + 1 + random.nextInt(5));
            stuffing.write(Arrays.copyOfRange(bytes, from, to));
            from = to;
        }
        stuffing.end();
        return wire.toString(StandardCharsets.US_ASCII);
    }
}
