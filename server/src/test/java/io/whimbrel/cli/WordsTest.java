package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;

final class WordsTest {

    @Test
    void duration_hasItsTwoLargestUnits() {
        assertThat(Words.duration(Duration.ZERO)).isEqualTo("0s");
        assertThat(Words.duration(Duration.ofMillis(250))).isEqualTo("250ms");
        assertThat(Words.duration(Duration.ofSeconds(192))).isEqualTo("3m12s");
        assertThat(Words.duration(Duration.ofMinutes(5))).isEqualTo("5m");
        assertThat(Words.duration(Duration.ofSeconds(7_503))).isEqualTo("2h5m");
        assertThat(Words.duration(Duration.ofHours(100))).isEqualTo("4d4h");
        assertThat(Words.duration(Duration.ofSeconds(-61))).isEqualTo("-1m1s");
    }

    @Test
    void size_hasOneDigit() {
        assertThat(Words.size(1_023)).isEqualTo("1023 B");
        assertThat(Words.size(5_222)).isEqualTo("5.1 KiB");
        assertThat(Words.size(3L << 40)).isEqualTo("3.0 TiB");
    }

    @Test
    void time_isInWholeSeconds() {
        assertThat(Words.time("2026-11-23T12:00:00.123456789Z")).isEqualTo("2026-11-23T12:00:00Z");
        assertThat(Words.time("2026-11-23T12:00:00Z")).isEqualTo("2026-11-23T12:00:00Z");
        assertThat(Words.time("soon.Z or later")).isEqualTo("soon.Z or later");
    }

    @Test
    void shellWord_isQuotedWhereItMustBe() {
        assertThat(Words.shellWord("spring-2026")).isEqualTo("spring-2026");
        assertThat(Words.shellWord("")).isEqualTo("''");
        assertThat(Words.shellWord("a b's $x")).isEqualTo("'a b'\\''s $x'");
    }

    @Test
    void printable_disarmsTerminalControls() {
        assertThat(Words.printable("a\u001b[2Jb\r\n\u202ec\u00e9")).isEqualTo("a?[2Jb???c\u00e9");
    }

    @Test
    void table_alignsNumbersToTheRight() {
        var table = new TextTable("NAME", "COUNT", "WHY");
        table.add("a", 1, "");
        table.add("longer", 12_345, "x\u001b");
        var out = new StringWriter();
        var printer = new PrintWriter(out);
        table.print(printer);
        printer.flush();

        assertThat(out.toString())
                .isEqualTo(
                        """
                        NAME    COUNT  WHY
                        a           1
                        longer  12345  x?
                        """);
    }
}
