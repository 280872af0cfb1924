package io.whimbrel.simulator.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.simulator.demo.Results.ReplyCount;
import io.whimbrel.simulator.demo.Results.Row;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;

class ResultsTextTest {
    private static final Row GMAIL =
            new Row(
                    "gmail",
                    1_680,
                    1_668,
                    312,
                    9,
                    3,
                    new Waits(234, 4_400, 8_306),
                    List.of(
                            new ReplyCount("421 4.7.28 Gmail has", 303),
                            new ReplyCount("550 no", 9)));
    private static final Row IDLE =
            new Row("idle", 0, 0, 0, 0, 0, Waits.of(new long[0]), List.of());
    private static final Results RESULTS =
            new Results(List.of(GMAIL, IDLE), GMAIL, List.of(IDLE), Map.of(), List.of());

    @Test
    void table_hasARowForEachProviderWithItsRepliesAndATotal() {
        assertThat(ResultsText.byProvider(RESULTS).lines().map(String::stripTrailing))
                .startsWith(
                        "PROVIDER    ACCEPTED  DELIVERED  DEFERRED  BOUNCED  QUEUED   TIME 50%     "
                                + " 95%  LONGEST",
                        "gmail          1,680      1,668       312        9       3     0.23 s  "
                                + " 4.40 s   8.31 s",
                        "       303 x 421 4.7.28 Gmail has",
                        "         9 x 550 no",
                        "idle               0          0         0        0       0          -     "
                                + "   -        -")
                .hasSize(6);
    }

    @Test
    void table_isNoWiderThan100Columns() {
        String longest = "x".repeat(ReplyText.LENGTH_MAX);
        var row =
                new Row(
                        "smallpost",
                        100_000,
                        100_000,
                        1_000_000,
                        100_000,
                        100_000,
                        new Waits(1_000_000, 1_000_000, 1_000_000),
                        List.of(new ReplyCount(longest, 1_000_000)));
        var results = new Results(List.of(row), row, List.of(row), Map.of(), List.of());
        assertThat((ResultsText.byProvider(results) + ResultsText.byTenant(results)).lines())
                .hasSizeGreaterThan(4)
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(100));
    }

    @Test
    void verdict_saysWhatDiffers() {
        assertThat(ResultsText.verdict(RESULTS, List.of()))
                .startsWith("It adds up: accepted 1,680 = delivered 1,668 + bounced 9 + queued 3.");
        assertThat(ResultsText.verdict(RESULTS, List.of("this", "that")))
                .startsWith("It does not add up:")
                .contains("this", "that")
                .doesNotContain("It adds up");
    }

    @Test
    void json_saysTheSame() {
        String line = ResultsJson.of(Map.of("seed", 7), RESULTS, List.of("this"));
        JsonNode document = JsonMapper.shared().readTree(line);
        assertThat(line).doesNotContain("\n");
        assertThat(document.at("/run/seed").asInt()).isEqualTo(7);
        assertThat(document.at("/providers/0/delivered").asInt()).isEqualTo(1_668);
        assertThat(document.at("/providers/0/time_longest_ms").asInt()).isEqualTo(8_306);
        assertThat(document.at("/providers/0/replies/0/count").asInt()).isEqualTo(303);
        assertThat(document.at("/total/queued").asInt()).isEqualTo(3);
        assertThat(document.at("/tenants/0/name").asString()).isEqualTo("idle");
        assertThat(document.at("/differences/0").asString()).isEqualTo("this");
    }

    @Test
    void waits_areOfTheSortedTimes() {
        long[] hundred = new long[100];
        for (int i = 0; i < 100; i++) {
            hundred[i] = 100L - i;
        }
        assertThat(Waits.of(hundred)).isEqualTo(new Waits(50, 95, 100));
        assertThat(hundred[0]).isEqualTo(100);
        assertThat(Waits.of(new long[] {7})).isEqualTo(new Waits(7, 7, 7));
        assertThat(Waits.of(new long[] {9, 1, 5})).isEqualTo(new Waits(5, 9, 9));
    }

    private static String reply(int code, String enhanced, String text) {
        return ReplyText.of(
                new EventLine("deferred", "1", "x@a.test", "", code, enhanced, text, 0));
    }

    @Test
    void equalReasons_readAlike() {
        assertThat(reply(550, "5.1.1", "5.1.1 <x@a.test>: no\r\nsuch user"))
                .isEqualTo(reply(550, "5.1.1", "<y@a.test>: no such user"))
                .isEqualTo("550 5.1.1 <...> no such user");
        assertThat(reply(0, "4.4.1", "connection refused")).isEqualTo("4.4.1 connection refused");
        assertThat(reply(421, "", "")).isEqualTo("421");
        assertThat(reply(450, "4.2.1", "y".repeat(500)))
                .hasSize(ReplyText.LENGTH_MAX)
                .endsWith("y...");
    }

    @Test
    void progress_isOneLineOnATerminalAndOneASecondElsewhere() {
        assertThat(Screen.progressLine(1_200, 2_000, GMAIL, Duration.ofMillis(9_900)))
                .isEqualTo(
                        "sent 1,200/2,000  delivered 1,668  deferred 312  bounced 9  queued 3  9"
                                + " s");
        assertThat(shown(false)).isEqualTo("0\n1000\n2100\nend\n");
        assertThat(shown(true))
                .isEqualTo(
                        """
                        \r\u001b[2K0\r\u001b[2K100\r\u001b[2K1000\r\u001b[2K1900\
                        \r\u001b[2K2100
                        end
                        """);
    }

    private static String shown(boolean isTerminal) {
        var bytes = new ByteArrayOutputStream();
        var screen = new Screen(new PrintStream(bytes, false, StandardCharsets.UTF_8), isTerminal);
        for (long millis : new long[] {0, 100, 1_000, 1_900, 2_100}) {
            screen.progress(Long.toString(millis), Duration.ofMillis(millis));
        }
        screen.say("end");
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
