package io.whimbrel.smtp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Endings that some hosts take for the end of data, and we do not.
public class SmugglingTest {

    /// Shared with the test that sends them over a socket.
    public static final List<String> ENDINGS =
            List.of(
                    "\n.\n",
                    "\n.\r\n",
                    "\n.\r",
                    "\n\n.\r\n",
                    "\r.\r\n",
                    "\r.\n",
                    "\r.\r",
                    "\r\n.\n",
                    "\r\n.\r",
                    "\r\n.\r\r\n",
                    "\r\r\n.\r\n",
                    "\r\n\0.\r\n",
                    "\r\n.\0\r\n",
                    "\r\n.\r\0\n",
                    "\0\r\n.\r\n",
                    "\r\0\n.\r\n",
                    "\n\r.\n\r");

    public static final String SMUGGLED =
            "MAIL FROM:<admin@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nx\r\n.\r\n";

    @ParameterizedTest
    @FieldSource("ENDINGS")
    void ending_isADefectOfTheMessage_whereverItIsSplit(String ending) throws IOException {
        String sent = "Subject: x\r\n\r\nfirst" + ending + SMUGGLED;
        for (int split = 0; split <= sent.length(); split++) {
            var bytes = SmtpInputTest.bytes(sent);
            var input = new SmtpInput(new SmtpInputTest.PiecesStream(bytes, split));
            var decoder = new DataDecoder((_, _, _) -> {});
            assertThat(input.readData(decoder, 10_000)).isEqualTo(SmtpInput.DataEnd.COMPLETE);
            assertThat(decoder.defect()).as("split at %d", split).isPresent();
        }
    }

    @ParameterizedTest
    @FieldSource("ENDINGS")
    void ending_inAChunk_isADefectOfTheMessage_whereverChunksAreCut(String ending) {
        byte[] message = SmtpInputTest.bytes("Subject: x\r\n\r\nfirst" + ending + SMUGGLED);
        for (int split = 0; split <= message.length; split++) {
            var decoder = new ChunkDecoder((_, _, _) -> {});
            decoder.decode(message, 0, split);
            decoder.decode(message, split, message.length);
            decoder.end();
            assertThat(decoder.defect()).as("cut at %d", split).isPresent();
        }
    }

    @Test
    void chunks_thatEndInCr_areADefect() {
        var decoder = new ChunkDecoder((_, _, _) -> {});
        decoder.decode(SmtpInputTest.bytes("x\r"), 0, 2);
        assertThat(decoder.defect()).isEmpty();
        decoder.end();
        assertThat(decoder.defect()).contains(MessageDefect.BARE_CR);
    }

    @Test
    void defects_areNamed() throws IOException {
        assertThat(defect("a\rb\r\n.\r\n")).contains(MessageDefect.BARE_CR);
        assertThat(defect("a\nb\r\n.\r\n")).contains(MessageDefect.BARE_LF);
        assertThat(defect("a\0b\r\n.\r\n")).contains(MessageDefect.NUL);
        assertThat(defect("a\r\n..\r\n.b\r\n.\r\n")).isEmpty();
    }

    private static Optional<MessageDefect> defect(String sent) throws IOException {
        var input = new SmtpInput(new SmtpInputTest.PiecesStream(SmtpInputTest.bytes(sent), 3));
        var decoder = new DataDecoder((_, _, _) -> {});
        assertThat(input.readData(decoder, 10_000)).isEqualTo(SmtpInput.DataEnd.COMPLETE);
        return decoder.defect();
    }
}
