package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// The validation suite of ValiMail, and the chains of other implementations.
class ArcSuiteTest {

    @TestFactory
    Stream<DynamicTest> valimail() throws IOException {
        JsonNode suite =
                new ObjectMapper()
                        .readTree(TestFiles.text("arc-valimail/arc-draft-validation-tests.json"));
        List<DynamicTest> found = new ArrayList<>();
        for (JsonNode scenario : suite) {
            var zone = new ZoneLookups();
            scenario.get("txt-records")
                    .properties()
                    .forEach(it -> zone.withText(it.getKey(), it.getValue().asString()));
            scenario.get("tests")
                    .properties()
                    .forEach(it ->
                            found.add(
                                    DynamicTest.dynamicTest(
                                            it.getKey(), () -> run(zone, it.getValue()))));
        }
        assertThat(found).hasSize(171);
        return found.stream();
    }

    /// Three tests leave the result open, for draft and RFC differ: `none` or `fail`.
    private static void run(ZoneLookups zone, JsonNode test) {
        String text = test.get("message").asString();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        byte[] message = TestFiles.crlf(new String(bytes, StandardCharsets.ISO_8859_1));
        String expected = test.get("cv").asString().toLowerCase(Locale.ROOT);
        ArcVerdict verdict = Checked.arc(zone, message);
        if (expected.isEmpty()) {
            assertThat(verdict.result()).isEqualTo(ArcVerdict.ArcResult.FAIL);
        } else {
            assertThat(verdict.result().word()).as("%s", verdict).isEqualTo(expected);
        }
    }

    @TestFactory
    Stream<DynamicTest> mailAuth() throws IOException {
        List<DynamicTest> found = new ArrayList<>();
        for (var file : TestFiles.list("arc-valimail/mail-auth", "*.txt")) {
            var signed = SignedFile.read(file);
            found.add(
                    DynamicTest.dynamicTest(
                            file.getFileName().toString(),
                            () -> {
                                ArcVerdict verdict = Checked.arc(signed.zone(), signed.message());
                                assertThat(verdict.result())
                                        .as("%s", verdict)
                                        .isEqualTo(ArcVerdict.ArcResult.PASS);
                            }));
        }
        return found.stream();
    }
}
