package io.whimbrel.provider;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.mail.Rate;
import io.whimbrel.provider.ProviderFile.IpPreference;
import io.whimbrel.provider.ProviderFile.TlsPreference;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.shaping.ReactionRule.Reaction;
import io.whimbrel.toml.ConfigFinding;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

class ProviderTextTest {
    private static final int ROUNDS = 300;
    private static final String ALPHABET = "[]{}=\".,#\n\r \t-_/:*09azAZ\\'()|?+\u00e4\u0000";

    private static final String EVERYTHING =
            """
            [provider]
            name = "t"
            title = "Test"
            note = "A note."
            tls = "encrypt"
            ip = "4-first"

            [[limit]]
            profile = "cold"
            tenant = "shop"
            per = "site"
            rate = "20/s"
            connections = 3
            new-connections = "5/s"
            messages-per-connection = 7
            recipients-per-transaction = 9
            source-url = "https://example.com"
            since = "2026-03-27"

            [[rule]]
            name = "r1"
            code = ["421", "5"]
            status = "4.7"
            text = 'slow (down )?please'
            then = [
              { action = "suspend" },
              { action = "slow-down", percent = 25, scope = ["tenant"] },
              { action = "narrow", connections = 2 },
              { action = "retry-elsewhere", other = "source" },
              { action = "retry-elsewhere", other = "host" },
              { action = "bounce" },
              { action = "bounce-all", scope = ["campaign"] },
              { action = "delay-message", delay = "5m" },
              { action = "split-recipients" },
              { action = "reconnect" },
              { action = "ignore" },
            ]
            threshold = "3 in 10m"
            lasts = "2h"
            test = "421-4.7.0 slow\\n421 4.7.0 down please"
            no-test = ["550 no"]
            """;

    @Test
    void everything_isRead() {
        ProviderFile file = ProvidersTest.file("t", EVERYTHING);
        assertThat(file.tls()).isEqualTo(TlsPreference.ENCRYPT);
        assertThat(file.ip()).isEqualTo(IpPreference.FOUR_FIRST);
        ProviderFile.Limit limit = file.limits().getFirst();
        assertThat(limit.since()).contains(LocalDate.of(2026, 3, 27));
        assertThat(limit.settings().origin()).isEqualTo("t.toml:8");
        assertThat(limit.settings().scope().conditions())
                .isEqualTo(
                        Map.of(
                                Dimension.PROVIDER,
                                "t",
                                Dimension.PROFILE,
                                "cold",
                                Dimension.TENANT,
                                "shop"));
        assertThat(limit.settings().per()).isEqualTo(Set.of(Dimension.SITE));
        assertThat(limit.settings().rates()).containsExactly(new Rate(20, Rate.Window.SECOND));
        assertThat(limit.settings().connections()).hasValue(3);
        assertThat(limit.settings().recipientsPerTransaction()).hasValue(9);
        ReactionRule rule = file.rules().getFirst();
        Set<Dimension> scope = Set.of(Dimension.SOURCE, Dimension.PROVIDER);
        assertThat(rule.reactions())
                .containsExactly(
                        new Reaction.Suspend(scope),
                        new Reaction.SlowDown(Set.of(Dimension.TENANT), 25),
                        new Reaction.Narrow(scope, 2),
                        new Reaction.RetryElsewhere(true),
                        new Reaction.RetryElsewhere(false),
                        new Reaction.Bounce(),
                        new Reaction.BounceAll(Set.of(Dimension.CAMPAIGN)),
                        new Reaction.DelayMessage(Duration.ofMinutes(5)),
                        new Reaction.SplitRecipients(),
                        new Reaction.Reconnect(),
                        new Reaction.Ignore());
        assertThat(rule.threshold()).isEqualTo(3);
        assertThat(rule.within()).isEqualTo(Duration.ofMinutes(10));
        assertThat(rule.lasts()).isEqualTo(Duration.ofHours(2));
    }

    @Test
    void threshold_upToItsMost_isRead() {
        String text = EVERYTHING.replace("\"3 in 10m\"", "\"100 in 10m\"");

        ReactionRule rule = ProvidersTest.file("t", text).rules().getFirst();

        assertThat(rule.threshold()).isEqualTo(ReactionRule.THRESHOLD_MAX);
    }

    @Test
    void reactions_areWrittenAsTheyAreRead() {
        List<Reaction> reactions =
                ProvidersTest.file("t", EVERYTHING).rules().getFirst().reactions();
        String then = String.join(",\n", reactions.stream().map(ReactionKinds::render).toList());
        int start = EVERYTHING.indexOf("then = [");
        int end = EVERYTHING.indexOf("]\nthreshold");
        String again =
                EVERYTHING.substring(0, start) + "then = [" + then + EVERYTHING.substring(end);
        assertThat(ProvidersTest.file("t", again).rules().getFirst().reactions())
                .isEqualTo(reactions);
    }

    @Test
    void mistakes_areToldWithTheirPlace() {
        assertError("percent = 25, scope", "scope", "t.toml:27:3", "slow-down lacks percent");
        assertError("\"suspend\"", "\"suspent\"", "t.toml", "did you mean \"suspend\"?");
        assertError("[\"campaign\"]", "[]", "t.toml", "scope names nothing");
        assertError("lasts = \"2h\"\n", "", "t.toml", "does not say how long it lasts");
        assertError("per = \"site\"", "per = \"tenant\"", "t.toml", "one value only");
        assertError("per = \"site\"", "per = \"provider\"", "t.toml", "the file is about one");
        assertError("'slow (down )?please'", "'(a+)+'", "t.toml", "several ways");
        assertError("\"3 in 10m\"", "\"3/10m\"", "t.toml", "is no threshold");
        assertError(
                "\"3 in 10m\"", "\"101 in 10m\"", "t.toml:38:1", "allowed: 1 to 100 and a time");
        assertError("\"cold\"", "\"icy\"", "t.toml", "is unknown");
        assertError("[\"550 no\"]", "[\"no\"]", "t.toml", "is no SMTP reply");
        assertError("then = [\n", "then = []\nx = [\n", "t.toml", "an empty list");
    }

    @Test
    void limitWithoutNumber_ruleWithoutCondition_andNameTwice_areErrors() {
        String head = "[provider]\nname = \"t\"\ntitle = \"T\"\n";
        assertThat(errors(head + "[[limit]]\nper = \"source\"\n"))
                .singleElement()
                .hasToString(
                        "t.toml:4:1: [[limit]] limits nothing; allowed: at least one of rate,"
                                + " connections, new-connections, messages-per-connection,"
                                + " recipients-per-transaction");
        String rule = "[[rule]]\nname = \"a\"\nthen = { action = \"ignore\" }\ntest = \"550 x\"\n";
        assertThat(errors(head + rule + rule)).hasSize(3);
        assertThat(errors(head + "[[match]]\n")).hasSize(1);
    }

    @Test
    void mutatedFiles_haveAnAnswer() throws IOException {
        var random = new Random(42);
        int good = 0;
        for (int i = 0; i < ROUNDS; i++) {
            String text = i % 2 == 0 ? EVERYTHING : ProviderFolders.shipped().get(i % 20).text();
            var mutated = new StringBuilder(text);
            for (int j = random.nextInt(3); j >= 0; j--) {
                int at = random.nextInt(mutated.length());
                mutated.setCharAt(at, ALPHABET.charAt(random.nextInt(ALPHABET.length())));
            }
            good += check(mutated.toString()) ? 1 : 0;
        }
        assertThat(good).isBetween(ROUNDS / 50, ROUNDS * 19 / 20);
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_haveAnAnswer(byte[] bytes) {
        check(new String(bytes, StandardCharsets.UTF_8));
    }

    @Test
    void wrongEscapeOfAControlCharacter_isNotShownAsItIs() {
        assertThat(check("\"\"]\\\u0005]g")).isFalse();
        assertThat(check("\"\"]\\\u009b]g")).isFalse();
    }

    private static boolean check(String text) {
        return switch (ProviderText.parse("t.toml", Optional.empty(), text)) {
            case ProviderText.Parsed.Good(ProviderFile file) -> {
                new Providers(List.of(file), List.of()).limits();
                yield true;
            }
            case ProviderText.Parsed.Bad(var errors) -> {
                assertThat(errors).isNotEmpty();
                errors.forEach(it ->
                        assertThat(it.toString())
                                .doesNotContainPattern("[\\p{Cntrl}\\x{80}-\\x{9f}]"));
                yield false;
            }
        };
    }

    private static void assertError(String part, String instead, String place, String message) {
        assertThat(EVERYTHING).contains(part);
        assertThat(errors(EVERYTHING.replace(part, instead)))
                .anySatisfy(error ->
                        assertThat(error.toString()).startsWith(place + ":").contains(message));
    }

    private static List<ConfigFinding> errors(String text) {
        return switch (ProviderText.parse("t.toml", Optional.of("t"), text)) {
            case ProviderText.Parsed.Good(ProviderFile file) -> throw new AssertionError(file);
            case ProviderText.Parsed.Bad(var errors) -> errors;
        };
    }
}
