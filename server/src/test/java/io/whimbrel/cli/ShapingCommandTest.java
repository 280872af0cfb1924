package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

class ShapingCommandTest {
    @TempDir Path folder;

    @Test
    void test_ofWhatWeShip_isGood() {
        CliRun run = CliRun.of("shaping", "test");
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("all match as they should");
    }

    @Test
    void test_ofFileWhoseRuleMissesItsLine_fails() throws IOException {
        Path file = folder.resolve("t.toml");
        Files.writeString(
                file,
                """
                [provider]
                name = "t"
                title = "T"
                [[rule]]
                name = "a"
                text = 'busy'
                then = { action = "ignore" }
                test = "421 bored"
                """);
        CliRun run = CliRun.of("shaping", "test", file.toString());
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out()).contains("t.toml:4: t/a: no rule matches its test line");
        assertThat(CliRun.of("shaping", "test", "--json", file.toString()).out())
                .contains("\"reply\":\"421 bored\"");
    }

    @Test
    void test_ofFileThatCannotBeRead_saysWhere() throws IOException {
        Path file = folder.resolve("t.toml");
        Files.writeString(file, "[provider]\nname = \"t\"\n");
        CliRun run = CliRun.of("shaping", "test", file.toString());
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("t.toml:1:1: [provider] lacks the key \"title\"");
        assertThat(CliRun.of("shaping", "test", folder.resolve("none").toString()).err())
                .contains("none");
    }

    @Test
    void show_ofProfile_hasItsNumbersAlone() {
        CliRun run = CliRun.of("shaping", "show", "google", "--profile", "hot");
        assertThat(run.out())
                .contains("200 connections", "providers/google.toml:")
                .doesNotContain("5 connections");
        assertThat(CliRun.of("shaping", "show", "apple", "--profile", "cold", "--json").out())
                .contains("\"connections\":2");
    }

    @Test
    void show_ofAll_isATable() {
        assertThat(CliRun.of("shaping", "show").lines())
                .anyMatch(line -> line.startsWith("yahoo "))
                .anyMatch(line -> line.startsWith("default "));
    }

    @Test
    void show_ofNobody_fails() {
        assertThat(CliRun.of("shaping", "show", "nobody").exit()).isEqualTo(1);
        assertThat(CliRun.of("shaping", "show", "--profile", "icy").exit()).isEqualTo(2);
    }

    @Test
    void show_withConfiguration_hasItsOverrides() throws IOException {
        Path file = folder.resolve("w.toml");
        Files.writeString(
                file,
                """
                [node]
                name = "mx1.example.com"
                [[listen]]
                address = "127.0.0.1:2525"
                [[provider]]
                name = "google"
                profile = "hot"
                """);
        assertThat(CliRun.of("shaping", "show", "google", "-c", file.toString()).out())
                .contains("200 connections")
                .doesNotContain("profile");
    }

    @Test
    void import_writesFiles_andNeverOverThoseThatAreThere() throws IOException {
        Path kumo = folder.resolve("shaping.toml");
        Files.writeString(kumo, "[\"one.example\"]\nconnection_limit = 3\nodd = 1\n");
        Path out = folder.resolve("out");
        CliRun run = CliRun.of("import", "shaping", kumo.toString(), "--out", out.toString());
        assertThat(run.exit()).isZero();
        assertThat(run.err()).contains("3: one.example.odd: not carried: we have no such key");
        assertThat(out.resolve("one.example.toml")).content().contains("connections = 3");
        CliRun again = CliRun.of("import", "shaping", kumo.toString(), "--out", out.toString());
        assertThat(again.exit()).isEqualTo(1);
        assertThat(again.err()).contains("is there already");
        assertThat(CliRun.of("import", "shaping", folder.resolve("no").toString()).exit())
                .isEqualTo(1);
    }
}
