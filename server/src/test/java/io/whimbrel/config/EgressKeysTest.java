package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.egress.PoolSettings.Member;
import io.whimbrel.egress.Proxy;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.toml.ConfigFinding;
import io.whimbrel.toml.ValueKind.Reading;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;

/// The keys of sources, pools and classes.
class EgressKeysTest {
    private static final String TWO_SOURCES =
            ConfigFileTest.LEAST
                    + """
                    [[source]]
                    name = "t1"
                    address = "192.0.2.10"
                    [[source]]
                    name = "t2"
                    address = "192.0.2.11"
                    """;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sources = ['t1', 't3'] | 13:1: sources: there is no [[source]] \"t3\"; allowed:"
                        + " t1, t2; did you mean \"t1\"?",
                "sources = ['t1', {name = 't1', weight = 2}] | 13:1: sources: \"t1\" stands twice",
                "sources = [] | sources: a pool needs at least one",
                "sources = [{name = 't1', backup = true}] | sources: all of them are backups",
                "sources = ['t2', {name = 't1', weight = 0}] | 13:18: sources: weight: 0",
                "sources = ['t2', {name = 't1', weight = 1001}] | weight: 1001 is too large",
                "sources = ['t2', {name = 't1', wieght = 2}] | unknown key \"wieght\"",
                "sources = ['t2', {weight = 2}] | a source without name",
                "sources = ['t2', 5] | 5 is no name",
                "sources = 't2' | \"t2\" is no list",
            })
    void badPools_areRefusedWhereTheyStand(String line, String message) {
        String file = TWO_SOURCES + "[[pool]]\nname = \"p\"\n" + line.replace('\'', '"') + "\n";

        assertThat(String.join("\n", errors(file))).contains(message);
    }

    @Test
    void poolsAndSources_areWhatHeaderFieldsMayName() {
        String file = TWO_SOURCES + "[[pool]]\nname = \"p\"\nsources = [\"t1\"]\n";

        assertThat(ConfigFileTest.valid(file).reception().pools())
                .containsExactlyInAnyOrder("default", "p", "t1", "t2");
        assertThat(ConfigFileTest.valid(ConfigFileTest.LEAST).reception().pools())
                .containsExactly("default");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[[class]]~name = 'cold'~pool = 'x' | pool: there is no [[pool]]",
                "[[tenant]]~name = 'shop'~pool = 'x' | pool: there is no [[pool]] or [[source]]",
                "[[tenant]]~name = 'a'~class = 'cold' | class: there is no [[class]] \"cold\";"
                        + " allowed: bulk, normal, transactional",
                "[pickup]~class = 'bluk' | did you mean \"bulk\"?",
                "[[class]]~name = 'cold'~priority = 'bulk'~[[tenant]]~name = 'a'~class = 'cold'"
                        + "~classes = ['normal'] | class: \"cold\" is not in classes",
                "[delivery]~pool = 't3' | did you mean \"t1\"?",
                "[[class]]~name = 'a'~[[class]]~name = 'a' | \"a\" stands in the [[class]]",
                "[[source]]~name = 'a'~address = '192.0.2.1'~proxy-address = '192.0.2.2' |"
                        + " proxy-address: this source has no proxy",
                "[[source]]~name = 'a'~address = '192.0.2.1'~proxy = 'socks5://192.0.2.2:1'"
                        + "~proxy-password-file = '/p' | proxy names no user",
                "[[source]]~name = 'a'~address = '192.0.2.1'~proxy = 'socks5://u:p@192.0.2.2:1'"
                        + "~proxy-password-file = '/p' | proxy has a password already",
            })
    void badNames_areRefused(String lines, String message) {
        String file = TWO_SOURCES + lines.replace('\'', '"').replace('~', '\n') + "\n";

        assertThat(String.join("\n", errors(file))).contains(message);
    }

    @Test
    void poolsWithoutADefault_areAWarning() {
        String file = TWO_SOURCES + "[[pool]]\nname = \"p\"\nsources = [\"t1\"]\n";

        assertThat(warnings(file)).hasSize(1);
        assertThat(warnings(file + "[delivery]\npool = \"p\"\n")).isEmpty();
        assertThat(warnings(file.replace("\"p\"", "\"default\""))).isEmpty();
        assertThat(warnings(file + "[delivery]\npool = \"t2\"\n")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "socks5://127.0.0.1:1080",
                "socks5://[2001:db8::1]:1080",
                "socks5://mta@127.0.0.1:1080",
                "socks5://mta:se%3Acr%40t%20+%2B@127.0.0.1:1080",
                "haproxy://127.0.0.1:5000"
            })
    void proxies_areReadAndWritten(String text) {
        var kind = EgressKinds.proxy();
        Proxy proxy = good(kind.reader().apply(text));

        String rendered = kind.renderer().apply(proxy);
        assertThat(good(kind.reader().apply(rendered.substring(1, rendered.length() - 1))))
                .isEqualTo(proxy);
        assertThat(proxy.toString()).doesNotContain("cr@t");
        assertThat(proxy.described()).doesNotContain("mta");
    }

    @Test
    void escapesInPasswords_areUndone() {
        Proxy proxy = good(EgressKinds.proxy().reader().apply("socks5://a%40b:c%3Ad+@127.0.0.1:1"));

        assertThat(proxy.login())
                .contains(new Proxy.Login("a@b", new Proxy.Password.Written("c:d+")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "127.0.0.1:1080",
                "http://u:secret@127.0.0.1:1080",
                "socks5://u:secret@127.0.0.1",
                "socks5://u:secret@proxy.example:1080",
                "socks5://:secret@127.0.0.1:1080",
                "socks5://u:secret%zz@127.0.0.1:1080",
                "socks5://u:secret@0.0.0.0:1080",
                "socks5://127.0.0.1:0",
                "haproxy://u:secret@127.0.0.1:5000"
            })
    void badProxies_areRefusedAndNeverShown(String text) {
        switch (EgressKinds.proxy().reader().apply(text)) {
            case Reading.Good<Proxy> good -> throw new AssertionError(good.toString());
            case Reading.Bad<Proxy>(var problems) ->
                    assertThat(problems.toString()).doesNotContain("secret");
        }
    }

    @Test
    void summary_showsPoolsAndNoPassword() {
        String file =
                TWO_SOURCES
                        + """
                        profile = "cold"
                        proxy = "socks5://mta:secret@127.0.0.1:1080"
                        [[pool]]
                        name = "p"
                        sources = [{ name = "t1", weight = 2 }, { name = "t2", backup = true }]
                        sticky = "tenant"
                        [[class]]
                        name = "cold"
                        priority = "bulk"
                        [delivery]
                        pool = "p"
                        """;
        var valid = (ConfigResult.Valid) ConfigFile.parse("w.toml", file);

        assertThat(ConfigSummary.lines(valid.config()))
                .contains(
                        "sends from 192.0.2.11 (t2) as mx1.example.com, cold through proxy"
                                + " 127.0.0.1:1080 (SOCKS 5)",
                        "pool p: t1 (2), t2 (backup); one source for each tenant; for mail that"
                                + " names none",
                        "class cold: no pool of its own, priority bulk");
        assertThat(valid.config().toString()).doesNotContain("secret");
    }

    @Test
    void classOfTheFile_standsForItsPoolAndPriority() {
        String file =
                TWO_SOURCES
                        + """
                        [[pool]]
                        name = "default"
                        sources = ["t1"]
                        [[class]]
                        name = "promotional"
                        pool = "t2"
                        priority = "bulk"
                        [[class]]
                        name = "transactional"
                        pool = "t1"
                        [[tenant]]
                        name = "shop"
                        class = "promotional"
                        [[tenant]]
                        name = "bank"
                        class = "promotional"
                        pool = "t1"
                        [[tenant]]
                        name = "plain"
                        class = "bulk"
                        [pickup]
                        class = "promotional"
                        """;
        file = file.replace("[[listen]]\n", "[[listen]]\nclass = \"transactional\"\n");
        Config config = ((ConfigResult.Valid) ConfigFile.parse("w.toml", file)).config();
        var listen = config.reception().listens().getFirst().handling().stream();
        var tenants = config.reception().tenants();

        assertThat(listen).isEqualTo(new MailStream("", "", PriorityClass.TRANSACTIONAL, "t1"));
        assertThat(tenants.get(0).pool()).contains("t2");
        assertThat(tenants.get(0).priority()).contains(PriorityClass.BULK);
        assertThat(tenants.get(1).pool()).contains("t1");
        assertThat(tenants.get(2).pool()).isEmpty();
        assertThat(config.pickup().stream())
                .isEqualTo(new MailStream("", "", PriorityClass.BULK, "t2"));
    }

    @Test
    void randomProxies_areReadOrRefused() {
        long seed = System.identityHashCode(this);
        var random = new Random(seed);
        List<String> pieces =
                List.of("socks5", "haproxy", "://", ":", "@", "[", "::1", "]", "127.0.0.1", "%");
        for (int i = 0; i < 20_000; i++) {
            var text = new StringBuilder(random.nextInt(2) == 0 ? "socks5://" : "");
            for (int j = random.nextInt(8); j > 0; j--) {
                text.append(pieces.get(random.nextInt(pieces.size())));
            }
            readAgain(text.toString());
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyProxy_isReadOrRefused(byte[] bytes) {
        readAgain(new String(bytes, StandardCharsets.UTF_8));
    }

    private static void readAgain(String text) {
        var kind = EgressKinds.proxy();
        if (kind.reader().apply(text) instanceof Reading.Good<Proxy>(Proxy proxy)) {
            String rendered = kind.renderer().apply(proxy);
            assertThat(good(kind.reader().apply(rendered.substring(1, rendered.length() - 1))))
                    .as(text)
                    .isEqualTo(proxy);
        }
    }

    @Test
    void members_areWrittenAsTheyAreRead() {
        var kind = EgressKinds.poolMember();

        assertThat(kind.renderer().apply(Member.of("t1"))).isEqualTo("\"t1\"");
        assertThat(kind.renderer().apply(new Member("t1", 2, true)))
                .isEqualTo("{ name = \"t1\", weight = 2, backup = true }");
    }

    private static <T> T good(Reading<T> reading) {
        return switch (reading) {
            case Reading.Good<T>(T value) -> value;
            case Reading.Bad<T> bad -> throw new AssertionError(bad.toString());
        };
    }

    private static List<String> errors(String file) {
        return switch (ConfigFile.parse("w.toml", file)) {
            case ConfigResult.Valid _ -> throw new AssertionError("valid");
            case ConfigResult.Invalid(var errors, var _) ->
                    errors.stream().map(ConfigFinding::toString).toList();
        };
    }

    private static List<String> warnings(String file) {
        return switch (ConfigFile.parse("w.toml", file)) {
            case ConfigResult.Valid(var _, var warnings) ->
                    warnings.stream()
                            .map(ConfigFinding::toString)
                            .filter(it -> !it.contains("relay-from"))
                            .toList();
            case ConfigResult.Invalid invalid -> throw new AssertionError(invalid.toString());
        };
    }
}
