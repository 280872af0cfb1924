package io.whimbrel.keydesk;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.admin.Json;
import io.whimbrel.cli.CliRun;
import io.whimbrel.dns.TestNameServer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// `whimbrel dkim`, as an operator types it, against a name server on loopback.
@Timeout(60)
class DkimCommandTest {
    @TempDir private Path temp;
    private final TestNameServer dns = new TestNameServer();
    private Instant now = Instant.parse("2026-11-28T12:00:00Z");
    private Path keys = Path.of("/nowhere");
    private final List<String> rules = new ArrayList<>();

    @BeforeEach
    void findFolder() throws IOException {
        keys = temp.toRealPath().resolve("data/keys");
    }

    @AfterEach
    void close() {
        dns.close();
    }

    /// Without any options.
    private CliRun run(String... arguments) {
        var dkim = new DkimCommand(() -> now);
        var line = dkim.addTo(new CommandLine(dkim));
        var out = new StringWriter();
        var err = new StringWriter();
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        int exit = line.execute(arguments);
        return new CliRun(exit, out.toString(), err.toString());
    }

    /// With a configuration.
    private CliRun dkim(String... arguments) throws IOException {
        Path file = temp.resolve("w.toml");
        String text =
                """
                [node]
                name = "mta.example.com"
                data = "DATA"
                [[listen]]
                address = "127.0.0.1:2525"
                [dns]
                servers = ["SERVER"]
                """
                        .replace("DATA", keys.resolveSibling(".").normalize().toString())
                        .replace(
                                "SERVER",
                                "127.0.0.1:" + dns.settings().servers().getFirst().getPort());
        Files.writeString(file, text + String.join("\n", rules));
        return run(
                Stream.concat(Stream.of(arguments), Stream.of("-c", file.toString()))
                        .toArray(String[]::new));
    }

    private static ObjectNode json(CliRun run) {
        assertThat(run.err()).isEmpty();
        assertThat(run.lines()).hasSize(1);
        return Json.parse(run.lines().getFirst()).orElseThrow();
    }

    /// A key that signs, with its record in the DNS.
    private void sign(String selector, String algorithm) throws IOException {
        ObjectNode made =
                json(
                        dkim(
                                "gen",
                                "example.com",
                                "--selector",
                                selector,
                                "--algorithm",
                                algorithm,
                                "--json"));
        rules.add(
                "[[dkim]]\ndomain = \"example.com\"\nselector = \""
                        + selector
                        + "\"\nkey = \""
                        + Json.text(made, "place")
                        + "\"");
        publish(made);
    }

    private void publish(ObjectNode record) {
        dns.forget(Json.text(record, "name") + ".");
        var strings = new StringBuilder();
        record.path("strings")
                .forEach(it -> strings.append(" \"").append(it.asString("")).append('"'));
        dns.with(Json.text(record, "name") + ". 300 IN TXT" + strings);
    }

    private ObjectNode rotate(String... more) throws IOException {
        return json(
                dkim(
                        Stream.concat(Stream.of("rotate", "example.com", "--json"), Stream.of(more))
                                .toArray(String[]::new)));
    }

    @Test
    void gen_makesAKeyOnlyItsOwnerReads_andPrintsWhatToPaste() throws IOException {
        CliRun run = dkim("gen", "Example.com");

        assertThat(run.exit()).as(run.err()).isZero();
        Path file = keys.resolve("example.com/s20261128r.pem");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("r--------");
        assertThat(run.lines())
                .contains(
                        "made " + file + " (rsa 2048)",
                        "s20261128r._domainkey.example.com. 3600 IN TXT (",
                        "[[dkim]]",
                        "domain = \"example.com\"",
                        "selector = \"s20261128r\"",
                        "key = \"" + file + "\"");
        String secret = Files.readAllLines(file).get(5);
        assertThat(run.out()).doesNotContain(secret).doesNotContain("PRIVATE");
    }

    @Test
    void gen_ofBoth_makesTwo_andNeedsNoConfigurationOffline() {
        Path folder = keys.resolveSibling("made");
        CliRun run =
                run(
                        "gen",
                        "example.com",
                        "--algorithm=both",
                        "--selector=mail",
                        "--offline",
                        "--testing",
                        "--out=" + folder);

        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(folder.resolve("example.com/mailr.pem")).exists();
        assertThat(folder.resolve("example.com/maile.pem")).exists();
        assertThat(run.out()).contains("v=DKIM1; k=ed25519; t=y; p=");
        assertThat(run("gen", "example.com", "--algorithm=dsa").exit()).isEqualTo(2);
        assertThat(run("gen", "example.com", "--offline").exit()).isEqualTo(2);
        assertThat(run().exit()).isEqualTo(2);
    }

    @Test
    void gen_ofASelectorThatIsThere_makesNothing() throws IOException {
        sign("s1", "ed25519");
        CliRun again = dkim("gen", "example.com", "--selector", "s1");
        assertThat(again.exit()).isEqualTo(1);
        assertThat(again.err()).contains("s1 of example.com has been used already");
        dns.with("s2._domainkey.example.com. 300 IN TXT \"v=DKIM1; p=\"");
        assertThat(dkim("gen", "example.com", "--selector", "s2").err())
                .contains("the DNS has a key at s2._domainkey.example.com");
        dns.mood(TestNameServer.Mood.SERVFAIL);
        assertThat(dkim("gen", "example.com", "--selector", "s3").err()).contains("--offline");
        assertThat(keys.resolve("example.com/s3.pem")).doesNotExist();
    }

    @Test
    void list_showsWhatSigns_andWhetherTheDnsAgrees() throws IOException {
        sign("s1", "ed25519");
        now = Files.getLastModifiedTime(keys.resolve("example.com/s1.pem")).toInstant();
        now = now.plus(Duration.ofDays(3));
        assertThat(dkim("list", "--dns").lines())
                .containsExactly(
                        "DOMAIN       SELECTOR  KEY          USE    AGE  DNS  PLACE",
                        "example.com  s1        ed25519 256  signs  3d   ok   "
                                + keys.resolve("example.com/s1.pem"));

        dns.forget("s1._domainkey.example.com.");
        CliRun missing = dkim("list", "--dns");
        assertThat(missing.exit()).isEqualTo(1);
        assertThat(missing.err()).contains("s1 of example.com: there is no record");
        dns.with("s1._domainkey.example.com. 300 IN TXT \"v=DKIM1; p=\"");
        assertThat(dkim("list", "--dns", "--json").out()).contains("\"dns\":\"revoked\"");
        assertThat(dkim("list").exit()).isZero();

        rules.clear();
        assertThat(dkim("list").out()).contains("unused");
    }

    @Test
    void list_ofALooseFile_saysSo() throws IOException {
        sign("s1", "ed25519");
        Path file = keys.resolve("example.com/s1.pem");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        CliRun run = dkim("list");
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains(file + " has mode 0644", "chmod 0400 " + file);
    }

    @Test
    void show_printsRecordsInEachForm() throws IOException {
        sign("s1", "ed25519");
        sign("r1", "rsa2048");
        assertThat(dkim("show", "example.com", "s1", "--format", "value").out())
                .startsWith("v=DKIM1; k=ed25519; p=");
        assertThat(dkim("show", "example.com").out())
                .contains("r1._domainkey.example.com. 3600 IN TXT (", "s1._domainkey");
        assertThat(
                        json(dkim("show", "example.com", "R1", "--json", "--strict", "--sha256"))
                                .path("value")
                                .asString(""))
                .startsWith("v=DKIM1; h=sha256; k=rsa; t=s; p=");
        CliRun none = dkim("show", "example.com", "s9");
        assertThat(none.exit()).isEqualTo(1);
        assertThat(none.err()).contains("no such key");
        assertThat(dkim("show", "example.com", "--format", "xml").exit()).isEqualTo(2);
    }

    @Test
    void rotate_goesStepByStep() throws IOException {
        sign("s1", "ed25519");

        ObjectNode begun = rotate();
        assertThat(Json.text(begun, "state")).isEqualTo("publishing");
        assertThat(Json.text(begun, "signs")).isEqualTo("s1");
        assertThat(Json.text(begun, "next")).isEqualTo("s20261128e");
        assertThat(Json.text(rotate(), "seen")).isEqualTo("there is no record");
        assertThat(dkim("list").out()).contains("signs  ", "next for s1");

        publish((ObjectNode) begun.path("publish"));
        assertThat(Json.text(rotate("--dry-run"), "state")).isEqualTo("verified");
        assertThat(Json.text(rotate("--status"), "state")).isEqualTo("publishing");
        ObjectNode verified = rotate();
        assertThat(Json.text(verified, "state")).isEqualTo("verified");
        assertThat(Json.text(verified, "until")).isEqualTo("2026-11-28T13:00:00Z");

        now = now.plus(Duration.ofHours(1));
        ObjectNode switched = rotate();
        assertThat(Json.text(switched, "state")).isEqualTo("switched");
        assertThat(Json.text(switched, "signs")).isEqualTo("s20261128e");
        assertThat(dkim("list").out()).contains("signs for s1", "old until 2026-12-05T13:00:00Z");

        now = now.plus(Duration.ofDays(7));
        ObjectNode revoking = rotate();
        assertThat(Json.text(revoking, "state")).isEqualTo("revoking");
        assertThat(Json.text(revoking.path("publish"), "value")).isEqualTo("v=DKIM1; p=");
        assertThat(dkim("rotate", "example.com").out())
                .contains("Publish that s1 is revoked", "the record still has a key");

        publish((ObjectNode) revoking.path("publish"));
        CliRun done = dkim("rotate", "example.com");
        assertThat(done.out())
                .contains("s20261128e signs, and nothing is under way", "s1.pem is put aside");
        assertThat(keys.resolve("example.com/s1.pem.revoked")).exists();
        assertThat(dkim("list", "--dns").exit()).isZero();
    }

    @Test
    void rotate_dryRun_makesNothing() throws IOException {
        sign("s1", "ed25519");
        CliRun run = dkim("rotate", "example.com", "--dry-run", "--keep", "30d", "--spread", "2h");
        assertThat(run.out())
                .contains("would make s20261128e (ed25519), sign with it 2h after", "for 30d");
        assertThat(keys.resolve("rotations.json")).doesNotExist();
        assertThat(keys.resolve("example.com/s20261128e.pem")).doesNotExist();
    }

    @Test
    void rotate_ofOneAlgorithm_leavesTheOther_andBothAreIndependent() throws IOException {
        sign("s1", "ed25519");
        sign("r1", "rsa2048");
        assertThat(Json.text(rotate("--algorithm", "ed25519"), "entry")).isEqualTo("s1");
        CliRun both = dkim("rotate", "example.com", "--json");
        assertThat(both.lines()).hasSize(2);
        assertThat(both.lines().get(0)).contains("\"entry\":\"r1\"", "\"next\":\"s20261128r\"");
        assertThat(both.lines().get(1)).contains("\"entry\":\"s1\"", "there is no record");
    }

    @Test
    void rotate_aborted_goesOnWithTheOldKey() throws IOException {
        sign("s1", "ed25519");
        rotate();
        CliRun aborted = dkim("rotate", "example.com", "--abort");
        assertThat(aborted.out()).contains("s1 signs", "s20261128e.pem is put aside");
        assertThat(dkim("rotate", "example.com", "--abort").err()).contains("no rotation of s1");
        assertThat(Json.text(rotate(), "next")).isEqualTo("s20261128e-2");
    }

    @Test
    void rotate_keepsTheOldRecordForAsLongAsMailLives() throws IOException {
        sign("s1", "ed25519");
        rules.set(0, rules.getFirst() + "\nexpire = \"14d\"");
        assertThat(dkim("rotate", "example.com", "--keep", "1d", "--dry-run").err())
                .contains("the old record stays for 19d");
    }

    @Test
    void rotate_ofWhatCannotBeRotated_isAnError() throws IOException {
        assertThat(dkim("rotate", "example.com").err()).contains("no [[dkim]] of example.com");
        rules.add("[[dkim]]\ndomain = \"example.com\"\nselector = \"s1\"");
        rules.add("key = \"vault:secret/dkim#s1\"");
        assertThat(dkim("rotate", "example.com").err()).contains("lies in vault:secret/dkim#s1");
        assertThat(dkim("rotate", "example.com", "--algorithm", "dsa").exit()).isEqualTo(2);
        assertThat(dkim("rotate", "exa mple").err()).contains("is no key's name");
    }

    @Test
    void keyThatSeals_isListed_andRotated() throws IOException {
        ObjectNode made = json(dkim("gen", "example.com", "--selector", "a1", "--json"));
        rules.add("[arc]\ndomain = \"example.com\"\nselector = \"a1\"");
        rules.add("key = \"" + Json.text(made, "place") + "\"");
        assertThat(json(dkim("list", "--json")).path("use").asString("")).isEqualTo("signs");
        assertThat(dkim("show", "example.com", "a1").out()).contains("a1._domainkey.example.com");
        assertThat(Json.text(rotate(), "next")).isEqualTo("s20261128r");
    }

    @Test
    void keyOfEveryDomain_isRotatedForOne() throws IOException {
        json(dkim("gen", "example.com", "--selector", "s1", "--json"));
        rules.add("[[dkim]]\ndomain = \"*\"\nselector = \"s1\"");
        rules.add("key = \"" + keys + "/{domain}/s1.pem\"");
        assertThat(Json.text(rotate(), "next")).isEqualTo("s20261128r");
        assertThat(dkim("show", "example.com").out()).contains("s1._domainkey.example.com");
    }

    @Test
    void revoke_ofTheKeyThatSigns_needsForce_andOfTheNextOneIsRefused() throws IOException {
        sign("s1", "ed25519");
        CliRun refused = dkim("revoke", "example.com", "s1");
        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.err()).contains("mail is signed with s1", "whimbrel dkim rotate");
        CliRun forced = dkim("revoke", "example.com", "s1", "--force");
        assertThat(forced.out()).contains("v=DKIM1; p=");
        assertThat(forced.err()).contains("fails DKIM");
        assertThat(keys.resolve("example.com/s1.pem")).exists();
        rotate();
        assertThat(dkim("revoke", "example.com", "s20261128e").err()).contains("--abort");
    }

    @Test
    void revoke_ofTheOldKey_endsItsTime() throws IOException {
        sign("s1", "ed25519");
        publish((ObjectNode) rotate().path("publish"));
        rotate();
        now = now.plus(Duration.ofHours(1));
        rotate();

        CliRun dry = dkim("revoke", "example.com", "s1", "--dry-run", "--json");
        assertThat(dry.out()).contains("\"state\":\"revoking\"", "\"dry_run\":true");
        assertThat(Json.text(rotate("--status"), "state")).isEqualTo("switched");
        ObjectNode revoking = json(dkim("revoke", "example.com", "s1", "--json"));
        assertThat(Json.text(revoking, "state")).isEqualTo("revoking");
        publish((ObjectNode) revoking.path("publish"));
        assertThat(Json.text(json(dkim("revoke", "example.com", "s1", "--json")), "state"))
                .isEqualTo("idle");
    }

    @Test
    void revoke_ofAnUnusedKey_putsItAsideWhenTheDnsHasIt() throws IOException {
        sign("s1", "ed25519");
        rules.clear();
        assertThat(dkim("revoke", "example.com", "s1").out())
                .contains("publish, then run this again", "v=DKIM1; p=");
        dns.forget("s1._domainkey.example.com.");
        assertThat(dkim("revoke", "example.com", "s1", "--dry-run").out())
                .contains("would put aside");
        assertThat(dkim("revoke", "example.com", "s1").out()).contains("put aside");
        assertThat(keys.resolve("example.com/s1.pem.revoked")).exists();
        assertThat(dkim("revoke", "example.com", "s9").err()).contains("there is no key s9");
    }
}
