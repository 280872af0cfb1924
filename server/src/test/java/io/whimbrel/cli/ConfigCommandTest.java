package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.config.ConfigReference;
import io.whimbrel.config.DefaultFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

class ConfigCommandTest {
    private static final String RELAY =
            """
            [node]
            name = "mx1.example.com"
            [[listen]]
            address = "[::1]:2525"
            relay-from = ["127.0.0.0/8", "::1"]
            tenant = "shop"
            [[listen]]
            address = "127.0.0.1:2525"
            [[route]]
            domain = "*.example.com"
            to = "lmtp://127.0.0.1:24"
            """;

    @TempDir private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Command(name = "whimbrel")
    private static final class Root {}

    @Test
    void check_ofAGoodFile_saysWhatItMeans_exit0() throws IOException {
        Path file = write(RELAY);
        assertThat(run("config", "check", file.toString())).isZero();
        assertThat(out.toString().lines())
                .containsExactly(
                        file + ": ok",
                        "  node mx1.example.com, data in /var/lib/whimbrel",
                        "  listens on [::1]:2525 for tenant shop; may relay: 127.0.0.0/8, ::1/128",
                        "  listens on 127.0.0.1:2525; may relay: nobody",
                        "  sends from the address that the system chooses as mx1.example.com",
                        "  mail for *.example.com goes to lmtp://127.0.0.1:24",
                        "  other mail goes to the MX hosts of its domain, port 25",
                        "  durability disk: no 250 before the disk sync that covers the message",
                        "warning: "
                                + file
                                + ":7:1: relay-from: nobody may relay through this [[listen]]; it"
                                + " takes no mail for other domains");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void check_tellsTlsAndAuthOfListeners_tenantsAndInboundDomains() throws IOException {
        Path file =
                write(
                        """
                        [node]
                        name = "mx1.example.com"
                        [[listen]]
                        address = "0.0.0.0:587"
                        tls = "required"
                        certificate = "/c"
                        key = "/k"
                        auth = "required"
                        users = "/u"
                        [[listen]]
                        address = "unix:/run/w.sock"
                        protocol = "lmtp"
                        relay-from = ["127.0.0.1"]
                        [[tenant]]
                        name = "shop"
                        quota = ["9/h"]
                        [[tenant]]
                        name = "news"
                        [[inbound]]
                        domain = "b.example.com"
                        """);
        assertThat(run("config", "check", file.toString())).isZero();
        assertThat(out.toString().lines())
                .contains(
                        "  listens on 0.0.0.0:587; TLS required; AUTH required; may relay: who logs"
                                + " in",
                        "  listens on unix:/run/w.sock; LMTP; may relay: 127.0.0.1/32",
                        "  2 tenants, 1 with quotas",
                        "  takes mail from anybody for 1 inbound domain");
    }

    @Test
    void check_ofABadFile_saysWhere_exit1() throws IOException {
        Path file = write(RELAY.replace("tenant", "tenent"));
        assertThat(run("config", "check", file.toString())).isEqualTo(1);
        assertThat(out.toString())
                .startsWith(file + ":6:1: unknown key \"tenent\" in [[listen]]; allowed: ")
                .contains("did you mean \"tenant\"?" + System.lineSeparator() + "warning: ");
    }

    @Test
    void check_json_isOneObject() throws IOException {
        Path file = write(RELAY.replace("tenant", "tenent"));
        assertThat(run("config", "check", "--json", file.toString())).isEqualTo(1);
        JsonNode json = JsonMapper.shared().readTree(out.toString());
        assertThat(json.path("valid").booleanValue()).isFalse();
        assertThat(json.path("file").stringValue()).isEqualTo(file.toString());
        JsonNode error = json.path("errors").path(0);
        assertThat(error.path("line").intValue()).isEqualTo(6);
        assertThat(error.path("column").intValue()).isEqualTo(1);
        assertThat(error.path("suggestion").stringValue()).isEqualTo("\"tenant\"");
        assertThat(out.toString().lines()).hasSize(1);
    }

    @Test
    void check_json_ofAGoodFile_hasSummaryAndWarnings() throws IOException {
        assertThat(run("config", "check", "--json", write(RELAY).toString())).isZero();
        JsonNode json = JsonMapper.shared().readTree(out.toString());
        assertThat(json.path("valid").booleanValue()).isTrue();
        assertThat(json.path("summary").size()).isEqualTo(7);
        assertThat(json.path("warnings").path(0).path("line").intValue()).isEqualTo(7);
    }

    @Test
    void check_ofAMissingFile_exit1() {
        Path file = folder.resolve("none.toml");
        assertThat(run("config", "check", file.toString())).isEqualTo(1);
        assertThat(out.toString()).startsWith(file + ": there is no such file");
    }

    @Test
    void theDefaultFile_passesTheCheck() throws IOException {
        assertThat(run("config", "default")).isZero();
        assertThat(out).hasToString(DefaultFile.toml());
        Path file = write(out.toString());
        assertThat(run("config", "check", file.toString())).isZero();
    }

    @Test
    void reference_isMarkdown() {
        assertThat(run("config", "reference")).isZero();
        assertThat(out).hasToString(ConfigReference.markdown());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "config",
                "config check",
                "config chek x",
                "config check a b",
                "config default x"
            })
    void mistakesOnTheCommandLine_exit2(String line) {
        assertThat(run(line.split(" "))).isEqualTo(2);
        assertThat(err.toString()).contains("config");
        assertThat(out.toString()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"config", "config check", "config default", "config reference"})
    void help_isThereForEachVerb(String verb) {
        assertThat(run((verb + " --help").split(" "))).isZero();
        assertThat(out.toString()).startsWith("Usage: whimbrel " + verb);
    }

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("whimbrel.toml"), text);
    }

    private int run(String... words) {
        return new CommandLine(new Root())
                .addSubcommand(new ConfigCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(words);
    }
}
