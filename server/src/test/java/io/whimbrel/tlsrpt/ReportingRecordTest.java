package io.whimbrel.tlsrpt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;

final class ReportingRecordTest {
    private static final Path VECTORS =
            Path.of(System.getProperty("whimbrel.root", ".."))
                    .resolve("../shared/testdata/mta-sts-tlsrpt/record-vectors-mox.json");

    @Test
    void addresses_areRead_inTheirOrder() {
        ReportingRecord record =
                read("v=TLSRPTv1; rua=mailto:a%2Bb@example.com?subject=x ,"
                                + " https://r.example/t?q=1;")
                        .orElseThrow();

        assertThat(record.targets()).hasSize(2);
        assertThat(record.targets().getFirst())
                .isInstanceOfSatisfying(
                        ReportTarget.Mail.class,
                        mail -> {
                            assertThat(mail.path().address()).isEqualTo("a+b@example.com");
                            assertThat(mail.path().domain().value()).isEqualTo("example.com");
                        });
        assertThat(record.targets().getLast())
                .isEqualTo(
                        new ReportTarget.Web(
                                "r.example", 443, "/t?q=1", "https://r.example/t?q=1"));
    }

    @ParameterizedTest
    @CsvSource({
        "https://R.example, r.example, 443, /, r.example",
        "https://r.example:8443/a/b, r.example, 8443, /a/b, r.example:8443",
        "https://[2001:db8::1]/x, 2001:db8::1, 443, /x, [2001:db8::1]",
        "HTTPS://192.0.2.1/, 192.0.2.1, 443, /, 192.0.2.1"
    })
    void webServer_isRead(String uri, String host, int port, String path, String authority) {
        assertThat(ReportTarget.of(uri).orElseThrow())
                .isInstanceOfSatisfying(
                        ReportTarget.Web.class,
                        web -> {
                            assertThat(web.host()).isEqualTo(host);
                            assertThat(web.port()).isEqualTo(port);
                            assertThat(web.path()).isEqualTo(path);
                            assertThat(web.authority()).isEqualTo(authority);
                        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://r.example/",
                "ftp://r.example/",
                "https:///x",
                "https://user:secret@r.example/",
                "https://r.example:0/",
                "https://r.example:70000/",
                "mailto:",
                "mailto:nobody",
                "mailto:a@b@c d",
                "mailto:a%0d%0aDATA@example.com",
                "mailto:a%40@%zz",
                "mailto:%C3%A4@example.com",
                "mailto:a@b.example%2Cc@d.example"
            })
    void whatWeCannotSendTo_isReadOver(String uri) {
        assertThat(ReportTarget.of(uri)).isEmpty();
    }

    @Test
    void anotherScheme_isReadOver_andTheRestCounts() {
        assertThat(read("v=TLSRPTv1;rua=ftp://x.example/,mailto:a@x.example").orElseThrow())
                .extracting(ReportingRecord::targets)
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                .hasSize(1);
        assertThat(read("v=TLSRPTv1;rua=ftp://x.example/").orElseThrow().targets()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "'v=TLSRPTv1; rua=mailto:a@x.example; rua=mailto:b@x.example; x.y-z_1=ok', true",
        "'v=TLSRPTv1; rua=mailto:a@x.example!10m', false",
        "'v=TLSRPTv1; rua=mailto:a@x.example; _x=1', false",
        "'v=TLSRPTv1; RUA=mailto:a@x.example', false",
        "'V=TLSRPTv1; rua=mailto:a@x.example', false",
        "' v=TLSRPTv1; rua=mailto:a@x.example', false",
        "'rua=mailto:a@x.example; v=TLSRPTv1', false"
    })
    void grammar_isKept(String text, boolean isOne) {
        assertThat(read(text).isPresent()).isEqualTo(isOne);
    }

    @Test
    void severalRecords_areNone_butOthersAreNotCounted() {
        String one = "v=TLSRPTv1;rua=mailto:a@x.example";

        assertThat(ReportingRecord.of(List.of("v=spf1 -all", one, "v=TLSRPTv10;x"))).isPresent();
        assertThat(ReportingRecord.of(List.of(one, one))).isEmpty();
        assertThat(ReportingRecord.of(List.of(one, "v=TLSRPTv1; nonsense"))).isEmpty();
        assertThat(ReportingRecord.of(List.of())).isEmpty();
    }

    @Test
    void manyAddresses_areBounded_andEachCountsOnce() {
        var text = new StringBuilder("v=TLSRPTv1; rua=mailto:a@x.example");
        assertThat(read(text + ",mailto:a@x.example").orElseThrow().targets()).hasSize(1);
        for (int i = 0; i < 1_000; i++) {
            text.append(",mailto:a").append(i).append("@x.example");
        }
        assertThat(read(text.toString()).orElseThrow().targets())
                .hasSize(ReportingRecord.TARGETS_MAX);
        assertThat(ReportTarget.of("https://x.example/" + "a".repeat(ReportTarget.URI_MAX)))
                .isEmpty();
    }

    @Test
    void vectorsOfMox_areReadAlike() throws IOException {
        assumeTrue(Files.exists(VECTORS), "no test data");
        JsonNode root = JsonMapper.builder().build().readTree(Files.readAllBytes(VECTORS));
        JsonNode vectors = root.path("tlsrpt/parse_test.go");
        assertThat(vectors.path("good")).isNotEmpty();
        for (JsonNode one : vectors.path("good")) {
            assertThat(read(one.stringValue())).as(one.toString()).isPresent();
        }
        for (JsonNode one : vectors.path("bad")) {
            assertThat(read(one.stringValue())).as(one.toString()).isEmpty();
        }
    }

    @Test
    void randomPieces_areReadOrNot() {
        long seed = 5;
        var random = new Random(seed);
        String[] pieces = {
            "v=TLSRPTv1",
            ";",
            " ",
            "rua=",
            "mailto:",
            "a@b.example",
            "https://",
            "x.example",
            ",",
            "!",
            "%",
            "%2C",
            "x=y",
            "=",
            "[::1]",
            ":443",
            "/",
            "?",
            "#",
            "é",
            "\t"
        };
        for (int i = 0; i < 20_000; i++) {
            var text = new StringBuilder(random.nextBoolean() ? "v=TLSRPTv1;rua=" : "");
            for (int j = random.nextInt(12); j >= 0; j--) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            roundTrip(text.toString());
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_areReadOrNot(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        roundTrip(text);
        roundTrip("v=TLSRPTv1;rua=" + text);
        try {
            assertThat(ReportPost.status(new ByteArrayInputStream(bytes))).isBetween(200, 999);
        } catch (IOException e) {
            assertThat(e.getMessage()).doesNotContain("\n");
        }
    }

    /// What is read can be kept, and is written into nothing that it could break out of.
    private static void roundTrip(String text) {
        for (ReportTarget target : read(text).map(ReportingRecord::targets).orElse(List.of())) {
            assertThat(ReportTarget.of(target.text())).as(text).contains(target);
            switch (target) {
                case ReportTarget.Mail(var path, _) ->
                        assertThat(path.address()).as(text).matches("[!-~]{1,254}");
                case ReportTarget.Web web ->
                        assertThat(web.path() + web.authority()).as(text).matches("[!-~]+");
            }
        }
    }

    private static Optional<ReportingRecord> read(String text) {
        return ReportingRecord.of(List.of(text));
    }
}
