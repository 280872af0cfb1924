package io.whimbrel.submission;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.submission.SendmailOptions.Mode;
import io.whimbrel.submission.SendmailOptions.Parsed;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

class SendmailOptionsTest {
    private static final String LETTERS = "-tibfFrNRVBOCoeqAhvm<>@ \u00e4s,p";

    /// Command lines as programs write them; then `t` and `i`, sender (`-`: none given), full name,
    /// recipients.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            emptyValue = "",
            value = {
                // PHP's default, and what its additional parameters become.
                "-t -i                                        | ti | -         | ''         | ''",
                "-t -i -fweb@shop.example                     | ti | web@shop.example | ''  | ''",
                // Debian's cron, Red Hat's cron.
                "-i -FCronDaemon -B8BITMIME -oem root         | i  | -         | CronDaemon | root",
                "-FCronDaemon -i -odi -oem -oi -t -f root     | ti | root      | CronDaemon | ''",
                // mutt, and mutt with use_envelope_from and dsn.
                "-oem -oi -- a@x.example b@x.example     | i  | -  | '' | a@x.example b@x.example",
                "-oem -oi -f ann@x.example -N failure -R hdrs -- b@x.example"
                        + "                                | i  | ann@x.example | '' | b@x.example",
                // git send-email, bsd-mailx, s-nail, logwatch, Nagios, Django, Perl's MIME::Lite.
                "-i a@x.example b@x.example              | i  | -  | '' | a@x.example b@x.example",
                "-i -t                                        | ti | -         | ''         | ''",
                "-oi -oem -f ann@x.example -r ann@x.example b@x.example"
                        + "                                | i  | ann@x.example | '' | b@x.example",
                "-t                                           | t  | -         | ''         | ''",
                "-ti                                          | ti | -         | ''         | ''",
                "-it                                          | ti | -         | ''         | ''",
                "-t -oi -oem                                  | ti | -         | ''         | ''",
                "-bm -f <> a@x.example                        |    | ''        | '' | a@x.example",
                "-f<> a@x.example                             |    | ''        | '' | a@x.example",
                "-oi -f <ann@x.example> -- -odd@x.example | i | ann@x.example | '' |"
                        + " -odd@x.example",
                "-G -i -U -v -n -m -Am -Cdir -X log -h 3 -p esmtp -L tag a | i | - | '' | a",
                "-oMr -oo -om -oee -em -d8.1 -O IgnoreDots=false -OTimeout.queue=1h a | | - | '' |"
                        + " a",
                "- a                                          |    | -         | ''         | - a"
            })
    void commandLine_isRead(
            String line, String flags, String sender, String fullName, String recipients) {
        SendmailOptions options = options(line.split(" +"));

        String given = flags == null ? "" : flags;
        assertThat(options.mode()).isEqualTo(Mode.SEND);
        assertThat(options.takesHeader()).isEqualTo(given.contains("t"));
        assertThat(options.ignoresDots()).isEqualTo(given.contains("i"));
        assertThat(options.sender().orElse("-")).isEqualTo(sender);
        assertThat(options.fullName()).isEqualTo(fullName);
        assertThat(String.join(" ", options.recipients())).isEqualTo(recipients);
    }

    @ParameterizedTest
    @CsvSource({
        "-bp,LIST",
        "-bs,SMTP",
        "-bi,NOTHING",
        "-bd,NOTHING",
        "-q,NOTHING",
        "-q15m,NOTHING",
        "-I,NOTHING",
        "-bm,SEND"
    })
    void modes(String word, Mode mode) {
        assertThat(options(word).mode()).isEqualTo(mode);
    }

    @Test
    void listingStays_whereAQueueRunIsAskedForToo() {
        assertThat(options("-bp", "-q").mode()).isEqualTo(Mode.LIST);
        assertThat(options("-b", "d", "-q30m").mode()).isEqualTo(Mode.NOTHING);
    }

    @Test
    void notices_areThoseOfRfc3461() {
        SendmailOptions options =
                options("-N", "success,delay", "-Rfull", "-V", "a+b c", "-B", "8bitmime", "x");

        assertThat(options.notice().parameter()).isEqualTo("SUCCESS,DELAY");
        assertThat(options.parameters().dsnReturn()).isEqualTo(DsnReturn.FULL);
        assertThat(options.parameters().envelopeId()).isEqualTo("a+2Bb+20c");
        assertThat(options.parameters().bodyType()).isEqualTo(BodyType.EIGHT_BIT_MIME);
        assertThat(options("-N", "never", "x").notice().parameter()).isEqualTo("NEVER");
    }

    @Test
    void anEmptyWord_isTheNullSender() {
        assertThat(options("-f", "", "a").sender()).contains("");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-f",
                "-y",
                "-tz",
                "--help",
                "-bv",
                "-bt",
                "-N sometimes",
                "-R none",
                "-B x"
            })
    void unknownOrIncomplete_isWrong(String line) {
        assertThat(SendmailOptions.parse(List.of(line.split(" "))))
                .isInstanceOf(Parsed.Wrong.class);
    }

    @Test
    void tooManyWords_areWrong() {
        List<String> words = Collections.nCopies(SendmailOptions.WORDS_MAX + 1, "a");
        assertThat(SendmailOptions.parse(words)).isInstanceOf(Parsed.Wrong.class);
    }

    @Test
    void randomWords_haveAnAnswer() {
        long seed = 20261127;
        var random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            var text = new StringBuilder();
            for (int i = random.nextInt(30); i > 0; i--) {
                text.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
            }
            assertThat(check(text.toString())).as("seed %s: %s", seed, text).isTrue();
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyWords_haveAnAnswer(byte[] bytes) {
        assertThat(check(new String(bytes, StandardCharsets.UTF_8))).isTrue();
    }

    private static boolean check(String line) {
        List<String> words = Arrays.asList(line.split(" "));
        return switch (SendmailOptions.parse(words)) {
            case Parsed.Wrong(String reason) -> !reason.isEmpty();
            case Parsed.Options(SendmailOptions options) ->
                    new ArrayList<>(words).containsAll(options.recipients());
        };
    }

    private static SendmailOptions options(String... words) {
        return switch (SendmailOptions.parse(List.of(words))) {
            case Parsed.Options(SendmailOptions options) -> options;
            case Parsed.Wrong(String reason) -> throw new AssertionError(reason);
        };
    }
}
