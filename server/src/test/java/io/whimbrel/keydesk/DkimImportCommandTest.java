package io.whimbrel.keydesk;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.cli.CliRun;
import io.whimbrel.cli.Console;
import io.whimbrel.config.ConfigFile;
import io.whimbrel.config.ConfigResult;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

class DkimImportCommandTest {
    private static final String NODE =
            """
            [node]
            name = "mx1.example.com"

            [[listen]]
            address = "127.0.0.1:2525"
            relay-from = ["127.0.0.0/8"]

            """;

    @TempDir private Path folder;

    /// As `whimbrel dkim` has it.
    @Command(name = "dkim")
    private static final class Dkim {
        @Mixin private Console console = new Console();
    }

    private static CliRun run(String... words) {
        var dkim = new Dkim();
        var program = new CommandLine(dkim).addSubcommand(new DkimImportCommand(dkim.console));
        var out = new StringWriter();
        var err = new StringWriter();
        program.setOut(new PrintWriter(out));
        program.setErr(new PrintWriter(err));
        var all = new ArrayList<>(List.of("import"));
        all.addAll(List.of(words));
        int exit = program.execute(all.toArray(String[]::new));
        return new CliRun(exit, out.toString(), err.toString());
    }

    private String file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    private String openDkim(String key) throws IOException {
        return file(
                "KeyTable",
                "one example.com:s1:"
                        + key
                        + "\nesp esp.example:e1:/k/esp.pem\nall %:a:/k/%.pem\n");
    }

    @Test
    void whatIsPrinted_isTakenByOurConfiguration() throws IOException {
        String keys = openDkim("/k/one.pem");
        String signing =
                file(
                        "SigningTable",
                        "me@example.com one\n*@example.com one\n*@*.x.example esp:@%\n* all\n");
        String kumo = file("dkim_data.toml", "[base]\nselector = \"k\"\n[domain.\"*.example\"]\n");
        String pmta = file("config", "domain-key p,example.net,/k/p.pem\n");
        for (List<String> words :
                List.of(
                        List.of("--from", "opendkim", keys, signing),
                        List.of("--from", "powermta", pmta),
                        List.of("--from", "kumomta", kumo))) {
            CliRun run = run(words.toArray(String[]::new));
            assertThat(run.exit()).as(run.err()).isZero();
            assertThat(run.out()).contains("[[dkim]]");
            Path whole = Path.of(file("w.toml", NODE + run.out()));
            assertThat(ConfigFile.read(whole)).isInstanceOf(ConfigResult.Valid.class);
        }
    }

    @Test
    void keyInTheTable_isWrittenIntoAFileOfItsOwn_andNeverShown() throws Exception {
        String der = ed25519();
        String signing = file("SigningTable", "*@example.com one\n");
        Path out = folder.resolve("out");
        String[] words = {"--from", "opendkim", openDkim(der), signing};

        CliRun without = run(words);
        assertThat(without.out()).contains("with --out it is written").doesNotContain(der);

        CliRun run = run(words[0], words[1], "--out", out.toString(), words[2], words[3]);
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.out() + run.err()).contains("1 tables in " + out).doesNotContain(der);
        Path key = out.resolve("keys/example.com-s1.pem");
        assertThat(Files.readString(out.resolve("dkim.toml"))).contains("key = \"" + key + "\"");
        assertThat(Files.readString(key)).startsWith("-----BEGIN PRIVATE KEY-----\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
                .isEqualTo("r--------");

        CliRun again = run(words[0], words[1], "--out", out.toString(), words[2], words[3]);
        assertThat(again.exit()).isEqualTo(1);
        assertThat(again.err()).contains("dkim.toml is there already; name an empty folder");
    }

    private static String ed25519() throws GeneralSecurityException {
        return Base64.getEncoder()
                .encodeToString(
                        KeyPairGenerator.getInstance("Ed25519")
                                .generateKeyPair()
                                .getPrivate()
                                .getEncoded());
    }

    @Test
    void json_isOneObjectALine() throws IOException {
        String pmta = file("config", "domain-key p,example.net,/k/p.pem\n");
        CliRun run = run("--json", "--from", "powermta", pmta);
        assertThat(run.lines()).hasSize(2);
        assertThat(run.lines().getFirst())
                .contains("\"type\":\"table\"", "\"domain\":\"example.net\"", "\"line\":1");
        assertThat(run.lines().getLast())
                .contains("\"type\":\"remark\"", "\"outcome\":\"changed\"");
    }

    @Test
    void mistakes_areToldInOneLine() throws IOException {
        String bad = file("config", "domain-key p\n");
        CliRun run = run("--from", "powermta", bad);
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err())
                .isEqualTo(
                        "whimbrel: "
                                + bad
                                + ":1: it is domain-key SELECTOR,DOMAIN,FILE with commas\n");
        assertThat(run("--from", "kumomta", bad, bad).exit()).isEqualTo(2);
        assertThat(run("--from", "exim", bad).exit()).isEqualTo(2);
        assertThat(run(bad).exit()).isEqualTo(2);
    }
}
