package io.whimbrel.header;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;

class TimeTextTest {
    private static final Instant NOW = Instant.parse("2026-11-03T10:15:30Z");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2026-11-27T18:00:00+01:00        | 2026-11-27T17:00:00Z",
                "2026-11-27T18:00:00.5Z           | 2026-11-27T18:00:00.500Z",
                "2026-11-27T18:00Z                | 2026-11-27T18:00:00Z",
                "Fri, 27 Nov 2026 18:00:00 +0100  | 2026-11-27T17:00:00Z",
                "Fri, 27 Nov 2026 18:00:00 GMT    | 2026-11-27T18:00:00Z",
                "27 Nov 2026 18:00:00 -0000       | 2026-11-27T18:00:00Z",
                "1793704530                       | 2026-11-03T11:15:30Z",
                "0s                               | 2026-11-03T10:15:30Z",
                "90m                              | 2026-11-03T11:45:30Z",
                "2h                               | 2026-11-03T12:15:30Z",
                "3659d                            | 2036-11-09T10:15:30Z"
            })
    void time_isRead(String text, Instant time) {
        assertThat(TimeText.parse(text, NOW)).contains(time);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "s",
                "m",
                "-1s",
                "1w",
                "90",
                "90 m",
                "1.5h",
                "999999999d",
                "9999999999s",
                "3660d",
                "0000000000",
                "9999999999",
                "tomorrow",
                "2026-11-27",
                "2026-11-27T18:00:00",
                "Mon, 27 Nov 2026 18:00:00 +0100",
                "Fri, 27 Nov 2026 18:00:00 CET",
                "+999999999-12-31T23:59:59Z",
                "\u0661h"
            })
    void otherText_isNone(String text) {
        assertThat(TimeText.parse(text, NOW)).isEmpty();
    }

    @FuzzTest(maxDuration = "30s")
    void anyText_hasAnAnswer(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        TimeText.parse(text, NOW)
                .ifPresent(time ->
                        assertThat(Duration.between(NOW, time).abs())
                                .isLessThan(Duration.ofDays(3_660)));
    }
}
