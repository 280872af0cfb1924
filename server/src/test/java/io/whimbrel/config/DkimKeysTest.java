package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.toml.ConfigFinding;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;

/// What is refused of `[[dkim]]` and `[[campaign]]`, and with which words.
class DkimKeysTest {
    private static final String NODE =
            "[node]\nname = \"mx1.example.com\"\n[[listen]]\naddress = \"127.0.0.1:2525\"\n"
                    + "relay-from = [\"127.0.0.1\"]\n";
    private static final String KEY =
            "[[dkim]]\ndomain = \"example.com\"\nselector = \"s1\"\nkey = \"/k/s1.pem\"\n";

    @Test
    void threeLines_areEnough() {
        assertThat(errors(KEY)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "domain = 'example'              | is no domain",
                "selector = 'a..b'               | is no selector",
                "selector = 'a_'                 | is no selector",
                "key = 's1.pem'                  | is no place of a key",
                "key = 'vault:secret'            | is no place of a key",
                "identity = '@other.example'     | does not lie within",
                "identity = 'joe'                | is no identity",
                "canonicalization = 'loose'      | is unknown",
                "sign = 'sometimes'              | is unknown",
                "classes = 'vip'                 | there is no [[class]]",
                "expire = '1s'                   | is too short",
            })
    void wrongValue_isNamed(String line, String complaint) {
        String name = line.substring(0, line.indexOf(' '));
        String others =
                KEY.lines().filter(it -> !it.startsWith(name)).reduce("", DkimKeysTest::add);
        assertThat(errors(others + line.replace('\'', '"') + "\n"))
                .singleElement()
                .asString()
                .contains(name + ":", complaint);
    }

    @Test
    void tenantThatIsNone_isNamed() {
        String tenant = "[[tenant]]\nname = \"shop\"\n";
        assertThat(errors(KEY + "tenants = [\"shop\", \"shp\"]\n" + tenant))
                .singleElement()
                .asString()
                .contains("tenants: there is no [[tenant]] \"shp\"");
    }

    @Test
    void selectorWithTwoKeys_isRefused() {
        assertThat(errors(KEY + KEY.replace("/k/", "/other/")))
                .singleElement()
                .asString()
                .contains("selector: s1 of example.com has another key in line 8");
        assertThat(errors(KEY + "tenants = \"a\"\n" + KEY)).isEmpty();
    }

    @Test
    void templateWithAnUnknownName_comesWithTheNearest() {
        assertThat(errors("[[campaign]]\nlist-unsubscribe = \"<https://u.test/{tokn}>\"\n"))
                .singleElement()
                .asString()
                .contains("did you mean {token}?");
    }

    @Test
    void oneClick_needsAnHttpsUrl() {
        assertThat(
                        errors(
                                "[[campaign]]\n"
                                        + "list-unsubscribe = \"<mailto:u@x.test>\"\n"
                                        + "one-click = true\n"))
                .singleElement()
                .asString()
                .contains("one-click: list-unsubscribe names no https:// URL");
    }

    private static String add(String before, String line) {
        return before + line + "\n";
    }

    private static List<String> errors(String more) {
        return switch (ConfigFile.parse("w.toml", NODE + more)) {
            case ConfigResult.Valid _ -> List.of();
            case ConfigResult.Invalid(var errors, _) ->
                    errors.stream().map(ConfigFinding::toString).toList();
        };
    }
}
