package io.whimbrel.smtp;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Random;

class DataDecoderTest {
    private static final String PIECES = "..\r\n\r\n\r\nab\0\u00e9";

    @FuzzTest(maxDuration = "30s")
    void anyData_endsAtTheOneEnd_andIsTheSameHoweverItIsSplit(byte[] bytes) throws IOException {
        check(bytes, "fuzz");
    }

    @Test
    void randomData_endsAtTheOneEnd_andIsTheSameHoweverItIsSplit() throws IOException {
        long seed = 20261127;
        var random = new Random(seed);
        for (int round = 0; round < 100_000; round++) {
            var text = new StringBuilder();
            for (int i = random.nextInt(14); i > 0; i--) {
                text.append(PIECES.charAt(random.nextInt(PIECES.length())));
            }
            check(latin(text.toString()), "seed " + seed + ", round " + round);
        }
    }

    private static void check(byte[] bytes, String where) throws IOException {
        Decoded whole = decode(bytes, 0);
        for (int split : new int[] {1, bytes.length / 2, bytes.length - 1}) {
            Decoded parts = decode(bytes, Math.clamp(split, 0, bytes.length));
            assertThat(parts.end).as(where).isEqualTo(whole.end);
            assertThat(parts.defect).as(where).isEqualTo(whole.defect);
            if (whole.defect.isEmpty()) {
                assertThat(parts.text).as(where).isEqualTo(whole.text);
            }
        }
        if (whole.defect.isEmpty() && whole.isComplete) {
            String input = "\r\n" + new String(bytes, StandardCharsets.ISO_8859_1);
            int end = input.indexOf("\r\n.\r\n") + 3;
            assertThat(whole.end).as(where).isEqualTo(end);
            String plain = whole.text.replace("\r\n", "");
            assertThat(plain).as(where).doesNotContain("\r", "\n", "\0");
            checkSentOn(whole.text, where);
        }
    }

    /// What was taken is sent on so that the next host takes the same.
    private static void checkSentOn(String text, String where) throws IOException {
        var out = new ByteArrayOutputStream();
        var stuffing = new DotStuffing(out);
        stuffing.write(latin(text));
        stuffing.end();
        Decoded again = decode(out.toByteArray(), 0);
        assertThat(again.isComplete && again.defect.isEmpty()).as(where).isTrue();
        assertThat(again.end).as(where).isEqualTo(out.size());
        assertThat(again.text).as(where).isEqualTo(text);
    }

    private record Decoded(
            int end, boolean isComplete, Optional<MessageDefect> defect, String text) {}

    private static Decoded decode(byte[] bytes, int split) {
        var out = new ByteArrayOutputStream();
        var decoder = new DataDecoder(out::write);
        int end = decoder.decode(bytes, 0, split);
        if (!decoder.isComplete()) {
            end = decoder.decode(bytes, split, bytes.length);
        }
        String text = out.toString(StandardCharsets.ISO_8859_1);
        return new Decoded(end, decoder.isComplete(), decoder.defect(), text);
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
