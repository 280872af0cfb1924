package io.whimbrel.mime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;

/// What is true of every message.
final class Properties {

    private Properties() {}

    static void check(String what, byte[] message) {
        Converted once = Converted.of(message);
        Findings findings = once.findings();
        assertThat(once.hasEightBit()).as(what).isEqualTo(!findings.becomesSevenBit());
        for (int size : new int[] {1, 2, 7, 100}) {
            Converted cut = Converted.inPieces(message, size);
            assertThat(text(cut.output())).as(what + " in " + size).isEqualTo(once.text());
        }
        Converted twice = Converted.of(once.output());
        assertThat(twice.findings().isConvertible()).as(what).isFalse();
        assertThat(twice.text()).as(what + " twice").isEqualTo(once.text());
        if (findings.isSevenBit() && !text(message).contains("binary")) {
            // No more than a label may have changed.
            assertThat(stripped(once.text())).as(what).isEqualTo(stripped(text(message)));
        }
    }

    private static String stripped(String text) {
        return text.replaceAll(
                "(?i)content-transfer-encoding[ \\t]*:[^\\n]*(\\n|$)([ \\t][^\\n]*(\\n|$))*", "");
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
