package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.verification.SpfVerdict.SpfResult;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The conformance suites of openspf.org.
class SpfSuiteTest {
    private static final Instant NOW = Instant.ofEpochSecond(1_790_000_000);

    @TestFactory
    Stream<DynamicTest> rfc7208() throws IOException {
        return suite("rfc7208-tests.yml", 203);
    }

    @TestFactory
    Stream<DynamicTest> rfc7208_of2014() throws IOException {
        return suite("rfc7208-tests-2014-05.yml", 193);
    }

    @TestFactory
    Stream<DynamicTest> rfc4408() throws IOException {
        return suite("rfc4408-tests.yml", 191);
    }

    private static Stream<DynamicTest> suite(String file, int tests) throws IOException {
        List<DynamicTest> found = new ArrayList<>();
        for (Object document : TestYaml.documents(TestFiles.text("spf-openspf/" + file))) {
            var scenario = TestYaml.map(document);
            ZoneLookups zone = zone(TestYaml.map(scenario.getOrDefault("zonedata", "")));
            TestYaml.map(scenario.getOrDefault("tests", ""))
                    .forEach((name, test) ->
                            found.add(
                                    DynamicTest.dynamicTest(
                                            name, () -> run(zone, TestYaml.map(test)))));
        }
        assertThat(found).hasSize(tests);
        return found.stream();
    }

    private static ZoneLookups zone(Map<String, Object> data) {
        var zone = new ZoneLookups();
        data.forEach((name, records) -> {
            zone.withEmpty(name);
            boolean hasTxt = records.toString().contains("TXT=");
            for (Object record : TestYaml.list(records)) {
                if (record.equals("TIMEOUT")) {
                    zone.with(name, "TIMEOUT", "");
                }
                TestYaml.map(record).forEach((type, value) -> add(zone, name, type, value, hasTxt));
            }
        });
        return zone;
    }

    /// Policies of the obsolete type SPF are texts where a name has no texts of its own.
    private static void add(
            ZoneLookups zone, String name, String type, Object value, boolean hasTxt) {
        if (value.equals("NONE")) {
            return;
        }
        List<String> words = TestYaml.list(value).stream().map(Object::toString).toList();
        switch (type) {
            case "SPF" -> {
                if (!hasTxt) {
                    zone.withText(name, String.join("", words));
                }
            }
            case "TXT" -> zone.withText(name, String.join("", words));
            default -> zone.with(name, type, String.join(" ", words));
        }
    }

    private static void run(ZoneLookups zone, Map<String, Object> test) {
        SpfVerdict verdict =
                check(zone, text(test, "host"), text(test, "helo"), text(test, "mailfrom"));
        List<String> allowed =
                TestYaml.list(test.getOrDefault("result", "")).stream()
                        .map(Object::toString)
                        .toList();
        assertThat(verdict.result().word()).as("%s", verdict).isIn(allowed);
        String explanation = text(test, "explanation");
        if (test.containsKey("explanation")) {
            assertThat(verdict.explanation())
                    .isEqualTo(explanation.equals("DEFAULT") ? "" : explanation);
        }
    }

    private static String text(Map<String, Object> test, String key) {
        return test.getOrDefault(key, "").toString();
    }

    private static SpfVerdict check(Lookups zone, String host, String helo, String mailFrom) {
        var client = SpfClient.of(InetAddress.ofLiteral(host), helo, mailFrom);
        return SpfCheck.run(zone, client, "mx.receiver.example", () -> NOW);
    }

    @Test
    void cause_isTheTermThatDecided() {
        var zone = new ZoneLookups().withText("example.com", "v=spf1 ip4:192.0.2.0/24 ~all");

        assertThat(check(zone, "192.0.2.7", "h.example", "a@example.com"))
                .isEqualTo(
                        new SpfVerdict(
                                SpfResult.PASS,
                                false,
                                "a@example.com",
                                "example.com",
                                "",
                                "ip4:192.0.2.0/24"));
        assertThat(check(zone, "198.51.100.7", "h.example", "a@example.com").cause())
                .isEqualTo("~all");
    }
}
