package io.whimbrel.toml;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.toml.Findings.Place;

import org.junit.jupiter.api.Test;
import org.tomlj.TomlPosition;

class WrittenLinesTest {
    @Test
    void linesThatSayNothing_areLeftOut_andPlacesStayThoseOfTheFile() {
        WrittenLines written = WrittenLines.of("# a\n\n[node]\n  # b\r\n\t\nname = \"x\" # c\n");

        assertThat(written.text()).isEqualTo("[node]\nname = \"x\" # c\n");
        assertThat(written.place(TomlPosition.positionAt(1, 1))).isEqualTo(new Place(3, 1));
        assertThat(written.place(TomlPosition.positionAt(2, 8))).isEqualTo(new Place(6, 8));
        assertThat(written.place(TomlPosition.positionAt(3, 1))).isEqualTo(new Place(7, 1));
        assertThat(written.place(TomlPosition.positionAt(9, 1))).isEqualTo(new Place(7, 1));
    }

    @Test
    void aStringOfSeveralLines_keepsAllOfThem() {
        String text = "a = \"\"\"\n# no comment\n\n\"\"\"\n";

        assertThat(WrittenLines.of(text).text()).isEqualTo(text);
    }

    @Test
    void whatTheParserRefusesInComments_isLeftToIt() {
        assertThat(WrittenLines.of("# \u0001\n# \u00e4\n#\u007f\n# b\n").text())
                .isEqualTo("# \u0001\n#\u007f\n");
    }
}
