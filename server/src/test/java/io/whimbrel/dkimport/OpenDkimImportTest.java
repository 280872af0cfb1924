package io.whimbrel.dkimport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;

class OpenDkimImportTest {
    private static final int ROUNDS = 2_000;

    private static final String KEYS =
            """
            # name domain:selector:path
            one     example.com:s1:/etc/dkim/one.private
            esp     esp.example:e1:/etc/dkim/esp.private
            any     %:mail:/etc/dkim/%/mail.private
            unused  unused.example:u1:/etc/dkim/u.private
            """;

    @TempDir private Path folder;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private Imported tables(String signingTable) throws IOException {
        return OpenDkimImport.ofTables(
                "file:" + file("KeyTable", KEYS),
                "refile:" + file("SigningTable", signingTable),
                Optional.empty());
    }

    private Imported conf(String text) throws IOException {
        return OpenDkimImport.ofConf(file("opendkim.conf", text), Optional.empty());
    }

    @Test
    void domainAndBelow_becomeOneTable() throws IOException {
        Imported imported = tables("*@example.com one\n*@*.example.com one\n");
        assertThat(imported.tables()).singleElement();
        assertThat(imported.tables().getFirst().text())
                .isEqualTo(
                        """
                        [[dkim]]
                        domain = "example.com"
                        selector = "s1"
                        key = "/etc/dkim/one.private"
                        """);
    }

    @Test
    void domainAlone_isWithoutSubdomains() throws IOException {
        assertThat(tables("*@example.com one\n").tables().getFirst().text())
                .endsWith("key = \"/etc/dkim/one.private\"\nsub-domains = false\n");
    }

    @Test
    void keyOfAnotherDomain_hasAuthors() throws IOException {
        assertThat(tables("*@a.example esp\n*@*.b.example esp:@news.esp.example\n").text())
                .contains("domain = \"esp.example\"", "authors = [\"a.example\"]")
                .contains("authors = [\"*.b.example\"]\nidentity = \"@news.esp.example\"");
    }

    @Test
    void senderOwnDomain_isWrittenOut_orStandsForAny() throws IOException {
        String text = tables("*@a.example any\n*@*.b.example any\n* any\n").text();
        assertThat(text)
                .contains("domain = \"a.example\"", "key = \"/etc/dkim/a.example/mail.private\"")
                .contains("authors = [\"*.b.example\"]")
                .contains("domain = \"*\"", "key = \"/etc/dkim/{domain}/mail.private\"");
    }

    @Test
    void whatCannotBeSaid_isTold_withItsLine() throws IOException {
        Imported imported =
                tables(
                        """
                        boss@example.com one
                        *@example.com one
                        *@example.com esp
                        *@x.example nokey
                        *@foo*.example one
                        example.net one
                        """);
        String table = folder.resolve("SigningTable").toString();
        assertThat(imported.remarks())
                .extracting(Remark::toString)
                .containsExactly(
                        table
                                + ":1: not carried: boss@example.com is for single addresses, and"
                                + " ours signs by domain",
                        table
                                + ":5: not carried: *@foo*.example is a pattern that ours has no"
                                + " like of: write the domains into `authors`",
                        table
                                + ":6: not carried: example.net matches no address; OpenDKIM wants"
                                + " *@example.net",
                        table
                                + ":3: not carried: is never reached, for "
                                + table
                                + ":2 matches first, and MultipleSignatures is off",
                        table + ":4: not carried: the KeyTable has no key nokey",
                        folder.resolve("KeyTable")
                                + ":3: not carried: no line of the SigningTable names this key",
                        folder.resolve("KeyTable")
                                + ":4: not carried: no line of the SigningTable names this key",
                        folder.resolve("KeyTable")
                                + ":5: not carried: no line of the SigningTable names this key");
    }

    @Test
    void flatTable_takesTheMostSpecificFirst() throws IOException {
        Imported imported =
                OpenDkimImport.ofTables(
                        file("KeyTable", KEYS).toString(),
                        file("SigningTable", "* any\n.example.com one\nexample.com one\n")
                                .toString(),
                        Optional.empty());
        assertThat(imported.tables())
                .extracting(DkimTable::domain)
                .containsExactly("example.com", "*");
        assertThat(imported.tables().getFirst().hasSubdomains()).isTrue();
    }

    @Test
    void keyNamedByTheSender_isLookedUp() throws IOException {
        Imported imported =
                OpenDkimImport.ofTables(
                        "csl:a.example=%:s1:/k/a, b.example=%:s1:/k/b",
                        "csl:a.example=%, b.example=%", Optional.empty());
        assertThat(imported.tables())
                .extracting(DkimTable::domain, DkimTable::key)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("a.example", "/k/a"),
                        org.assertj.core.groups.Tuple.tuple("b.example", "/k/b"));
    }

    @Test
    void conf_saysHow() throws IOException {
        Imported imported =
                conf(
                        """
                        Syslog yes
                        Domain example.com, example.net
                        Selector s1 # the first
                        KeyFile /etc/dkim/s1.private
                        SubDomains yes
                        Canonicalization relaxed/simple
                        OverSignHeaders From,Subject
                        SignHeaders From,Subject,Date
                        SignatureTTL 604800
                        BodyLengths yes
                        """);
        assertThat(imported.tables()).hasSize(2);
        assertThat(imported.tables().getLast().text())
                .isEqualTo(
                        """
                        [[dkim]]
                        domain = "example.net"
                        selector = "s1"
                        key = "/etc/dkim/s1.private"
                        canonicalization = "relaxed/simple"
                        headers = ["From", "Subject", "Date"]
                        over-sign = ["From", "Subject"]
                        expire = "7d"
                        """);
        assertThat(imported.remarks())
                .singleElement()
                .asString()
                .contains("opendkim.conf:10: not carried: bodylengths: l= is never made");
    }

    @Test
    void confWithTables_andMultipleSignatures_takesAllMatches() throws IOException {
        Path keys = file("KeyTable", KEYS);
        Path signing = file("SigningTable", "*@example.com one\n* esp\n");
        Path more = file("more.conf", "MultipleSignatures yes\nSignHeaders *,+X-Tag\n");
        Imported imported =
                conf(
                        "KeyTable "
                                + keys
                                + "\nSigningTable refile:"
                                + signing
                                + "\nInclude "
                                + more
                                + "\n");
        assertThat(imported.tables())
                .extracting(DkimTable::domain)
                .containsExactly("example.com", "esp.example");
        assertThat(imported.text())
                .contains("more.conf:2: not carried: signheaders changes OpenDKIM's own list")
                .contains("changed: OpenDKIM's default is simple/simple, ours relaxed/relaxed");
    }

    @Test
    void mistakes_nameTheirLine_andTheRemedy() throws IOException {
        assertThatThrownBy(() -> conf("Syslog yes\n")).hasMessageContaining("it signs nothing");
        assertThatThrownBy(() -> conf("Domain a.example\nSelector s\nKeyFile /k\nSignatureTTL x\n"))
                .hasMessageContaining("opendkim.conf:4: SignatureTTL is a number of seconds");
        assertThatThrownBy(() -> conf("KeyTable dsn:mysql://u:pass@h/x\nSigningTable /x\n"))
                .hasMessageContaining("opendkim.conf:1: dsn:... is a database")
                .hasMessageNotContaining("pass");
        Path keys = file("Keys", "one example.com /path\n");
        assertThatThrownBy(() ->
                        OpenDkimImport.ofTables(keys.toString(), keys.toString(), Optional.empty()))
                .hasMessageContaining("Keys:1: a key is NAME DOMAIN:SELECTOR:PATH");
        assertThatThrownBy(() -> OpenDkimImport.ofTables("/no/file", "/no/file", Optional.empty()))
                .hasMessageContaining("there is no file /no/file");
        Path loop = folder.resolve("opendkim.conf");
        assertThatThrownBy(() -> conf("Include " + loop + "\n"))
                .hasMessageContaining("more than 5 levels of Include");
    }

    /// Whatever the files hold: an answer, or a message with a line; and our configuration takes
    /// it.
    private void check(String keys, String signing, String seed) throws IOException {
        Path keyTable = file("KeyTable", keys);
        Path signingTable = file("SigningTable", signing);
        for (String kind : new String[] {"refile:", "file:"}) {
            try {
                Imported imported =
                        OpenDkimImport.ofTables(
                                "file:" + keyTable,
                                kind + signingTable,
                                Optional.of(folder.resolve("out")));
                assertThat(imported.tables())
                        .as(seed)
                        .allMatch(table -> table.complaint().isEmpty());
            } catch (IOException e) {
                assertThat(e).as(seed).hasMessageContaining(folder.toString());
            }
        }
    }

    @Test
    void damagedTables_neverThrow() throws IOException {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        String signing = "*@example.com one\n*@*.example.com esp:@%\n.x any\n* %\n";
        for (int i = 0; i < ROUNDS; i++) {
            check(damaged(KEYS, random), damaged(signing, random), "seed " + seed);
        }
    }

    private static String damaged(String whole, Random random) {
        var text = new StringBuilder(whole);
        for (int n = random.nextInt(4); n > 0; n--) {
            int at = random.nextInt(text.length());
            text.replace(at, at + 1, String.valueOf("%*@.: \n#/ü\0".charAt(random.nextInt(11))));
        }
        return text.toString();
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_giveAnAnswerOrALine(byte[] bytes) throws IOException {
        if (folder == null) {
            folder = Files.createTempDirectory("whimbrel-fuzz");
        }
        String text = new String(bytes, StandardCharsets.UTF_8);
        check(text, "* %\n*@example.com one\n", "");
        check(KEYS, text, "");
        try {
            conf(text.replaceAll("(?i)include|table|:", "x"));
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("opendkim.conf");
        }
    }
}
