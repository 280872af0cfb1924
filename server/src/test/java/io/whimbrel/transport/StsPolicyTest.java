package io.whimbrel.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;

class StsPolicyTest {
    static final String GOOD =
            "version: STSv1\nmode: enforce\nmx: mx1.example.com\nmx: *.example.net\nmax_age: 60\n";
    private static final Path VECTORS =
            Path.of(System.getProperty("whimbrel.root", ".."))
                    .resolve("../shared/testdata/mta-sts-tlsrpt/record-vectors-mox.json");

    @Test
    void policy_isRead() {
        assertThat(StsPolicy.parse(GOOD.replace("\n", "\r\n")))
                .contains(
                        new StsPolicy(
                                StsPolicy.Mode.ENFORCE,
                                List.of("mx1.example.com", "*.example.net"),
                                Duration.ofMinutes(1)));
    }

    @Test
    void fieldTwice_theFirstCounts() {
        assertThat(StsPolicy.parse(GOOD + "mode: none\nmax_age: 9\n"))
                .isEqualTo(StsPolicy.parse(GOOD));
    }

    @Test
    void tooMuch_isNoPolicy() {
        assertThat(StsPolicy.parse(GOOD + "mx: a.example\n".repeat(StsPolicy.PATTERNS_MAX)))
                .isEmpty();
        assertThat(StsPolicy.parse(GOOD + "x: y\n".repeat(20_000))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "mx1.example.com, true",
        "mx2.example.com, false",
        "a.example.net, true",
        "a.b.example.net, false",
        "example.net, false",
        "'', false"
    })
    void hosts_areMatchedByOneLabel(String host, boolean isAllowed) {
        assertThat(StsPolicy.parse(GOOD).orElseThrow().allows(host)).isEqualTo(isAllowed);
    }

    @Test
    void twoRecords_areNone() {
        assertThat(StsRecord.id(List.of("v=spf1 -all", "v=STSv1; id=a;"))).contains("a");
        assertThat(StsRecord.id(List.of("v=STSv1; id=a;", "v=STSv1; id=b;"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "'v=STSv1; id=1; ', true",
        "'v=STSv1;id=1;', true",
        "'v=STSv1 ;\tid=1\t; \t', true",
        "'v=STSv1; id=1;; ', false",
        "'v=STSv1; ; id=1;', false",
        "'v=STSv1; ', false"
    })
    void spaceBehindTheLastSemicolon_isNoField(String text, boolean isPolicy) {
        assertThat(StsRecord.id(List.of(text)).isPresent()).isEqualTo(isPolicy);
    }

    @Test
    void vectorsOfMox_areReadAlike() throws IOException {
        assumeTrue(Files.exists(VECTORS), "no test data");
        JsonNode root = JsonMapper.builder().build().readTree(Files.readAllBytes(VECTORS));
        for (JsonNode one : root.path("mtasts/record").path("good")) {
            assertThat(StsRecord.id(List.of(one.stringValue()))).as(one.toString()).isPresent();
        }
        for (JsonNode one : root.path("mtasts/record").path("bad")) {
            assertThat(StsRecord.id(List.of(one.stringValue()))).as(one.toString()).isEmpty();
        }
        for (JsonNode one : root.path("mtasts/policy").path("good")) {
            assertThat(StsPolicy.parse(one.stringValue())).as(one.toString()).isPresent();
        }
        for (JsonNode one : root.path("mtasts/policy").path("bad")) {
            assertThat(StsPolicy.parse(one.stringValue())).as(one.toString()).isEmpty();
        }
    }

    @Test
    void randomPieces_areReadOrNot() {
        var random = new Random(7);
        String[] pieces = {
            "version: STSv1", "mode: enforce", "mode:", "mx: *.a.b", "mx:", "max_age: 1", "\n",
            "\r\n", ":", " ", "*.", "STSv1", "\u0000", "é"
        };
        for (int i = 0; i < 5_000; i++) {
            var text = new StringBuilder();
            for (int j = random.nextInt(12); j >= 0; j--) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            roundTrip(text.toString());
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_areReadOrNot(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        roundTrip(text);
        StsRecord.id(List.of("v=STSv1;" + text));
        try {
            HttpText.read(new ByteArrayInputStream(bytes), 1_000);
            HttpText.read(
                    new ByteArrayInputStream(
                            ("HTTP/1.1 200 OK\r\n" + text).getBytes(StandardCharsets.UTF_8)),
                    1_000);
        } catch (IOException e) {
            assertThat(e.getMessage()).doesNotContain("\n");
        }
    }

    private static void roundTrip(String text) {
        StsPolicy.parse(text)
                .ifPresent(policy ->
                        assertThat(StsPolicy.parse(String.join("\n", policy.lines())))
                                .contains(policy));
    }

    @ParameterizedTest
    @CsvSource({
        "'Content-Type: text/plain~~hi', hi",
        "'Content-Type: text/plain; charset=utf-8~Content-Length: 2~~hi there', hi",
        "'content-type: TEXT/PLAIN~Transfer-Encoding: chunked~~2;x~hi~1~!~0~~', hi!",
        "'Content-Type: text/html~~hi', content type text/html",
        "'Content-Length: 2~~hi', content type unknown",
        "'Content-Type: text/plain~Content-Length: 9~~hi', ends too early",
        "'Content-Type: text/plain~Content-Length: 99999~~hi', more than 1000 bytes",
        "'Content-Type: text/plain~Content-Encoding: gzip~~hi', unknown content encoding",
        "'Content-Type: text/plain~Transfer-Encoding: chunked~~zz~hi', a length that is none",
    })
    void answerOfAWebServer_isTheTextOrAnError(String rest, String expected) {
        String answer = "HTTP/1.1 200 OK\r\n" + rest.replace("~", "\r\n");
        assertThat(read(answer)).contains(expected);
    }

    @Test
    void redirect_isAnError() {
        assertThat(read("HTTP/1.1 301 Moved\r\nLocation: https://x/\r\n\r\n"))
                .isEqualTo("HTTP status 301");
    }

    private static String read(String answer) {
        try {
            return HttpText.read(
                    new ByteArrayInputStream(answer.getBytes(StandardCharsets.UTF_8)), 1_000);
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
