package io.whimbrel.header;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

class HeaderScannerTest {

    @Test
    void value_isFound_howeverTheHeaderIsSplit() {
        String message =
                """
                Received: a
                \tb
                X-Campaign-Not: no
                X-Camp: no
                x-cAMPAIGN: \t spring
                  sale\s
                Received : c
                ReceivedNot: d
                X-Campaign: second
                RECEIVED:

                Received: body
                X-Campaign: body
                """
                        .replace("\n", "\r\n");
        for (int split = 0; split <= message.length(); split++) {
            HeaderScanner scanner = scan("X-Campaign", message, split);
            assertThat(scanner.value()).as("split at %d", split).isEqualTo("spring  sale");
            assertThat(scanner.receivedCount()).isEqualTo(3);
        }
    }

    @Test
    void value_isBounded_andHasNoControls() {
        assertThat(scan("X-C", "X-C: " + "ö".repeat(200) + "\r\n\r\n", 0).value())
                .isEqualTo("ö".repeat(64));
        assertThat(scan("X-C", "X-C: a\tb\u0001c\r\n", 0).value()).isEqualTo("a b c");
        assertThat(scan("X-C", "X-C: a\u009bb\r\n", 0).value()).isEqualTo("a b");
    }

    @Test
    void value_isEmpty_whereThereIsNone() {
        assertThat(scan("X-C", "", 0).value()).isEmpty();
        assertThat(scan("X-C", "X-C\r\n: a\r\n\r\nX-C: b\r\n", 0).value()).isEmpty();
        assertThat(scan("X-C", "X-C:\r\nX-C: later\r\n\r\n", 0).value()).isEmpty();
        assertThat(scan("X-C", "Subject: x\r\n X-C: folded\r\n\r\n", 0).value()).isEmpty();
        var none = new HeaderScanner(Optional.empty());
        byte[] line = ": x\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        none.scan(line, 0, line.length);
        assertThat(none.value()).isEmpty();
    }

    @FuzzTest(maxDuration = "30s")
    void anyMessage_isScannedTheSame_howeverItIsSplit(byte[] bytes) {
        HeaderScanner whole = scan("X-C", bytes, 0);
        assertThat(whole.value().getBytes(StandardCharsets.UTF_8))
                .as("bounded, U+FFFD taking three octets for one")
                .hasSizeLessThanOrEqualTo(3 * 128);
        assertThat(whole.value()).doesNotContainPattern("\\p{Cntrl}");
        assertThat(whole.headerBytes()).isBetween(0L, (long) bytes.length);
        HeaderScanner split = scan("X-C", bytes, bytes.length / 2);
        assertThat(split.value()).isEqualTo(whole.value());
        assertThat(split.receivedCount()).isEqualTo(whole.receivedCount());
        assertThat(split.headerBytes()).isEqualTo(whole.headerBytes());
    }

    private static HeaderScanner scan(String name, String message, int split) {
        return scan(name, message.getBytes(StandardCharsets.UTF_8), split);
    }

    private static HeaderScanner scan(String name, byte[] bytes, int split) {
        var scanner = new HeaderScanner(Optional.of(name));
        scanner.scan(bytes, 0, split);
        scanner.scan(bytes, split, bytes.length - split);
        return scanner;
    }
}
