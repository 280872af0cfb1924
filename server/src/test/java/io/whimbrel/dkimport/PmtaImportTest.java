package io.whimbrel.dkimport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

class PmtaImportTest {
    private static final int ROUNDS = 2_000;
    private static final Path SAMPLES =
            Path.of(System.getProperty("whimbrel.root", ".."))
                    .resolve("../shared/testdata/powermta");

    private static final String WHOLE =
            """
            domain-macro brands shop.example, news.example
            domain-key s1, example.com, /etc/pmta/s1.pem  # ours
            domain-key s1,$brands,/etc/pmta/brands.pem
            domain-key any,*,/etc/pmta/any.pem
            <virtual-mta mta1>
                domain-key v1,vmta.example,{vault}:/secret/data/dkim/v1:key
                <domain *>
                    max-smtp-out 20
                </domain>
            </virtual-mta>
            <domain-key-list more>
                domain-key l1,list.example,/etc/pmta/l1.pem
            </domain-key-list more>
            <vault >
                server-url https://vault.example:8200
                access-token hvs.SECRET
            </vault>
            <domain *>
                dkim-sign yes
                dkim-headers-canon relaxed
                dkim-body-canon simple
                dkim-expire-after 1w2d
                dkim-headers From, To ,Subject
                dkim-disallow-adding-headers From
            </domain>
            <domain big.example>
                dkim-sign no
                dkim-body-canon relaxed
            </domain>
            """;

    @TempDir private Path folder;

    private Imported read(String text) throws IOException {
        return PmtaImport.read(Files.writeString(folder.resolve("config"), text));
    }

    @Test
    void keys_becomeTables_withTheFormOfAllDestinations() throws IOException {
        Imported imported = read(WHOLE);
        assertThat(imported.tables())
                .extracting(DkimTable::domain)
                .containsExactly(
                        "example.com", "shop.example", "news.example", "*", "vmta.example");
        assertThat(imported.tables().getFirst().text())
                .isEqualTo(
                        """
                        [[dkim]]
                        domain = "example.com"
                        selector = "s1"
                        key = "/etc/pmta/s1.pem"
                        canonicalization = "relaxed/simple"
                        headers = ["From", "To", "Subject"]
                        over-sign = ["From"]
                        expire = "9d"
                        """);
        assertThat(imported.tables().getLast().key()).isEqualTo("vault:secret/dkim/v1#key");
    }

    @Test
    void whatIsOtherwise_isTold_withItsLine_andNoToken() throws IOException {
        String text = read(WHOLE).text();
        assertThat(text)
                .contains("config:6: changed: was for mail of virtual-mta mta1 alone")
                .contains("config:12: not carried: key l1 of list.example was for messages")
                .contains("config:15: changed: write [vault] address")
                .contains("config:27: changed: mail to big.example was not signed")
                .contains("config:28: not carried: dkim-body-canon for mail to big.example alone")
                .doesNotContain("SECRET");
    }

    @Test
    void identity_signsAllMail_andTheSecondOneInAddition() throws IOException {
        Imported imported =
                read(
                        """
                        domain-key s1,example.com,/k/s1.pem
                        domain-key e1,esp.example,/k/e1.pem
                        <domain *>
                            dkim-sign yes
                            dkim-algorithm rsa-sha1
                            second-dkim-sign yes
                            second-dkim-identity @mail.esp.example
                            second-dkim-expire-after 7d
                        </domain>
                        """);
        assertThat(imported.tables()).hasSize(3);
        assertThat(imported.tables().getLast().text())
                .isEqualTo(
                        """
                        [[dkim]]
                        domain = "esp.example"
                        selector = "e1"
                        key = "/k/e1.pem"
                        authors = ["*"]
                        expire = "7d"
                        identity = "@mail.esp.example"
                        """);
        assertThat(imported.text()).contains("config:5: changed: rsa-sha1 counts for nothing");
    }

    @Test
    void includes_areRead_withTheirOwnLines() throws IOException {
        Files.createDirectory(folder.resolve("d"));
        Files.writeString(folder.resolve("d/a.conf"), "\ndomain-key s1,a.example,/k/a.pem\n");
        Files.writeString(folder.resolve("d/b.conf"), "domain-key s1,b.example,/k/b.pem\n");
        Imported imported = read("include d/*.conf\ninclude nowhere.conf\ninclude http://h/x\n");
        assertThat(imported.tables())
                .extracting(it -> it.place().toString())
                .containsExactly(
                        folder.toAbsolutePath() + "/d/a.conf:2",
                        folder.toAbsolutePath() + "/d/b.conf:1");
        assertThat(imported.text())
                .contains("config:2: not carried: there is no file")
                .contains("config:3: not carried: include of http://h/x")
                .contains("dkim-sign is on nowhere");
    }

    @Test
    void firstKeyOfADomain_counts() throws IOException {
        Imported imported =
                read(
                        """
                        domain-key s1,example.com,/k/1.pem
                        domain-key s2,example.com,/k/2.pem
                        domain-key s1,sub.example.com,/k/3.pem
                        """);
        assertThat(imported.tables())
                .extracting(DkimTable::key)
                .containsExactly("/k/1.pem", "/k/3.pem");
        assertThat(imported.text())
                .contains("config:2: not carried: PowerMTA used the first key of example.com")
                .contains("config:3: changed: PowerMTA took the key of example.com");
    }

    @Test
    void mistakes_nameTheirLine_andTheRemedy() {
        assertThatThrownBy(() -> read("\ndomain-key s1 example.com /k\n"))
                .hasMessageContaining("config:2: it is domain-key SELECTOR,DOMAIN,FILE");
        assertThatThrownBy(() -> read("<domain *>\n</source>\n"))
                .hasMessageContaining("config:2: </source> closes <domain *>");
        assertThatThrownBy(() -> read("<domain *>\n"))
                .hasMessageContaining("<domain *> is never closed");
        assertThatThrownBy(() -> read("<domain *>\ndkim-expire-after soon\n</domain>\n"))
                .hasMessageContaining("config:2: dkim-expire-after is a time such as 7d");
        assertThatThrownBy(() -> read("include config\n"))
                .hasMessageContaining("more than 10 levels of include");
    }

    @Test
    void realConfigurations_areRead() throws IOException {
        Assumptions.assumeTrue(Files.isDirectory(SAMPLES), "no samples here");
        Imported strict = PmtaImport.read(SAMPLES.resolve("strict-routing.config"));
        assertThat(strict.tables())
                .hasSize(5)
                .allMatch(it -> it.selector().equals("dkim"))
                .extracting(DkimTable::domain)
                .contains("101crossroadsstudio.com", "richdadsadvisor.com");
        Imported demo = PmtaImport.read(SAMPLES.resolve("signals-demo.config"));
        assertThat(demo.tables())
                .singleElement()
                .extracting(DkimTable::domain)
                .isEqualTo("pmta.signalsdemo.trymsys.net");
        for (String name : new String[] {"bouncy-sink.config", "default-sample-2012.config"}) {
            assertThat(PmtaImport.read(SAMPLES.resolve(name)).tables()).isEmpty();
        }
    }

    private void check(String text, String seed) throws IOException {
        try {
            assertThat(read(text).tables()).as(seed).allMatch(it -> it.complaint().isEmpty());
        } catch (IOException e) {
            assertThat(e).as(seed).hasMessageContaining(folder.toString());
        }
    }

    @Test
    void damagedConfigurations_neverThrow() throws IOException {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            var text = new StringBuilder(WHOLE);
            for (int n = random.nextInt(4); n >= 0; n--) {
                int at = random.nextInt(text.length());
                String piece = String.valueOf("<>/,$* \n#\"{}:é\0".charAt(random.nextInt(15)));
                text.replace(at, at + random.nextInt(3), piece);
            }
            check(text.toString(), "seed " + seed);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_giveAnAnswerOrALine(byte[] bytes) throws IOException {
        if (folder == null) {
            folder = Files.createTempDirectory("whimbrel-fuzz");
        }
        check(new String(bytes, StandardCharsets.UTF_8).replaceAll("(?i)include", "x"), "");
    }
}
