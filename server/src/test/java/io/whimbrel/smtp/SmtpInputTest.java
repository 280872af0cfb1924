package io.whimbrel.smtp;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.smtp.SmtpCommand.Broken;
import io.whimbrel.smtp.SmtpCommand.Ehlo;
import io.whimbrel.smtp.SmtpCommand.Noop;
import io.whimbrel.smtp.SmtpCommand.Quit;
import io.whimbrel.smtp.SmtpCommand.Refused;
import io.whimbrel.smtp.SmtpInput.DataEnd;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class SmtpInputTest {

    @Test
    void commands_areReadHoweverTheyAreSplit() throws IOException {
        String sent = "EHLO a\r\nNOOP\r\nQUIT\r\n";
        for (int split = 0; split <= sent.length(); split++) {
            var input = new SmtpInput(new PiecesStream(bytes(sent), split));
            assertThat(readAll(input)).containsExactly(new Ehlo("a"), new Noop(), new Quit());
        }
    }

    @Test
    void hasCommand_onlyWhereAWholeLineWaits() throws IOException {
        var input = new SmtpInput(new PiecesStream(bytes("NOOP\r\nNOOP\r\nQUI"), 100));
        assertThat(input.hasCommand()).isFalse();
        assertThat(input.readCommand()).contains(new Noop());
        assertThat(input.hasCommand()).isTrue();
        assertThat(input.readCommand()).contains(new Noop());
        assertThat(input.hasCommand()).isFalse();
        assertThat(input.readCommand()).isEmpty();
    }

    @Test
    void discardBuffered_forgetsWhatCameBehindACommand() throws IOException {
        var in = new PiecesStream(bytes("NOOP\r\nEHLO evil\r\nQUI"), 100);
        var input = new SmtpInput(in);
        assertThat(input.readCommand()).contains(new Noop());
        assertThat(input.discardBuffered()).isTrue();
        assertThat(input.hasCommand()).isFalse();
        assertThat(input.discardBuffered()).isFalse();
        assertThat(input.readCommand()).isEmpty();

        var other = new SmtpInput(new PiecesStream(bytes("NOOP\r\nQUIT\r\n"), 6));
        assertThat(other.readCommand()).contains(new Noop());
        assertThat(other.discardBuffered()).isFalse();
        assertThat(other.readCommand()).contains(new Quit());
    }

    @Test
    void line_atTheLimit_isRead_andBeyondIt_isRefused() throws IOException {
        for (int length = SmtpInput.COMMAND_LINE_MAX - 2; length < 9_000; length += 7) {
            String line = "NOOP " + "x".repeat(length - 5);
            var input = new SmtpInput(new PiecesStream(bytes(line + "\r\nQUIT\r\n"), 100));
            boolean fits = length <= SmtpInput.COMMAND_LINE_MAX;
            SmtpCommand first = input.readCommand().orElseThrow();
            assertThat(first).isInstanceOf(fits ? Noop.class : Refused.class);
            if (first instanceof Refused(SmtpReply reply)) {
                assertThat(reply.toString()).startsWith("500 5.5.2");
            }
            assertThat(input.readCommand()).contains(new Quit());
        }
    }

    /// RFC 4954 §4: an initial response may be a token of some kilobytes.
    @Test
    void lineOfAuth_mayBeThreeTimesAsLong() throws IOException {
        for (int length = 4_000; length < 20_000; length += 119) {
            String line = "auth XOAUTH2 " + "x".repeat(length - 13);
            var input = new SmtpInput(new PiecesStream(bytes(line + "\r\nQUIT\r\n"), 700));
            boolean fits = length <= SmtpInput.AUTH_LINE_MAX;
            SmtpCommand first = input.readCommand().orElseThrow();
            assertThat(first).isInstanceOf(fits ? SmtpCommand.Auth.class : Refused.class);
            if (first instanceof Refused(SmtpReply reply)) {
                assertThat(reply.toString()).startsWith("500 5.5.6");
            }
            assertThat(input.readCommand()).contains(new Quit());
        }
    }

    @Test
    void line_withoutEnd_isGivenUp() throws IOException {
        var endless = new PiecesStream(bytes("x".repeat(1_000_000)), 5);
        assertThat(new SmtpInput(endless).readCommand().orElseThrow()).isInstanceOf(Broken.class);
        assertThat(endless.position).isLessThan(100_000);
    }

    @Test
    void bdatLine_beyondTheLimit_breaksTheStream_whereverItIsSplit() throws IOException {
        for (int spaces : new int[] {SmtpInput.COMMAND_LINE_MAX, 20_000}) {
            String line = "BDAT 20" + " ".repeat(spaces) + "LAST\r\nQUIT\r\n";
            for (int split = 0; split <= line.length(); split += 97) {
                var input = new SmtpInput(new PiecesStream(bytes(line), split));
                assertThat(input.readCommand().orElseThrow()).isInstanceOf(Broken.class);
            }
        }
    }

    @Test
    void strayControls_breakTheStream_whereverItIsSplit() throws IOException {
        List<String> lines =
                List.of(
                        "NOOP\nQUIT\r\n",
                        "NOOP\rQUIT\r\n",
                        "NOOP\0QUIT\r\n",
                        "\nQUIT\r\n",
                        "NOOP\r\rQUIT\r\n",
                        "x".repeat(5_000) + "\nQUIT\r\n",
                        "x".repeat(5_000) + "\rQUIT\r\n",
                        "x".repeat(5_000) + "\0QUIT\r\n");
        for (String line : lines) {
            for (int split = 0; split <= line.length(); split += line.length() > 100 ? 97 : 1) {
                var input = new SmtpInput(new PiecesStream(bytes(line), split));
                assertThat(input.readCommand().orElseThrow())
                        .as("%s split at %d", line, split)
                        .isInstanceOf(Broken.class);
            }
        }
    }

    @Test
    void data_ofRandomLines_isUnstuffedLikeTheReference() throws IOException {
        long seed = 41;
        var random = new Random(seed);
        for (int round = 0; round < 2_000; round++) {
            String body = randomBody(random);
            String sent = stuffed(body) + ".\r\nQUIT\r\n";
            var input = new SmtpInput(new PiecesStream(bytes(sent), random.nextInt(60)));
            var taken = new ByteArrayOutputStream();
            var decoder = new DataDecoder(taken::write);
            assertThat(input.readData(decoder, Long.MAX_VALUE)).isEqualTo(DataEnd.COMPLETE);
            assertThat(decoder.defect()).isEmpty();
            assertThat(taken.toString(StandardCharsets.ISO_8859_1))
                    .as("seed %d round %d", seed, round)
                    .isEqualTo(body);
            assertThat(decoder.isEightBit()).isEqualTo(body.chars().anyMatch(c -> c > 127));
            assertThat(input.readCommand()).contains(new Quit());
        }
    }

    @Test
    void data_thatDoesNotEnd_isToldFromDataThatIsCutOff() throws IOException {
        var cut = new SmtpInput(new PiecesStream(bytes("abc\r\n"), 2));
        assertThat(cut.readData(new DataDecoder((_, _, _) -> {}), 100)).isEqualTo(DataEnd.GONE);
        var endless = new SmtpInput(new PiecesStream(bytes("abc\r\n".repeat(10_000)), 2));
        assertThat(endless.readData(new DataDecoder((_, _, _) -> {}), 100))
                .isEqualTo(DataEnd.TOO_MUCH);
    }

    @Test
    void chunk_isCountedOff_andTheNextCommandFollows() throws IOException {
        String sent = "BDAT 40000\r\n" + "x\r\n".repeat(13_333) + "yQUIT\r\n";
        for (int split : new int[] {0, 1, 11, 12, 13, 500, 20_000, 40_011, 40_012, 40_013}) {
            var input = new SmtpInput(new PiecesStream(bytes(sent), split));
            assertThat(input.readCommand()).contains(new SmtpCommand.Bdat(40_000, false));
            var taken = new ByteArrayOutputStream();
            var decoder = new ChunkDecoder(taken::write);
            assertThat(input.readChunk(40_000, decoder)).isTrue();
            decoder.end();
            assertThat(taken.size()).isEqualTo(40_002);
            assertThat(taken.toString(StandardCharsets.US_ASCII)).endsWith("x\r\ny\r\n");
            assertThat(input.readCommand()).contains(new Quit());
        }
    }

    private static List<SmtpCommand> readAll(SmtpInput input) throws IOException {
        List<SmtpCommand> commands = new ArrayList<>();
        var command = input.readCommand();
        while (command.isPresent()) {
            commands.add(command.get());
            command = input.readCommand();
        }
        return commands;
    }

    private static String randomBody(Random random) {
        var body = new StringBuilder();
        int lines = random.nextInt(12);
        for (int i = 0; i < lines; i++) {
            int length = random.nextInt(random.nextInt(20) == 0 ? 40_000 : 8);
            for (int j = 0; j < length; j++) {
                body.append(random.nextInt(3) == 0 ? '.' : (char) (' ' + random.nextInt(224)));
            }
            body.append("\r\n");
        }
        return body.toString();
    }

    private static String stuffed(String body) {
        String text = body.replace("\r\n.", "\r\n..");
        return text.startsWith(".") ? "." + text : text;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /// Gives the first `split` bytes in one read, then one byte, then what is left.
    static final class PiecesStream extends InputStream {
        private final byte[] bytes;
        private final int[] stops;
        private int position;

        PiecesStream(byte[] bytes, int split) {
            this.bytes = bytes;
            int first = Math.min(split, bytes.length);
            this.stops = new int[] {first, Math.min(first + 1, bytes.length), bytes.length};
        }

        @Override
        public int read() {
            return position == bytes.length ? -1 : bytes[position++] & 0xff;
        }

        @Override
        public int read(byte[] to, int from, int length) {
            if (position == bytes.length) {
                return -1;
            }
            int stop = bytes.length;
            for (int candidate : stops) {
                if (candidate > position) {
                    stop = candidate;
                    break;
                }
            }
            int count = Math.min(length, stop - position);
            System.arraycopy(bytes, position, to, from, count);
            position += count;
            return count;
        }
    }
}
