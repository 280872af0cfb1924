package io.whimbrel.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

class DataReaderTest {

    @Test
    void anyMessage_comesBackAsStuffed() throws IOException {
        long seed = 7;
        var random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            String message = message(random);
            String stuffed =
                    (message.startsWith(".") ? "." : "") + message.replace("\r\n.", "\r\n..");
            var wire = wire(stuffed + ".\r\nNOOP\r\n", random);
            var body = new Body(1_000);
            DataReader.read(wire, body);
            assertThat(new String(body.kept(), StandardCharsets.ISO_8859_1))
                    .as("seed %d", seed)
                    .isEqualTo(message);
            assertThat(wire.readLine()).isEqualTo(new Wire.Line.Text("NOOP"));
        }
    }

    @Test
    void body_countsAllAndKeepsTheFirst() throws IOException {
        var body = new Body(10);
        DataReader.read(wire("0123456789abcdef\r\n.\r\n", new Random(1)), body);
        assertThat(body.size()).isEqualTo(18);
        assertThat(body.kept()).isEqualTo("0123456789".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void messageId_isFoundInTheHeaderOnly() {
        assertThat(messageId("Subject: a\r\nMESSAGE-ID:  <1@b>\r\n\r\nx")).isEqualTo("<1@b>");
        assertThat(messageId("Message-ID:\r\n <2@b>\r\n\r\nx")).isEqualTo("<2@b>");
        assertThat(messageId("Message-ID: odd\r\n\r\n<x>")).isEqualTo("odd");
        assertThat(messageId("Subject: a\r\n\r\nMessage-ID: <1@b>\r\n")).isEmpty();
        assertThat(messageId("")).isEmpty();
    }

    private static String messageId(String message) {
        var body = new Body(1_000);
        byte[] bytes = message.getBytes(StandardCharsets.ISO_8859_1);
        body.add(bytes, 0, bytes.length);
        return body.messageId();
    }

    /// A message of awkward octets that is empty or ends with CRLF.
    private static String message(Random random) {
        var message = new StringBuilder();
        for (int length = random.nextInt(20); length > 0; length--) {
            message.append("\r\n..ax\0".charAt(random.nextInt(7)));
            if (random.nextInt(4) == 0) {
                message.append("\r\n");
            }
        }
        return message.isEmpty() ? "" : message + "\r\n";
    }

    /// A wire that delivers `text` in pieces of random length.
    private static Wire wire(String text, Random random) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        var pieces =
                new InputStream() {
                    private int position;

                    @Override
                    public int read() {
                        return position < bytes.length ? bytes[position++] & 0xff : -1;
                    }

                    @Override
                    public int read(byte[] into, int offset, int length) {
                        int count = Math.min(1 + random.nextInt(5), bytes.length - position);
                        if (count == 0) {
                            return -1;
                        }
                        System.arraycopy(bytes, position, into, offset, count);
                        position += count;
                        return count;
                    }
                };
        OutputStream nowhere = new ByteArrayOutputStream();
        return new Wire(pieces, nowhere);
    }
}
