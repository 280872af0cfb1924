package io.whimbrel.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.mail.DomainName;
import io.whimbrel.policy.FromField.Address;
import io.whimbrel.policy.FromField.Addresses;
import io.whimbrel.policy.FromField.Broken;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import javax.xml.parsers.DocumentBuilderFactory;

@Timeout(120)
class FromFieldTest {
    private static final Path DATA =
            Path.of(System.getProperty("whimbrel.root", "..")).resolve("../shared/testdata");

    private static String parsed(String value) {
        return switch (FromField.parse(value)) {
            case Addresses(List<Address> all) ->
                    String.join(" ", all.stream().map(Address::toString).toList());
            case Broken(String why) -> "broken: " + why;
        };
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "a@x.example | a@x.example",
                "A B <a@X.Example> | a@x.example",
                "John Q. Public <j@x.example> | j@x.example",
                "\"a@evil.example\" <a@x.example> | a@x.example",
                "(a@evil.example) a@x.example (b@evil.example) | a@x.example",
                "a(one)@(two)x.example(three) | a@x.example",
                "\"quoted local\"@x.example | \"quoted local\"@x.example",
                "=?utf-8?q?ceo=40evil.example?= <a@x.example> | a@x.example",
                "a@x.example, b@y.example | a@x.example b@y.example",
                "a@x.example, , b@y.example | a@x.example b@y.example",
                "Team: a@x.example, B <b@y.example>; | a@x.example b@y.example",
                "<@one.example,@two.example:a@x.example> | a@x.example",
                "Jöran <jöran@bücher.example> | jöran@xn--bcher-kva.example",
                "a@XN--BCHER-KVA.example | a@xn--bcher-kva.example",
                "a@x.example. | a@x.example",
                "a@[192.0.2.1] | a@[192.0.2.1]",
                "a . b @ x . example | a.b@x.example",
                "a..b.@x.example | a..b.@x.example",
                "\"a \\\" b\" <a@x.example> | a@x.example"
            })
    void addresses_areFound(String value, String found) {
        assertThat(parsed(value)).isEqualTo(found);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "   ",
                "nobody",
                "Undisclosed recipients:;",
                "a@evil.example <a@x.example>",
                "a@x.example b@evil.example",
                "<a@x.example> <b@evil.example>",
                "<a@x.example",
                "a@x.example>",
                "a@evil.example@x.example",
                "<a@evil.example:b@x.example>",
                "a b@x.example",
                "\"a\"b@x.example",
                "@x.example",
                "<>",
                "a@",
                "a@x example",
                "a@x..example",
                "a@=?utf-8?q?x.example?=",
                "Team: a@x.example",
                "a@x.example;",
                "One: Two: a@x.example;;",
                ": a@x.example;",
                "(a@x.example",
                "\"a@x.example",
                "a@x.example\r\nFrom: b@evil.example",
                "a@x.example\nb@evil.example",
                "a\u0000@x.example",
                "\"\u0000\" <a@x.example>",
                "(\u0000) a@x.example",
                "a\u00a0b@x.example",
                "a@x.example\\, b@y.example",
                "a@[192.0.2.1"
            })
    void oddities_areBroken(String value) {
        assertThat(FromField.parse(value)).isInstanceOf(Broken.class);
    }

    @Test
    void foldedField_isRead() {
        assertThat(parsed("A\r\n B\r\n\t<a@x.example>\r\n")).isEqualTo("a@x.example");
    }

    @Test
    void attacksOnTheParser_endAtItsBounds() {
        String comments = "(".repeat(60) + ")".repeat(60) + "a@x.example";
        assertThat(parsed(comments)).contains("too deep");
        assertThat(parsed("(".repeat(49) + ")".repeat(49) + "a@x.example"))
                .isEqualTo("a@x.example");
        assertThat(parsed("a@x.example,".repeat(101))).contains("more than 100");
        assertThat(parsed("a".repeat(FromField.CHARACTERS_MAX) + "@x.example"))
                .contains("too long");
    }

    @FuzzTest(maxDuration = "30s")
    void parse_neverThrows_andAgreesWithItself(byte[] field) {
        check(new String(field, StandardCharsets.UTF_8));
    }

    @Test
    void parse_ofRandomFields_neverThrows_andAgreesWithItself() {
        long seed = 20261127;
        var random = new Random(seed);
        String alphabet = "ab.x@<>():;,\"\\[] \t\r\n=?é\u3002\u0000";
        for (int round = 0; round < 50_000; round++) {
            var field = new StringBuilder();
            int length = random.nextInt(24);
            for (int i = 0; i < length; i++) {
                field.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            try {
                check(field.toString());
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + field, e);
            }
        }
    }

    /// What was found, written plainly, reads as the same.
    private static void check(String field) {
        if (FromField.parse(field) instanceof Addresses found) {
            String plain =
                    String.join(", ", found.addresses().stream().map(Address::toString).toList());
            assertThat(plain.length() > FromField.CHARACTERS_MAX ? found : FromField.parse(plain))
                    .isEqualTo(found);
        }
    }

    private static Path data(String name) {
        Path file = DATA.resolve(name);
        assumeTrue(Files.exists(file), "no shared test data: " + file);
        return file;
    }

    /// Where we find addresses in the fields of another parser's tests, they have the domains that
    /// it finds; it forgives more.
    @Test
    void foreignFields_haveTheSameDomains() throws Exception {
        var tests =
                JsonMapper.builder()
                        .build()
                        .readTree(data("mime-mail-parser/address.json").toFile());
        int read = 0;
        for (JsonNode test : tests) {
            String header = test.path("header").stringValue("");
            if (FromField.parse(header) instanceof Addresses(List<Address> all)) {
                List<String> theirs = new ArrayList<>();
                for (JsonNode address : test.path("expected").findValues("address")) {
                    String text = address.stringValue("").replace(" ", "");
                    if (text.contains("@")) {
                        theirs.add(text.substring(text.lastIndexOf('@') + 1));
                    }
                }
                assertThat(all.stream().map(it -> it.domain().value()).toList())
                        .as(header)
                        .isEqualTo(theirs.stream().map(FromFieldTest::domain).toList());
                read++;
            }
        }
        assertThat(read).isGreaterThanOrEqualTo(40);
    }

    private static String domain(String text) {
        return DomainName.parse(text).map(DomainName::value).orElseThrow();
    }

    /// Of the addresses that isemail calls valid, and that have a domain we know as one, none is
    /// broken; and none that it calls an error has another domain than the text behind its last @.
    @Test
    void foreignAddresses_areReadAsTheyShould() throws Exception {
        var factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        var document =
                factory.newDocumentBuilder()
                        .parse(data("email-address/isemail/tests.xml").toFile());
        var tests = document.getElementsByTagName("test");
        int valid = 0;
        for (int i = 0; i < tests.getLength(); i++) {
            var test = (Element) tests.item(i);
            String address = plain(text(test, "address"));
            String category = text(test, "category");
            String behind = address.substring(address.lastIndexOf('@') + 1);
            boolean isValid =
                    category.equals("ISEMAIL_VALID_CATEGORY") || category.equals("ISEMAIL_DNSWARN");
            if (isValid && DomainName.parse(behind).isPresent()) {
                assertThat(parsed(address)).endsWith("@" + domain(behind));
                valid++;
            } else if (FromField.parse(address) instanceof Addresses(List<Address> all)
                    && DomainName.parse(behind).isPresent()) {
                assertThat(all).as(address).hasSize(1);
                assertThat(all.getFirst().domain().value()).isEqualTo(domain(behind));
            }
        }
        assertThat(valid).isGreaterThan(20);
    }

    private static String text(Element test, String name) {
        return test.getElementsByTagName(name).item(0).getTextContent();
    }

    /// Control characters stand there as their pictures.
    private static String plain(String text) {
        var plain = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            plain.append(c >= 0x2400 && c < 0x2420 ? (char) (c - 0x2400) : c);
        }
        return plain.toString();
    }
}
