package io.whimbrel.reaction;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.smtp.EnhancedStatus;
import io.whimbrel.smtp.ReplyReader;
import io.whimbrel.smtp.SmtpReply;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Random;

final class ReplyTextTest {
    private static final int ROUNDS = 20_000;
    private static final String[] PIECES = {
        "421",
        "421-4.7.28 ",
        "421 4.7.28 ",
        "4.7.28",
        "5.1.1 ",
        " ",
        "\t",
        "-",
        "text",
        "550 ",
        "ü",
        "😀",
        "4.7.",
        "x".repeat(500),
        "\u0000"
    };

    private static String wire(String wire) throws IOException {
        var in = new ByteArrayInputStream(wire.getBytes(StandardCharsets.UTF_8));
        return ReplyText.of(new ReplyReader(in).read());
    }

    @Test
    void gmail_isOneSentence() throws IOException {
        String text =
                wire(
                        "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail\r\n"
                            + "421-4.7.28 originating from your IP address. To protect our"
                            + " users,\r\n"
                            + "421 4.7.28 rate limited. p=UnsolicitedRateLimitError - gsmtp\r\n");

        assertThat(text)
                .isEqualTo(
                        "Gmail has detected an unusual rate of unsolicited mail originating from"
                                + " your IP address. To protect our users, rate limited."
                                + " p=UnsolicitedRateLimitError - gsmtp");
    }

    @Test
    void codesThatAProxyRepeats_areTakenAway() {
        var status = new EnhancedStatus(4, 7, 28);
        var reply =
                new SmtpReply(
                        421,
                        Optional.of(status),
                        List.of("421-4.7.28 a  b ", "4.7.28 421 c", "421", "4212 d 421 e"));

        assertThat(ReplyText.of(reply)).isEqualTo("a b c 4212 d 421 e");
    }

    @Test
    void textBeyondTheLimit_isDropped_andNoCharacterIsHalved() {
        String many = "x".repeat(ReplyText.CHARS_MOST - 1) + "😀";

        assertThat(ReplyText.of(SmtpReply.plain(421, many))).hasSize(ReplyText.CHARS_MOST - 1);
        assertThat(ReplyText.of(SmtpReply.plain(421, many, many))).doesNotContain("😀");
    }

    @Test
    void randomReplies_becomeOneLineWithoutCodes() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            String[] lines = new String[1 + random.nextInt(4)];
            for (int i = 0; i < lines.length; i++) {
                var line = new StringBuilder();
                for (int pieces = random.nextInt(5); pieces > 0; pieces--) {
                    line.append(PIECES[random.nextInt(PIECES.length)]);
                }
                lines[i] = line.toString();
            }
            check(SmtpReply.plain(421, lines), "seed " + seed + ", round " + round);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyReply_becomesOneLineWithoutCodes(byte[] bytes) {
        String[] lines = new String(bytes, StandardCharsets.UTF_8).split("[\r\n]+");
        if (lines.length > 0) {
            check(SmtpReply.plain(421, lines), "fuzz");
        }
    }

    private static void check(SmtpReply reply, String where) {
        String text = ReplyText.of(reply);
        assertThat(text.length()).as(where).isLessThanOrEqualTo(ReplyText.CHARS_MOST);
        assertThat(text).as(where).doesNotContainPattern("\\p{Cntrl}|  |^ | $");
        assertThat(ReplyText.of(SmtpReply.plain(421, text))).as(where).isEqualTo(text);
        assertThat(StandardCharsets.UTF_8.newEncoder().canEncode(text)).as(where).isTrue();
    }
}
