package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class GeneratedFilesTest {

    @Test
    void theDefaultFile_canBeUsedAsItIs() {
        assertThat(ConfigFile.parse("default", DefaultFile.toml()))
                .isInstanceOfSatisfying(
                        ConfigResult.Valid.class, valid -> assertThat(valid.warnings()).isEmpty());
    }

    @Test
    void theDefaultFile_changesNothingButWhatAServerNeeds() {
        Config shown = ConfigFileTest.valid(DefaultFile.toml());
        Config least =
                ConfigFileTest.valid(
                        ConfigFileTest.LEAST + "relay-from = [\"127.0.0.0/8\", \"::1\"]");
        assertThat(shown).isEqualTo(least);
    }

    @Test
    void everyLineOfTheDefaultFile_canBeUncommented() {
        List<String> lines = new ArrayList<>();
        for (String line : DefaultFile.toml().lines().toList()) {
            boolean isKey = line.matches("# ([a-z-]+ = .*|\\[.*)");
            lines.add(isKey ? line.substring(2) : line);
        }
        Config config = ConfigFileTest.valid(String.join("\n", lines));
        assertThat(config.sources().getFirst().name()).isEqualTo("s1");
        assertThat(config.routes()).hasSize(1);
        int keys = ConfigKeys.TABLES.stream().mapToInt(table -> table.keys().size()).sum();
        assertThat(lines.stream().filter(line -> line.matches("[a-z-]+ = .*"))).hasSize(keys);
    }

    @Test
    void generatedTexts_surviveEveryTerminal() {
        assertThat(DefaultFile.toml() + ConfigReference.markdown()).matches("[\\n -~]+");
        assertThat(DefaultFile.toml().lines()).allMatch(line -> line.length() <= 110);
    }

    @Test
    void theReferencePage_isUpToDate() throws IOException {
        assertUpToDate("docs/configuration.md", ConfigReference.markdown(), "reference");
    }

    @Test
    void theDefaultFileInEtc_isUpToDate() throws IOException {
        assertUpToDate("etc/whimbrel.toml", DefaultFile.toml(), "default");
    }

    private static void assertUpToDate(String name, String generated, String verb)
            throws IOException {
        String root = System.getProperty("whimbrel.root");
        if (root == null) {
            abort("the property whimbrel.root, the folder of the repository, is not set");
            return;
        }
        Path file = Path.of(root, name);
        assertThat(file).exists();
        assertThat(Files.readString(file))
                .as("generate it anew: ./whimbrel config %s > %s", verb, name)
                .isEqualTo(generated);
    }
}
