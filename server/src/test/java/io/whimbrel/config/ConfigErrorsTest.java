package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.toml.Findings;
import io.whimbrel.toml.TableSpec;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

import java.util.List;
import java.util.stream.Collectors;

class ConfigErrorsTest {
    private static final String OPEN_RELAY =
            " would make an open relay, which spammers find within hours: list the networks of your"
                    + " own applications, or say that it is wanted: open-relay = true";

    private static final String TABLES =
            ConfigKeys.TABLES.stream().map(TableSpec::header).collect(Collectors.joining(", "));
    private static final String LISTEN_KEYS = String.join(", ", ReceptionKeys.LISTEN.keyNames());
    private static final String NETWORKS =
            "a list of at most 10000 networks, each a network, such as \"10.0.0.0/8\" or"
                    + " \"2001:db8::/32\", or one address";
    private static final String LISTEN_ADDRESS =
            "an address with a port, such as \"127.0.0.1:25\", \"0.0.0.0:25\" or \"[::1]:25\";"
                    + " port 0 lets the system choose one; or a UNIX socket, such as"
                    + " \"unix:/run/whimbrel/smtp.sock\"";

    @Test
    void anEmptyFile_lacksTheRequiredTables() {
        assertErrors(
                "",
                "1:1: [node] is missing; it needs name = \"mx1.example.com\"",
                "1:1: [[listen]] is missing; it needs address = \"127.0.0.1:2525\"");
    }

    @Test
    void requiredKeys_areMissedWhereTheirTableBegins() {
        assertErrors(
                """
                [node]
                drain = "1s"

                  [[listen]]
                tenant = "a"
                [[source]]
                [[route]]
                domain = "example.com"
                """,
                "1:1: [node] lacks the key \"name\"; allowed: a host name, such as"
                        + " \"mx1.example.com\"",
                "4:3: [[listen]] lacks the key \"address\"; allowed: " + LISTEN_ADDRESS,
                "6:1: [[source]] lacks the key \"name\"; allowed: a name of 1 to 64 letters,"
                        + " digits, \".\", \"_\" and \"-\"",
                "6:1: [[source]] lacks the key \"address\"; allowed: an IPv4 or IPv6 address"
                        + " without port, such as \"192.0.2.10\"",
                "7:1: [[route]] lacks the key \"to\"; allowed: " + RouteKeys.TO.kind().allowed());
    }

    @Test
    void unknownNames_comeWithTheNearestKnown() {
        assertErrors(
                """
                name = "outside"
                zzz = 1
                [node]
                name = "mx1.example.com"
                [[listen]]
                address = "127.0.0.1:25"
                  relay_from = ["10.0.0.0/8"]
                Tenant = "a"
                messages-per-connection = 7
                colour = "red"
                [rety]
                first = "5m"
                [cluster]
                """,
                "1:1: key \"name\" stands in no table; allowed: "
                        + TABLES
                        + "; did you mean \"name\" in [node]?",
                "2:1: key \"zzz\" stands in no table; allowed: " + TABLES,
                "7:3: unknown key \"relay_from\" in [[listen]]; allowed: "
                        + LISTEN_KEYS
                        + "; did you mean \"relay-from\"?",
                "8:1: unknown key \"Tenant\" in [[listen]]; allowed: "
                        + LISTEN_KEYS
                        + "; did you mean \"tenant\"?",
                "9:1: unknown key \"messages-per-connection\" in [[listen]]; allowed: "
                        + LISTEN_KEYS
                        + "; did you mean \"messages-per-connection\" in [delivery]?",
                "10:1: unknown key \"colour\" in [[listen]]; allowed: " + LISTEN_KEYS,
                "11:1: unknown table \"rety\"; allowed: " + TABLES + "; did you mean [retry]?",
                "13:1: unknown table \"cluster\"; allowed: " + TABLES);
    }

    @Test
    void misspeltNames_areNotReportedAsMissingToo() {
        assertErrors(
                """
                [nod]
                name = "mx1.example.com"
                [[listen]]
                adress = "127.0.0.1:25"
                """,
                "1:1: unknown table \"nod\"; allowed: " + TABLES + "; did you mean [node]?",
                "4:1: unknown key \"adress\" in [[listen]]; allowed: "
                        + LISTEN_KEYS
                        + "; did you mean \"address\"?");
    }

    @Test
    void tablesWithTheWrongBrackets_areNamedAndStillChecked() {
        assertErrors(
                """
                dns = "127.0.0.1"
                route = []
                [[node]]
                name = "mx1.example.com"
                drain = "2d"
                [listen]
                address = "here"
                """,
                "1:1: dns: \"127.0.0.1\" is no table; allowed: [dns]",
                "2:1: route: a list is no table; allowed: [[route]]",
                "3:1: [[node]] may stand only once; allowed: [node]",
                "5:1: drain: \"2d\" is too long; allowed: a duration from \"0s\" to \"1h\"",
                "6:1: [listen] may stand several times; allowed: [[listen]]",
                "7:1: address: \"here\" is no address with port; allowed: " + LISTEN_ADDRESS);
    }

    @Test
    void errorsOfSyntaxAndMeaning_comeTogetherInTheOrderOfTheFile() {
        assertErrors(
                """
                [node]
                name = "a.example" "b.example"
                drain = 5
                [[listen]
                address = "127.0.0.1:25"
                [[listen]]
                addres = "127.0.0.1:25"
                tenant =
                """,
                "2:20: unexpected \", expected a newline or end-of-input",
                "3:1: drain: 5 is no duration; allowed: a duration from \"0s\" to \"1h\"",
                "4:9: unexpected ']', expected ]] or .",
                "7:1: unknown key \"addres\" in [[listen]]; allowed: "
                        + LISTEN_KEYS
                        + "; did you mean \"address\"?",
                "8:9: unexpected end of line, expected a value");
    }

    @Test
    void keysBehindARefusedHeader_areNotTakenForKeysOfTheTableBefore() {
        assertErrors(
                """
                [node]
                name = "mx1.example.com"
                [retry]
                first = "1m"
                [node]
                data = "/srv"
                zzz = 1
                [dns]
                zzz = 1
                """,
                "5:1: node previously defined at line 1, column 1",
                "9:1: unknown key \"zzz\" in [dns]; allowed: "
                        + String.join(", ", DnsKeys.DNS.keyNames()));
    }

    @Test
    void keysGivenTwice_areErrors() {
        assertErrors(
                ConfigFileTest.LEAST + "tenant = \"a\"\ntenant = \"b\"\n",
                "6:1: tenant previously defined at line 5, column 1");
    }

    @Test
    void listens_mayNotShareAnAddress() {
        assertErrors(
                """
                node = { name = "mx1.example.com" }
                [[listen]]
                address = "127.0.0.1:25"
                [[listen]]
                address = "127.0.0.1:26"
                [[listen]]
                address = "127.0.0.1:25"
                [[listen]]
                address = "[::]:26"
                [[listen]]
                address = "0.0.0.0:27"
                [[listen]]
                address = "[::1]:27"
                [[listen]]
                address = "127.0.0.1:0"
                [[listen]]
                address = "127.0.0.1:0"
                """,
                "5:1: address: \"127.0.0.1:26\" is taken by \"[::]:26\" of line 8",
                "7:1: address: \"127.0.0.1:25\" stands in the [[listen]] of line 2 already");
    }

    @Test
    void sources_mayNotShareAName() {
        assertErrors(
                ConfigFileTest.LEAST
                        + """
                        [[source]]
                        name = "s1"
                        address = "192.0.2.1"
                        [[source]]
                        name = "s1"
                        address = "192.0.2.2"
                        """,
                "9:1: name: \"s1\" stands in the [[source]] of line 5 already");
    }

    @Test
    void routesThatNoMailReaches_areErrors() {
        assertErrors(
                ConfigFileTest.LEAST
                        + """
                        [[route]]
                        domain = "*.example.com"
                        to = "mx"
                        [[route]]
                        domain = "a.example.com"
                        to = "mx"
                        [[route]]
                        domain = "*.a.example.com"
                        to = "mx"
                        [[route]]
                        domain = "example.com"
                        to = "mx"
                        [[route]]
                        domain = "*"
                        to = "mx"
                        [[route]]
                        domain = "example.org"
                        to = "mx"
                        """,
                "9:1: domain: \"a.example.com\" is never reached, for the [[route]] of line 5 takes"
                        + " \"*.example.com\" first",
                "12:1: domain: \"*.a.example.com\" is never reached, for the [[route]] of line 5"
                        + " takes \"*.example.com\" first",
                "21:1: domain: \"example.org\" is never reached, for the [[route]] of line 17 takes"
                        + " \"*\" first");
    }

    @Test
    void routesBehindWiderConditions_areErrors() {
        assertErrors(
                ConfigFileTest.LEAST
                        + """
                        [[route]]
                        tenant = "shop"
                        domain = ["a.example", "*.b.example"]
                        to = "mx"
                        [[route]]
                        domain = "a.example"
                        to = "mx"
                        [[route]]
                        tenant = "shop"
                        recipient = "x@*"
                        domain = "c.b.example"
                        to = "mx"
                        [[route]]
                        tenant = "other"
                        domain = "c.b.example"
                        to = "mx"
                        """,
                "15:1: domain: \"c.b.example\" is never reached, for the [[route]] of line 5 takes"
                        + " [\"a.example\", \"*.b.example\"] first");
    }

    @Test
    void routesThatMixWays_areErrors() {
        assertErrors(
                ConfigFileTest.LEAST
                        + """
                        [[route]]
                        domain = "a.example"
                        to = ["smtp://a.example", "mx"]
                        [[route]]
                        domain = "b.example"
                        to = "discard"
                        tls = "verify"
                        fallback = "smtp://b.example"
                        [[route]]
                        domain = "c.example"
                        to = "mx"
                        auth-user = "c"
                        [[route]]
                        domain = "d.example"
                        to = "smtp://d.example"
                        auth-password-file = "/secret"
                        """,
                "7:1: to: [\"smtp://a.example:25\", \"mx\"] mixes ways of delivery; a list may hold"
                        + " hosts that are all smtp://, all smtps:// or all lmtp://",
                "11:1: tls goes with no route to \"discard\"; only SMTP and LMTP over TCP have it",
                "12:1: fallback goes with no route to \"discard\"; only hosts of SMTP and LMTP have"
                        + " one",
                "16:1: auth-user goes with no route to \"mx\"; only hosts that the route names can"
                        + " know us",
                "16:1: auth-user needs auth-password-file or auth-token-file",
                "20:1: a login needs auth-user");
    }

    @Test
    void routesToOurOwnListener_areErrors() {
        assertErrors(
                """
                node.name = "mx1.example.com"
                [[listen]]
                address = "0.0.0.0:25"
                [[listen]]
                address = "[::1]:26"
                [[route]]
                domain = "a.example"
                to = "smtp://127.0.0.1"
                [[route]]
                domain = "b.example"
                to = "lmtp://[::1]:26"
                [[route]]
                domain = "c.example"
                to = "smtp://[::1]:25"
                """,
                "8:1: to: \"smtp://127.0.0.1:25\" is this server's own [[listen]] of line 2; mail"
                        + " would go round in circles",
                "11:1: to: \"lmtp://[::1]:26\" is this server's own [[listen]] of line 4; mail"
                        + " would go round in circles");
    }

    @Test
    void budgetsThatContradictEachOther_areErrors() {
        assertErrors(
                ConfigFileTest.LEAST
                        + """
                        [memory]
                        budget = "400MiB"
                        heap = "500MiB"
                        [spool]
                        reserve = "2GiB"
                        slow-below = "1GiB"
                        """,
                "7:1: heap = \"500MiB\" is more than budget = \"400MiB\"",
                "9:1: reserve = \"2GiB\" is more than slow-below = \"1GiB\"");
    }

    @Test
    void limitsThatContradictEachOther_areErrors() {
        assertErrors(
                ConfigFileTest.LEAST
                        + """
                        max-connections-per-client = 20
                        max-connections = 10
                        session-timeout = "4m"
                        [retry]
                        first = "5h"
                        expire = "4h"
                        [events]
                        total = "100MiB"
                        """,
                "5:1: max-connections-per-client = 20 is more than max-connections = 10",
                "7:1: command-timeout = \"5m\" (the default) is more than session-timeout = \"4m\"",
                "9:1: first = \"5h\" is more than most = \"4h\" (the default)",
                "9:1: first = \"5h\" is more than expire = \"4h\"",
                "12:1: file = \"256MiB\" (the default) is more than a quarter of total ="
                        + " \"100MiB\"");
    }

    @Test
    void everyBadElementOfAList_isReportedAtItsPlace() {
        assertErrors(
                ConfigFileTest.LEAST
                        + """
                        relay-from = [
                          "0.0.0.0/0", "10.1.2.3/8",
                          5, "2001:db8::1/32", "127.1/8", "2000::/3"
                        ]
                        """,
                "6:16: relay-from: \"10.1.2.3/8\" has bits behind its prefix; allowed: "
                        + NETWORKS
                        + "; did you mean \"10.0.0.0/8\"?",
                "7:3: relay-from: 5 is no network; allowed: " + NETWORKS,
                "7:6: relay-from: \"2001:db8::1/32\" has bits behind its prefix; allowed: "
                        + NETWORKS
                        + "; did you mean \"2001:db8::/32\"?",
                "7:24: relay-from: \"127.1/8\" is no network; allowed: " + NETWORKS);
    }

    @Test
    void networksWideEnoughForAnOpenRelay_areRefusedUnlessWanted() {
        String wide =
                ConfigFileTest.LEAST
                        + """
                        relay-from = ["0.0.0.0/0", "10.0.0.0/8", "2000::/3"]
                        xclient-from = ["0.0.0.0/1"]
                        proxy-protocol-from = ["::/0"]
                        """;
        assertErrors(
                wide,
                "5:1: relay-from: \"0.0.0.0/0\"" + OPEN_RELAY,
                "5:1: relay-from: \"2000::/3\"" + OPEN_RELAY,
                "6:1: xclient-from: \"0.0.0.0/1\"" + OPEN_RELAY,
                "7:1: proxy-protocol-from: \"::/0\"" + OPEN_RELAY);
        assertThat(ConfigFileTest.valid(wide + "open-relay = true\n").listens()).hasSize(1);
    }

    @Test
    void strangeNames_cannotWriteOnTheTerminal() {
        assertErrors(
                ConfigFileTest.LEAST + "\"a\\n\\u001b[2J\\u009b\\u202e\" = 1\n",
                "5:1: unknown key \"a\\n\\u001b[2J??\" in [[listen]]; allowed: " + LISTEN_KEYS);
    }

    @Test
    void moreErrorsThanAnybodyReads_areCounted() {
        List<String> errors = errors("x = \n".repeat(1_000));
        assertThat(errors)
                .hasSize(Findings.ERRORS_MAX + 1)
                .endsWith("w.toml: " + (1_000 - Findings.ERRORS_MAX) + " more errors");
    }

    /// One wrong value for one key: the key's table, the line, the message behind the key's name,
    /// and the suggestion.
    @ParameterizedTest
    @CsvFileSource(
            resources = "/config/wrong-values.csv",
            numLinesToSkip = 1,
            quoteCharacter = '\'')
    void wrongValues_areExplained(
            String table, String line, String message, @Nullable String meant) {
        String header = ConfigKeys.table(table).orElseThrow().header();
        String key = line.substring(0, line.indexOf(' '));
        ConfigResult result = ConfigFile.parse("w.toml", header + "\n" + line + "\n");
        assertThat(result)
                .isInstanceOfSatisfying(
                        ConfigResult.Invalid.class,
                        invalid ->
                                assertThat(invalid.errors())
                                        .filteredOn(error -> error.line() == 2)
                                        .singleElement()
                                        .satisfies(error -> {
                                            assertThat(error.message().replace(", ", " "))
                                                    .isEqualTo(key + ": " + message);
                                            assertThat(error.allowed()).isPresent();
                                            assertThat(error.suggestion().orElse(null))
                                                    .isEqualTo(meant);
                                        }));
    }

    private static void assertErrors(String text, String... expected) {
        assertThat(errors(text))
                .containsExactly(
                        List.of(expected).stream()
                                .map(error -> "w.toml:" + error)
                                .toArray(String[]::new));
    }

    private static List<String> errors(String text) {
        return ConfigFileTest.errorsOf(ConfigFile.parse("w.toml", text));
    }
}
