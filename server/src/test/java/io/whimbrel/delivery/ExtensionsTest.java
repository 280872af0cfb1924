package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.smtp.SmtpReply;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;
import java.util.OptionalLong;
import java.util.Random;

final class ExtensionsTest {

    @Test
    void keywords_areReadInAnyCase() {
        Extensions offered =
                parse("mx.test", "pipelining", "Size 1000", "8bitmime", "SMTPUTF8", "DSN x", "?");

        assertThat(offered)
                .isEqualTo(
                        new Extensions(
                                true,
                                true,
                                1_000,
                                true,
                                true,
                                false,
                                true,
                                false,
                                false,
                                OptionalLong.empty(),
                                Extensions.Limits.NONE,
                                List.of()));
    }

    @ParameterizedTest
    @CsvSource({"AUTH plain  LOGIN, PLAIN LOGIN", "AUTH, ''", "auth SCRAM-SHA-256, SCRAM-SHA-256"})
    void mechanismsOfAuth_areListed(String line, String mechanisms) {
        assertThat(String.join(" ", parse("mx.test", line).auth())).isEqualTo(mechanisms);
    }

    @Test
    void firstLine_isTheNameOfTheHost() {
        assertThat(parse("STARTTLS")).isEqualTo(Extensions.NONE);
    }

    @ParameterizedTest
    @CsvSource({
        "SIZE, 0",
        "SIZE 0, 0",
        "SIZE x, 0",
        "SIZE 99999999999999999999, 0",
        "SIZE 123, 123"
    })
    void size_isALimitWhereItIsANumber(String line, long sizeMax) {
        assertThat(parse("mx.test", line).sizeMax()).isEqualTo(sizeMax);
    }

    @Test
    void size_isExceededByMoreOnly() {
        assertThat(parse("mx.test", "SIZE 100").isTooLarge(100)).isFalse();
        assertThat(parse("mx.test", "SIZE 100").isTooLarge(101)).isTrue();
        assertThat(parse("mx.test", "SIZE").isTooLarge(Long.MAX_VALUE)).isFalse();
    }

    @Test
    void anyLines_neverFail() {
        var random = new Random(11);
        String alphabet = "LIMITS DELIVERBY RCPTMAX,SIZE 8BITMIME-0129\u00e9\t=";
        for (int i = 0; i < 5_000; i++) {
            var line = new StringBuilder();
            for (int n = random.nextInt(30); n > 0; n--) {
                line.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            assertThat(parse("mx.test", line.toString()).sizeMax()).isNotNegative();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "LIMITS MAILMAX=20 RCPTMAX=50 RCPTDOMAINMAX=1, 20, 50",
        "limits rcptmax=7, 0, 7",
        "LIMITS, 0, 0",
        "LIMITS RCPTMAX, 0, 0",
        "LIMITS =5  RCPTMAX=x MAILMAX=3=4, 0, 0",
        "LIMITS RCPTMAX=0, 0, 0"
    })
    void limits_areThoseThatAreNumbers(String line, long mailMax, long rcptMax) {
        assertThat(parse("mx.test", line).limits())
                .isEqualTo(new Extensions.Limits(mailMax, rcptMax));
    }

    @ParameterizedTest
    @CsvSource({"DELIVERBY, 0", "DELIVERBY 240, 240", "'DELIVERBY 60,X', 60", "DELIVERBY x, 0"})
    void deliverBy_hasAShortestTimeOrNone(String line, long least) {
        assertThat(parse("mx.test", line).deliverBy()).hasValue(least);
        assertThat(parse("mx.test").deliverBy()).isEmpty();
    }

    @Test
    void mtPriority_isOfferedWithAnyProfile() {
        assertThat(parse("mx.test", "MT-PRIORITY STANAG4406").mtPriority()).isTrue();
        assertThat(parse("mx.test", "MT-PRIORITYX").mtPriority()).isFalse();
    }

    private static Extensions parse(String... lines) {
        return Extensions.parse(SmtpReply.plain(250, lines));
    }
}
