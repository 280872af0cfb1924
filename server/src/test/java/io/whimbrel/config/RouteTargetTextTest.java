package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.routing.RouteTarget;
import io.whimbrel.toml.ValueKind.Reading;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.charset.StandardCharsets;
import java.util.Random;

/// Whatever stands in `to`: an answer, and what is good is rendered so that it reads the same.
final class RouteTargetTextTest {
    private static final String[] PIECES = {
        "smtp",
        "smtps",
        "lmtp",
        "http",
        "https",
        "mx",
        "discard",
        "refuse",
        ":",
        "://",
        "//",
        "/",
        "unix:",
        "[",
        "]",
        "::1",
        "a.example",
        "127.0.0.1",
        "25",
        "70000",
        "@",
        "?",
        "#",
        "%",
        "%2",
        "\u00e4",
        "\u0000",
        " ",
        "..",
        "-",
        "\n",
        "\ud800"
    };

    @ParameterizedTest
    @CsvSource({
        "mx, mx",
        "mx:Example.NET, mx:example.net",
        "smtp://A.example, smtp://a.example:25",
        "smtp://[::1]:26, smtp://[::1]:26",
        "smtps://a.example, smtps://a.example:465",
        "lmtp://a.example:24, lmtp://a.example:24",
        "lmtp:unix:/run/a/../lmtp, lmtp:unix:/run/lmtp",
        "https://a.example/x?y=z, https://a.example/x?y=z",
        "http://[::1]:8080/, http://[::1]:8080/",
        "discard, discard",
        "refuse, refuse"
    })
    void goodTargets_areReadAndWritten(String text, String rendered) {
        assertThat(RouteTargetText.read(text))
                .isInstanceOfSatisfying(
                        Reading.Good.class,
                        good ->
                                assertThat(((RouteTarget) good.value()).text())
                                        .isEqualTo(rendered));
    }

    @Test
    void randomPieces_haveAnAnswer() {
        long seed = 11;
        var random = new Random(seed);
        int good = 0;
        for (int i = 0; i < 50_000; i++) {
            var text = new StringBuilder();
            for (int j = random.nextInt(7); j >= 0; j--) {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
            good += check(text.toString(), "seed " + seed + ", round " + i) ? 1 : 0;
        }
        assertThat(good).isPositive();
    }

    @FuzzTest(maxDuration = "30s")
    void anyText_hasAnAnswer(byte[] bytes) {
        check(new String(bytes, StandardCharsets.UTF_8), "fuzz");
    }

    private static boolean check(String text, String where) {
        return switch (RouteTargetText.read(text)) {
            case Reading.Good<RouteTarget>(RouteTarget target) -> {
                assertThat(RouteTargetText.read(target.text()))
                        .as(where + ": " + text)
                        .isEqualTo(new Reading.Good<>(target));
                yield true;
            }
            case Reading.Bad<RouteTarget>(var problems) -> {
                assertThat(problems).as(where).isNotEmpty();
                yield false;
            }
        };
    }
}
