package io.whimbrel.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Random;

class CommandTest {

    @Test
    void mail_withParameters() {
        assertThat(Command.parse("mail from:<a@b.test> SIZE=5  BODY=8BITMIME"))
                .isEqualTo(new Command.Mail("a@b.test", List.of("SIZE=5", "BODY=8BITMIME")));
        assertThat(Command.parse("MAIL FROM:<>")).isEqualTo(new Command.Mail("", List.of()));
    }

    @Test
    void rcpt_withQuotedLocalPart() {
        assertThat(Command.parse("RCPT TO:<\"a > \\\" b\"@c.test> NOTIFY=NEVER"))
                .isEqualTo(new Command.Rcpt("\"a > \\\" b\"@c.test", List.of("NOTIFY=NEVER")));
    }

    @Test
    void malformedPaths_areRefused() {
        for (String line :
                List.of(
                        "MAIL FROM: <a@b.test>",
                        "MAIL FROM:a@b.test",
                        "MAIL FROM:<a@b.test",
                        "MAIL FROM:<a@b.test>SIZE=5",
                        "MAIL FROM:<a b@c.test>",
                        "MAIL FROM:<a>",
                        "MAIL FROM:<@b.test>",
                        "MAIL",
                        "RCPT TO:<>",
                        "RCPT FROM:<a@b.test>",
                        "DATA now",
                        "BDAT -1",
                        "BDAT 5 FIRST",
                        "BDAT 99999999999",
                        "EHLO")) {
            assertThat(Command.parse(line)).as(line).isEqualTo(new Command.Malformed());
        }
    }

    @Test
    void bdat_withAndWithoutLast() {
        assertThat(Command.parse("BDAT 0 last")).isEqualTo(new Command.Bdat(0, true));
        assertThat(Command.parse("BDAT 86")).isEqualTo(new Command.Bdat(86, false));
    }

    @Test
    void anyLine_isUnderstoodSomehow() {
        long seed = 42;
        var random = new Random(seed);
        String alphabet = "MAILRCPTFOBDehlo :<>@\"\\.-=[]0159\t\u00e9\0";
        List<String> starts = List.of("", "MAIL FROM:<", "RCPT TO:<", "BDAT ", "EHLO ");
        for (int round = 0; round < 100_000; round++) {
            var line = new StringBuilder(starts.get(random.nextInt(starts.size())));
            for (int length = random.nextInt(30); length > 0; length--) {
                line.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            Command command = Command.parse(line.toString());
            if (command instanceof Command.Rcpt(String path, List<String> parameters)) {
                String rendered = "RCPT TO:<" + path + "> " + String.join(" ", parameters);
                assertThat(Command.parse(rendered)).as("seed %d", seed).isEqualTo(command);
            }
        }
    }
}
