package io.whimbrel.dkimport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;

class KumoDkimImportTest {
    private static final int ROUNDS = 5_000;

    /// In KumoMTA's format, with made-up names.
    private static final String WHOLE =
            """
            [base]
            selector = "k1"
            headers = ["From", "Subject"]
            additional_signatures = ["Esp"]

            [domain."a.example"]
            expiration = 86400
            over_sign = true
            body_canonicalization = "Simple"

            [domain."b.example"]
            selector = "k2"
            filename = "/keys/b.pem"
            algo = "ed25519"
            policy = "TempFailIfNotInDNS"

            [domain."*.c.example"]

            [domain."d.example"]
            key = {vault_mount = "kv", vault_path = "mail/d"}

            [signature."Esp"]
            domain = "esp.example"
            policy = "OnlyIfMissingDomainBlock"

            [signature."Unused"]
            domain = "unused.example"
            colour = "red"
            """;

    private static Imported read(String text) throws IOException {
        return KumoDkimImport.read("dkim_data.toml", text);
    }

    @Test
    void blocks_becomeTables() throws IOException {
        assertThat(read(WHOLE).tables())
                .extracting(DkimTable::text)
                .containsExactly(
                        """
                        [[dkim]]
                        domain = "a.example"
                        selector = "k1"
                        key = "/opt/kumomta/etc/dkim/a.example/k1.key"
                        sub-domains = false
                        canonicalization = "relaxed/simple"
                        headers = ["From", "Subject"]
                        over-sign = ["From", "Subject"]
                        expire = "1d"
                        """,
                        """
                        [[dkim]]
                        domain = "b.example"
                        selector = "k2"
                        key = "/keys/b.pem"
                        sub-domains = false
                        headers = ["From", "Subject"]
                        """,
                        """
                        [[dkim]]
                        domain = "*"
                        selector = "k1"
                        key = "/opt/kumomta/etc/dkim/{domain}/k1.key"
                        authors = ["*.c.example"]
                        headers = ["From", "Subject"]
                        """,
                        """
                        [[dkim]]
                        domain = "d.example"
                        selector = "k1"
                        key = "vault:kv/mail/d#key"
                        sub-domains = false
                        headers = ["From", "Subject"]
                        """,
                        """
                        [[dkim]]
                        domain = "esp.example"
                        selector = "k1"
                        key = "/opt/kumomta/etc/dkim/esp.example/k1.key"
                        authors = ["*"]
                        headers = ["From", "Subject"]
                        """);
    }

    @Test
    void whatIsOtherwise_isTold_withItsLine() throws IOException {
        assertThat(read(WHOLE).text())
                .contains("dkim_data.toml:15: changed: policy TempFailIfNotInDNS: ours always")
                .contains("dkim_data.toml:24: changed: policy OnlyIfMissingDomainBlock")
                .contains("dkim_data.toml:28: not carried: colour is not known here")
                .contains("additional_signatures does not name signature Unused");
    }

    @Test
    void vault_isTheBasesUnlessABlockSaysMore() throws IOException {
        Imported imported =
                read(
                        """
                        [base]
                        vault_mount = "secret"
                        vault_path_prefix = "dkim/"
                        selector = "s1"
                        [domain."a.example"]
                        [domain."b.example"]
                        filename = "special/b"
                        [domain."*.c.example"]
                        """);
        assertThat(imported.tables())
                .extracting(DkimTable::key)
                .containsExactly(
                        "vault:secret/dkim/a.example/s1.key#key", "vault:secret/special/b#key");
        assertThat(imported.text())
                .contains("dkim_data.toml:8: not carried: a secret of Vault for each domain");
    }

    @Test
    void mistakes_nameTheirLine_andTheRemedy() {
        assertThatThrownBy(() -> read("[base]\nx = \n"))
                .hasMessageStartingWith("dkim_data.toml:2: ");
        assertThatThrownBy(() -> read("[domain.\"a.example\"]\n"))
                .hasMessage("dkim_data.toml:1: neither it nor [base] says a selector");
        assertThatThrownBy(() -> read("[base]\nadditional_signatures = [\"x\"]\n"))
                .hasMessage("dkim_data.toml:2: there is no [signature.\"x\"]");
        assertThatThrownBy(() -> read("[queue]\n")).hasMessageContaining("is this another file?");
        assertThatThrownBy(() -> read("domain = 1\n")).hasMessageContaining("is no table");
    }

    private static void check(String text, String seed) {
        try {
            assertThat(read(text).tables()).as(seed).allMatch(it -> it.complaint().isEmpty());
        } catch (IOException e) {
            assertThat(e).as(seed).hasMessageStartingWith("dkim_data.toml:");
        }
    }

    @Test
    void damagedFiles_neverThrow() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            var text = new StringBuilder(WHOLE);
            for (int n = random.nextInt(3); n >= 0; n--) {
                int at = random.nextInt(text.length());
                String piece = String.valueOf("[]={}\"., \n*1é".charAt(random.nextInt(13)));
                text.replace(at, at + random.nextInt(3), piece);
            }
            check(text.toString(), "seed " + seed);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_giveAnAnswerOrALine(byte[] bytes) {
        check(new String(bytes, StandardCharsets.UTF_8), "");
    }
}
