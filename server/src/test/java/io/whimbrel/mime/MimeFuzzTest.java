package io.whimbrel.mime;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/// Messages of strangers.
class MimeFuzzTest {
    private static final String[] PIECES = {
        "MIME-Version: 1.0\r\n",
        "Content-Type: ",
        "text/plain\r\n",
        "multipart/mixed; boundary=B\r\n",
        "multipart/digest; boundary=BB\r\n",
        "multipart/signed; boundary*0=\"B\"; boundary*1*=%42\r\n",
        "message/rfc822\r\n",
        "message/delivery-status\r\n",
        "message/partial\r\n",
        "application/octet-stream\r\n",
        "Content-Transfer-Encoding: ",
        "8bit\r\n",
        "7bit\r\n",
        "binary\r\n",
        "quoted-printable\r\n",
        "base64\r\n",
        "x-other\r\n",
        "\r\n",
        "\r\n\r\n",
        "\r",
        "\n",
        " ",
        "\t",
        "--",
        "--B",
        "--B\r\n",
        "--BB\r\n",
        "--B--",
        "--BB--\r\n",
        "From a\r\n",
        "text",
        ".",
        "=",
        "=\r\n",
        "=C3",
        "\u00e9",
        "\u00c3\u00a9",
        "\0",
        "no field\r\n",
        "field: \u00e9\r\n"
    };

    @FuzzTest(maxDuration = "30s")
    void message_keepsTheProperties(byte[] bytes) {
        Properties.check("fuzz", bytes);
    }

    @FuzzTest(maxDuration = "30s")
    void quotedPrintable_decodesToTheSame(byte[] bytes) throws Exception {
        checkEncoders(bytes);
    }

    @Test
    void randomPieces_keepTheProperties() throws Exception {
        long seed = 20261128;
        var random = new Random(seed);
        for (int round = 0; round < 4_000; round++) {
            var text = new StringBuilder();
            for (int i = random.nextInt(40); i >= 0; i--) {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
            byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
            try {
                Properties.check("random", bytes);
                checkEncoders(bytes);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ", message " + text, e);
            }
        }
    }

    private static void checkEncoders(byte[] bytes) throws Exception {
        var quoted = new ByteArrayOutputStream();
        write(new QuotedPrintableWriter(quoted::write), bytes);
        assertThat(decoded(quoted, "quoted-printable")).isEqualTo(bytes);
        for (String line : quoted.toString(StandardCharsets.ISO_8859_1).split("\r\n")) {
            assertThat(line.length()).isLessThanOrEqualTo(76);
            assertThat(line).matches("[\\t -~]*").doesNotMatch(".*[ \\t]").doesNotStartWith(".");
        }
        var base64 = new ByteArrayOutputStream();
        write(new Base64Writer(base64::write), bytes);
        assertThat(decoded(base64, "base64")).isEqualTo(bytes);
    }

    private static void write(BodyWriter writer, byte[] bytes) {
        int half = bytes.length / 2;
        writer.write(bytes, 0, half);
        writer.write(bytes, half, bytes.length - half);
        writer.finish();
    }

    private static byte[] decoded(ByteArrayOutputStream encoded, String encoding) throws Exception {
        var in = new ByteArrayInputStream(encoded.toByteArray());
        return jakarta.mail.internet.MimeUtility.decode(in, encoding).readAllBytes();
    }
}
