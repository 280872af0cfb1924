package io.whimbrel.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

class PemBlockTest {
    private static final String GOOD = "-----BEGIN X-----\nAQID\n-----END X-----\n";

    @Test
    void blocks_comeInOrder_withoutWhatStandsBetween() throws IOException {
        String text =
                "subject=CN = a\n"
                        + GOOD
                        + "\r\n# comment\r\n"
                        + GOOD.replace("X", "EC PARAMETERS");
        List<PemBlock> blocks = PemBlock.parse(text.replace("\n", "\r\n"));
        assertThat(blocks).extracting(PemBlock::label).containsExactly("X", "EC PARAMETERS");
        assertThat(blocks.getFirst().der()).containsExactly(1, 2, 3);
        assertThat(blocks.getFirst().toString()).doesNotContain("1, 2");
    }

    @ParameterizedTest
    @CsvSource({
        "-----BEGIN X-----|AQID, cut off",
        "-----BEGIN X-----|-----BEGIN X-----|AQID|-----END X-----, without an END",
        "-----BEGIN X-----|AQID|-----END Y-----, does not fit",
        "-----BEGIN X-----|A?ID|-----END X-----, not Base64",
        "-----BEGIN X-----|AQI|D=|-----END X-----, not Base64",
        "-----BEGIN -----|AQID|-----END -----, without a label",
        "-----BEGIN X-----|Proc-Type: 4;ENCRYPTED|AQID|-----END X-----, encrypted"
    })
    void damagedBlock_isAnError(String lines, String message) {
        assertThatThrownBy(() -> PemBlock.parse(lines.replace('|', '\n')))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(message);
    }

    @Test
    void tooMuch_isAnError() {
        assertThatThrownBy(() -> PemBlock.parse(GOOD.repeat(502)))
                .hasMessageContaining("more than 500 blocks");
        assertThatThrownBy(() -> PemBlock.parse(" ".repeat(PemBlock.FILE_BYTES_MAX + 1)))
                .hasMessageContaining("longer than");
    }

    @FuzzTest(maxDuration = "30s")
    void anyText_hasAnAnswer(byte[] bytes) {
        try {
            List<PemBlock> blocks = PemBlock.parse(new String(bytes, StandardCharsets.ISO_8859_1));
            var again = new StringBuilder();
            for (PemBlock block : blocks) {
                again.append("-----BEGIN ").append(block.label()).append("-----\n");
                again.append(Base64.getEncoder().encodeToString(block.der()));
                again.append("\n-----END ").append(block.label()).append("-----\n");
            }
            List<PemBlock> twice = PemBlock.parse(again.toString());
            assertThat(twice).hasSameSizeAs(blocks);
            for (int i = 0; i < blocks.size(); i++) {
                assertThat(twice.get(i).label()).isEqualTo(blocks.get(i).label());
                assertThat(twice.get(i).der()).isEqualTo(blocks.get(i).der());
            }
        } catch (IOException e) {
            assertThat(e.getMessage()).doesNotContain("\n");
        }
    }
}
