package io.whimbrel.signing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.whimbrel.dkim.Bodies;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.TagList;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.keys.PemKey;
import io.whimbrel.keys.SigningKey;
import io.whimbrel.mail.DomainName;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;

/// The signing suite of ValiMail: each tag of each field of the set that is made, the signatures
/// too.
class ArcSignSuiteTest {
    private static final Path FILE =
            Path.of(System.getProperty("whimbrel.root", ".."))
                    .resolve("../shared/testdata/arc-valimail/arc-draft-sign-tests.json");

    /// The suite wants signatures on one line: seals cover the folds of what they seal.
    private static final int UNFOLDED = 10_000;

    @TestFactory
    Stream<DynamicTest> valimail() throws IOException {
        assumeTrue(Files.exists(FILE), "no " + FILE);
        List<DynamicTest> found = new ArrayList<>();
        for (JsonNode scenario : new ObjectMapper().readTree(Files.readString(FILE))) {
            SigningKey key = PemKey.parse(scenario.get("privatekey").asString(), "the suite");
            var domain = new DomainName(scenario.get("domain").asString());
            var sealer =
                    new ArcSettings(
                            domain,
                            scenario.get("sel").asString(),
                            new KeyPlace.File(Path.of("/none")),
                            "");
            scenario.get("tests")
                    .properties()
                    .forEach(it ->
                            found.add(
                                    DynamicTest.dynamicTest(
                                            it.getKey(), () -> run(sealer, key, it.getValue()))));
        }
        assertThat(found).hasSize(17);
        return found.stream();
    }

    private static void run(ArcSettings sealer, SigningKey key, JsonNode test)
            throws GeneralSecurityException {
        String text = test.get("message").asString().replace("\n", "\r\n");
        byte[] message = text.getBytes(StandardCharsets.UTF_8);
        int end = text.indexOf("\r\n\r\n") + 2;
        var header = new HeaderFields(message, end);
        Optional<NextSet> next = NextSet.of(header, test.get("srv-id").asString());
        if (test.get("AS").asString().isBlank()) {
            assertThat(next).isEmpty();
            return;
        }
        var bodies = new Bodies();
        var hash = bodies.digest(true, OptionalLong.empty());
        bodies.write(message, end + 2, message.length - end - 2);
        bodies.finish();
        var applied =
                new Applied(
                        sealer.rule(),
                        sealer.domain().value(),
                        sealer.selector(),
                        key,
                        Optional.empty());
        Instant at = Instant.ofEpochSecond(Long.parseLong(test.get("t").asString()));
        List<String> names = List.of(test.get("sig-headers").asString().split(":"));
        byte[] made =
                new ArcFields(applied, next.orElseThrow(), at)
                        .make(
                                header,
                                new ArcFields.Form(names, UNFOLDED),
                                hash.value(),
                                data -> sign(key, data));
        List<HeaderField> fields = new HeaderFields(made, made.length).all();
        assertThat(fields)
                .extracting(HeaderField::name)
                .containsExactly("arc-seal", "arc-message-signature", "arc-authentication-results");
        assertTags(fields.get(0), test.get("AS"));
        assertTags(fields.get(1), test.get("AMS"));
        assertThat(spaced(fields.get(2).value())).isEqualTo(spaced(test.get("AAR").asString()));
    }

    private static void assertTags(HeaderField field, JsonNode expected) {
        var wanted = TagList.parse(expected.asString()).orElseThrow().values();
        var got = TagList.parse(field.value()).orElseThrow().values();
        assertThat(bare(got)).isEqualTo(bare(wanted));
    }

    private static Map<String, String> bare(Map<String, String> tags) {
        var bare = new TreeMap<String, String>();
        tags.forEach((tag, value) -> bare.put(tag, TagList.withoutSpaces(value)));
        return bare;
    }

    /// As relaxed form has it.
    private static String spaced(String text) {
        return text.strip().replaceAll("\\s+", " ");
    }

    private static byte[] sign(SigningKey key, byte[] data) {
        try {
            var signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(key.privateKey());
            signature.update(data);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
