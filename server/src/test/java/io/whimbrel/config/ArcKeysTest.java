package io.whimbrel.config;

import static io.whimbrel.config.ConfigFileTest.valid;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.toml.ConfigFinding;

import org.junit.jupiter.api.Test;

import java.util.List;

class ArcKeysTest {
    private static final String WHOLE =
            "\n[arc]\ndomain = \"example.com\"\nselector = \"a1\"\nkey = \"/k.pem\"\n";

    @Test
    void nothingWritten_sealsNothing() {
        assertThat(valid(ConfigFileTest.ISSUE).signing().arc()).isEmpty();
    }

    @Test
    void seal_isByTheNameOfTheNode() {
        Config config = valid(ConfigFileTest.ISSUE + WHOLE);

        assertThat(config.signing().arc().orElseThrow().authservId())
                .isEqualTo(config.node().name());
        assertThat(config.signing().keys().getLast()).hasToString("a1 of example.com");
    }

    @Test
    void partOfIt_isAnError() {
        assertThat(errors(WHOLE.replace("selector = \"a1\"\n", "")))
                .singleElement()
                .asString()
                .contains("[arc] needs domain, selector and key");
        assertThat(errors(WHOLE.replace("\"example.com\"", "\"*\""))).isNotEmpty();
        assertThat(errors(WHOLE.replace("\"/k.pem\"", "\"k.pem\""))).isNotEmpty();
    }

    @Test
    void sealsWithoutChecksOfChains_areWarnedOf() {
        assertThat(warnings(WHOLE))
                .singleElement()
                .asString()
                .contains("[arc]: no [[listen]] has \"arc\" in verify");
        String listen = "\n[[listen]]\naddress = \"127.0.0.1:2500\"\nverify = [\"arc\"]\n";
        assertThat(warnings(listen + WHOLE)).noneMatch(it -> it.contains("[arc]"));
    }

    private static List<String> errors(String more) {
        return ConfigFileTest.errorsOf(ConfigFile.parse("w.toml", ConfigFileTest.ISSUE + more));
    }

    private static List<String> warnings(String more) {
        return switch (ConfigFile.parse("w.toml", ConfigFileTest.ISSUE + more)) {
            case ConfigResult.Valid(_, var warnings) ->
                    warnings.stream().map(ConfigFinding::toString).toList();
            case ConfigResult.Invalid _ -> List.of();
        };
    }
}
