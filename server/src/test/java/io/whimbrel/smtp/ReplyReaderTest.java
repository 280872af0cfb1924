package io.whimbrel.smtp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

final class ReplyReaderTest {

    @Test
    void read_oneLine_splitsCodeStatusAndText() throws IOException {
        SmtpReply reply = reader("250 2.1.0 Sender ok\r\n").read();

        assertThat(reply).isEqualTo(SmtpReply.of(250, 2, 1, 0, "Sender ok"));
    }

    @Test
    void read_severalLines_keepsEachWithoutStatus() throws IOException {
        SmtpReply reply = reader("550-5.7.1 Blocked\r\n550 5.7.1 see http://x\r\n").read();

        assertThat(reply.status()).contains(new EnhancedStatus(5, 7, 1));
        assertThat(reply.lines()).containsExactly("Blocked", "see http://x");
    }

    @Test
    void read_statusOnFirstLineOnly_leavesTheOthers() throws IOException {
        SmtpReply reply = reader("421-4.7.0 Slow down\r\n421 and come back\r\n").read();

        assertThat(reply.lines()).containsExactly("Slow down", "and come back");
    }

    @Test
    void read_ehlo_keepsKeywords() throws IOException {
        SmtpReply reply = reader("250-mx.test\r\n250-SIZE 100\r\n250 8BITMIME\r\n").read();

        assertThat(reply.lines()).containsExactly("mx.test", "SIZE 100", "8BITMIME");
    }

    @ParameterizedTest
    @ValueSource(strings = {"250\r\n", "250 \r\n", "250\n"})
    void read_withoutText_isAReply(String wire) throws IOException {
        assertThat(reader(wire).read()).isEqualTo(SmtpReply.plain(250, ""));
    }

    @Test
    void read_twoRepliesInOnePacket_givesThemInTurn() throws IOException {
        ReplyReader reader = reader("250 a\r\n354 b\r\n");

        assertThat(reader.read().code()).isEqualTo(250);
        assertThat(reader.hasBuffered()).isTrue();
        assertThat(reader.read().code()).isEqualTo(354);
        assertThat(reader.hasBuffered()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\r\n", "25\r\n", "HTTP/1.1 400\r\n", "150 x\r\n", "650 x\r\n", "250x\r\n"})
    void read_garbage_isAProtocolError(String wire) {
        assertThatThrownBy(reader(wire)::read)
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("not an SMTP reply");
    }

    @Test
    void read_closedInTheMiddle_isAnEndOfFile() {
        assertThatThrownBy(reader("250-first\r\n250 sec")::read).isInstanceOf(EOFException.class);
    }

    @Test
    void read_longLine_isCut() throws IOException {
        SmtpReply reply = reader("250 " + "x".repeat(5_000) + "\r\n250 next\r\n").read();

        assertThat(reply.text()).hasSize(ReplyReader.TEXT_BYTES_MAX);
    }

    @Test
    void read_endlessLine_isRefused() {
        assertThatThrownBy(reader("250 " + "x".repeat(100_000))::read)
                .isInstanceOf(ProtocolException.class);
    }

    @Test
    void read_endlessReply_isRefused() {
        assertThatThrownBy(reader("250-x\r\n".repeat(1_000))::read)
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("lines");
    }

    @Test
    void read_controlCharacters_becomeSpaces() throws IOException {
        assertThat(reader("250 a\u0007b\rc\r\n").read().text()).isEqualTo("a b c");
    }

    /// Whatever comes, and however it is cut into packets: replies, or an IOException.
    @Test
    void read_anyBytes_neverFailsOtherwise() {
        for (long seed = 0; seed < 3_000; seed++) {
            var random = new Random(seed);
            ReplyReader reader = new ReplyReader(inPieces(noise(random), random));
            try {
                while (true) {
                    SmtpReply reply = reader.read();
                    assertThat(reply.lines()).hasSizeLessThanOrEqualTo(ReplyReader.LINES_MAX);
                }
            } catch (IOException _) {
                // As promised.
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    @Test
    void read_whatWasEncoded_isTheSameReply() throws IOException {
        for (long seed = 0; seed < 1_000; seed++) {
            var random = new Random(seed);
            SmtpReply reply = anyReply(random);
            byte[] wire = reply.encoded().getBytes(StandardCharsets.UTF_8);
            assertThat(new ReplyReader(inPieces(wire, random)).read())
                    .as("seed %d", seed)
                    .isEqualTo(reply);
        }
    }

    private static SmtpReply anyReply(Random random) {
        List<String> lines = new ArrayList<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            lines.add("text é " + random.nextInt(1_000));
        }
        Optional<EnhancedStatus> status =
                random.nextBoolean()
                        ? Optional.empty()
                        : Optional.of(new EnhancedStatus(4, random.nextInt(9), 7));
        return new SmtpReply(200 + random.nextInt(400), status, lines);
    }

    private static byte[] noise(Random random) {
        String alphabet = "2345 -.\r\n\r\n250 x\u0000\u00ff";
        var bytes = new byte[random.nextInt(4_000)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) alphabet.charAt(random.nextInt(alphabet.length()));
        }
        return bytes;
    }

    private static InputStream inPieces(byte[] bytes, Random random) {
        return new ByteArrayInputStream(bytes) {
            @Override
            public int read(byte[] to, int from, int length) {
                return super.read(to, from, Math.min(length, 1 + random.nextInt(50)));
            }
        };
    }

    private static ReplyReader reader(String wire) {
        return new ReplyReader(
                new ByteArrayInputStream(wire.getBytes(StandardCharsets.ISO_8859_1)));
    }
}
