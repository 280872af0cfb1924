package io.whimbrel.provider;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.provider.KumoImport.Note;
import io.whimbrel.provider.KumoImport.Outcome;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.shaping.ReactionRule.Reaction;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;

class KumoImportTest {
    /// Else an import of a few limits would take all rules for unknown hosts away.
    @Test
    void fileOfANameOfOurs_keepsOurRulesBehindItsOwn() {
        KumoImport.Result read =
                KumoImport.read(
                        "s.toml",
                        """
                        ["default"]
                        connection_limit = 10

                        [["default".automation]]
                        regex = "we are out of pigeons"
                        action = "Suspend"
                        duration = "1h"
                        """);
        String text = read.files().getOrDefault("default.toml", "");

        assertThat(text).contains("pigeons").contains("# Our own, as shipped");
        assertThat(text.indexOf("pigeons")).isLessThan(text.indexOf("# Our own"));
        assertThat(text).contains(ProviderFolders.shippedRules("default"));
        assertThat(read.notes())
                .anyMatch(note -> note.message().startsWith("replaces our default.toml"));
    }

    /// KumoMTA looks at the whole reply; ours knows the status as a field of its own, and no case.
    @Test
    void statusAlone_andAnyCase_areCarried_andMatchTheirTestLines() {
        KumoImport.Result read =
                KumoImport.read(
                        "s.toml",
                        """
                        [["big.example".automation]]
                        regex = ['4\\.7\\.28', '(?i)unusual rate']
                        action = "Suspend"
                        duration = "1h"
                        """);
        String text = String.join("", read.files().values());

        assertThat(text)
                .contains("status = \"4.7.28\"", "text = \"unusual rate\"")
                .doesNotContain("(?i)");
    }

    private static final int ROUNDS = 500;

    /// In KumoMTA's format, with made-up names and numbers.
    private static final String FILE =
            """
            ["default"]
            connection_limit = 11
            max_connection_rate = "90/min"
            idle_timeout = "60s"

            [[default.automation]]
            regex = ['first \\d+ text', '451 4\\.7\\.1 second']
            action = [ {SetConfig={name="max_message_rate", value="1/m"}}, "Suspend" ]
            duration = "90m"

            [provider."big"]
            match = [{MXSuffix=".big.example"}, {DomainSuffix="big.example"}]
            enable_tls = "Required"
            provider_connection_limit = 5
            max_message_rate = "20/30min"
            strange_key = true

            [[provider."big".automation]]
            regex = '\\[XY04\\]'
            action = "Suspend"
            trigger = {Threshold="2/hr"}
            duration = "2 hours"

            [[provider."big".automation]]
            regex = '(a+)+'
            action = "SuspendTenant"
            duration = "1 hour"

            [provider."big".sources."s1"]
            connection_limit = 3

            ["one.example"]
            mx_rollup = false
            max_deliveries_per_connection = 20
            """;

    private final KumoImport.Result result = KumoImport.read("k.toml", FILE);

    @Test
    void blocks_becomeFiles() {
        assertThat(result.files().keySet())
                .containsExactly("big.toml", "default.toml", "one.example.toml");
        ProviderFile big = file("big");
        assertThat(big.tls()).isEqualTo(ProviderFile.TlsPreference.ENCRYPT);
        assertThat(big.limits())
                .extracting(it -> it.settings().connections().orElse(0))
                .containsExactly(0, 5, 3);
        assertThat(big.limits().get(0).settings().rates()).hasToString("[40/h]");
        assertThat(big.limits().get(2).settings().scope().conditions())
                .containsEntry(Dimension.SOURCE, "s1");
        assertThat(
                        new Providers(List.of(big), List.of())
                                .of(List.of("mx.big.example"), "", List::of))
                .isEqualTo("big");
        assertThat(file("one.example").matches())
                .containsExactly(new ProviderFile.HostMatch.Domain("one.example"));
    }

    @Test
    void automation_becomesRules_whoseTestsHold() {
        ReactionRule rule = file("big").rules().getFirst();
        assertThat(rule.reactions())
                .containsExactly(
                        new Reaction.Suspend(Set.of(Dimension.SOURCE, Dimension.PROVIDER)));
        assertThat(rule.threshold()).isEqualTo(2);
        assertThat(rule.lasts()).isEqualTo(Duration.ofHours(2));
        ReactionRule second = file("default").rules().get(1);
        assertThat(second.codes()).containsExactly("451");
        assertThat(second.statuses()).containsExactly("4.7.1");
        var all = new Providers(List.of(file("big"), file("default")), List.of());
        assertThat(RuleTests.run(all, ReplyCorpus.NONE).failures()).isEmpty();
    }

    @Test
    void notes_tellOfEveryKey() {
        assertThat(result.notes())
                .contains(
                        new Note(2, "default.connection_limit", Outcome.CARRIED, "connections"),
                        new Note(
                                4,
                                "default.idle_timeout",
                                Outcome.NOT_CARRIED,
                                "with us it is [delivery] idle, for all providers"),
                        new Note(
                                16,
                                "provider.big.strange_key",
                                Outcome.NOT_CARRIED,
                                "we have no such key"))
                .anyMatch(note ->
                        note.line() == 24
                                && note.outcome() == Outcome.NOT_CARRIED
                                && note.message().contains("(a+)+"))
                .isSortedAccordingTo((a, b) -> Integer.compare(a.line(), b.line()));
    }

    /// More matches than we count are as many in a time, over a shorter one.
    @Test
    void thresholdBeyondOurs_isCountedOverAShorterTime() {
        KumoImport.Result some =
                KumoImport.read(
                        "k.toml", FILE.replace("Threshold=\"2/hr\"", "Threshold=\"600/hr\""));

        ReactionRule rule =
                ProvidersTest.file("big", some.files().get("big.toml")).rules().getFirst();

        assertThat(rule.threshold()).isEqualTo(100);
        assertThat(rule.within()).isEqualTo(Duration.ofMinutes(10));
        assertThat(some.notes())
                .contains(
                        new Note(
                                18,
                                "provider.big.automation.trigger",
                                Outcome.CHANGED,
                                "100 in 10m: no threshold is above 100"));
    }

    @Test
    void sourceWithABadName_costsItsOwnLimitsAlone() {
        String text =
                """
                ["two.example"]
                connection_limit = 7
                ["two.example".sources."a source"]
                connection_limit = 3
                """;
        KumoImport.Result some = KumoImport.read("k.toml", text);
        assertThat(some.files().get("two.example.toml"))
                .contains("connections = 7")
                .doesNotContain("connections = 3");
        assertThat(some.notes())
                .anySatisfy(note -> {
                    assertThat(note.key()).isEqualTo("two.example.sources.a source");
                    assertThat(note.line()).isEqualTo(3);
                    assertThat(note.message()).contains("is no name");
                });
    }

    @Test
    void fileThatIsNoToml_isToldWithItsLine() {
        KumoImport.Result bad = KumoImport.read("k.toml", "a = \n[[\n");
        assertThat(bad.isReadable()).isFalse();
        assertThat(bad.files()).isEmpty();
        assertThat(bad.notes()).isNotEmpty();
    }

    @Test
    void mutatedFiles_giveFilesThatCanBeRead() {
        var random = new Random(3);
        for (int i = 0; i < ROUNDS; i++) {
            var text = new StringBuilder(FILE);
            for (int j = random.nextInt(4); j >= 0; j--) {
                int at = random.nextInt(text.length());
                text.setCharAt(at, FILE.charAt(random.nextInt(FILE.length())));
            }
            check(text.toString());
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_giveFilesThatCanBeRead(byte[] bytes) {
        check(new String(bytes, StandardCharsets.UTF_8));
    }

    private static void check(String text) {
        KumoImport.read("k.toml", text)
                .files()
                .forEach((name, made) -> ProvidersTest.file(name.replaceAll("\\.toml$", ""), made));
    }

    private ProviderFile file(String stem) {
        return ProvidersTest.file(stem, result.files().getOrDefault(stem + ".toml", ""));
    }
}
