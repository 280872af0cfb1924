package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.toml.ConfigFinding;

import org.junit.jupiter.api.Test;

import java.util.List;

/// Contradictions in how mail comes in, found in whole files.
class ReceptionChecksTest {
    private static final String NODE = "[node]\nname = \"mx1.example.com\"\n";
    private static final String LISTEN =
            "[[listen]]\naddress = \"127.0.0.1:2525\"\nrelay-from = [\"127.0.0.1\"]\n";
    private static final String TLS = "tls = \"starttls\"\ncertificate = \"/c\"\nkey = \"/k\"\n";

    private static List<String> errors(String more) {
        return switch (ConfigFile.parse("w.toml", NODE + LISTEN + more)) {
            case ConfigResult.Valid _ -> List.of();
            case ConfigResult.Invalid(var errors, _) ->
                    errors.stream().map(ConfigFinding::toString).toList();
        };
    }

    private static List<String> warnings(String more) {
        return switch (ConfigFile.parse("w.toml", NODE + LISTEN + more)) {
            case ConfigResult.Valid(_, var warnings) ->
                    warnings.stream().map(ConfigFinding::toString).toList();
            case ConfigResult.Invalid invalid -> throw new AssertionError(invalid.toString());
        };
    }

    private static void assertOne(List<String> found, String place, String text) {
        assertThat(found).singleElement().asString().startsWith("w.toml:" + place).contains(text);
    }

    @Test
    void auth_withoutTls_isRefused_unlessAProxyVouches() {
        String auth = "auth = \"optional\"\nusers = \"/u\"\n";
        assertOne(errors(auth), "6:1: auth: nobody could log in", "tls = \"starttls\"");
        assertThat(errors(auth + TLS)).isEmpty();
        assertThat(errors(auth + "xclient-from = [\"10.0.0.1\"]\n")).isEmpty();
    }

    @Test
    void verification_whereEverybodyLogsIn_isWarnedOf() {
        String auth = "users = \"/u\"\nverify = [\"spf\"]\n" + TLS;
        assertOne(
                warnings(auth + "auth = \"required\"\n"),
                "7:1: verify: without effect",
                "is not checked");
        assertThat(warnings(auth + "auth = \"optional\"\n")).isEmpty();
    }

    @Test
    void listenerWithoutNetworks_butWithLogins_isNotTakenForClosed() {
        String listen = "[[listen]]\naddress = \"127.0.0.1:2587\"\n";
        assertOne(warnings(listen), "6:1: relay-from", "nobody may relay");
        assertThat(warnings(listen + "auth = \"required\"\nusers = \"/u\"\n" + TLS)).isEmpty();
    }

    @Test
    void transportThatMakesNoSense_isWarnedOf() {
        String unix = "[[listen]]\naddress = \"unix:/run/w.sock\"\nrelay-from = [\"127.0.0.1\"]\n";
        assertOne(warnings(unix + TLS), "9:1: tls: on a UNIX socket", "socket-mode");
        assertThat(warnings(unix + "socket-mode = \"0600\"\n")).isEmpty();
        assertOne(warnings("socket-mode = \"0600\"\n"), "6:1: socket-mode", "no UNIX socket");
        String port25 = "[[listen]]\naddress = \"127.0.0.1:25\"\nrelay-from = [\"127.0.0.1\"]\n";
        assertOne(warnings(port25 + "protocol = \"lmtp\"\n"), "9:1: protocol: LMTP must not", "24");
    }

    @Test
    void tenantWithoutATable_whereOthersHaveOne_isWarnedOf() {
        String table = "[[tenant]]\nname = \"shop\"\n";
        assertThat(warnings("tenant = \"shpo\"\n")).isEmpty();
        assertThat(warnings("tenant = \"shop\"\n" + table)).isEmpty();
        assertOne(
                warnings("tenant = \"shpo\"\n" + table),
                "6:1: tenant: \"shpo\" has no [[tenant]]",
                "; did you mean \"shop\"?");
        assertOne(
                warnings("[pickup]\ntenant = \"other\"\n" + table),
                "7:1: tenant: \"other\"",
                "no quota");
    }

    @Test
    void reportsWithoutAnAuthor_areWarnedOf() {
        String table = "[tls-report]\ndelay = \"1h\"\n";
        assertOne(warnings(table), "7:1: delay: without effect", "from names their author");
        assertThat(warnings("[tls-report]\norganization = \"Us\"\n")).isEmpty();
        assertThat(warnings(table + "from = \"reports@example.com\"\n")).isEmpty();
    }

    @Test
    void certificatesOfATenant_thatNobodyAsksFor_areWarnedOf() {
        String tenant = "[[tenant]]\nname = \"shop\"\ncertificates = [\"app.shop.example\"]\n";
        assertOne(warnings(tenant), "8:1: certificates: without effect", "client-certificates");
        String asked = TLS + "client-certificates = \"optional\"\n";
        assertOne(
                warnings(asked + tenant), "12:1: certificates: a name is believed only", "sha256:");
        String authority = "client-ca = \"/etc/whimbrel/tls/ca.pem\"\n";
        assertThat(warnings(asked + authority + tenant)).isEmpty();
        String byHash = tenant.replace("app.shop.example", "sha256:" + "0".repeat(64));
        assertThat(warnings(asked + byHash)).isEmpty();
    }

    @Test
    void wholeRegistry_asInboundDomain_isRefused() {
        for (String domain : List.of("com", "*.com")) {
            String table = "[[inbound]]\ndomain = \"" + domain + "\"\n";
            assertThat(
                            ((ConfigResult.Invalid)
                                            ConfigFile.parse(
                                                    "w.toml", ConfigFileTest.LEAST + table))
                                    .errors())
                    .singleElement()
                    .asString()
                    .contains("would make an open relay to all of it");
        }
    }

    @Test
    void openPickupFolder_withinTheData_isRefused() {
        String open = "[pickup]\nopen-to = \"everyone\"\n";
        assertOne(errors(open), "7:1: open-to: the folder lies in node.data", "folder = \"/var");
        assertOne(
                errors(open + "folder = \"/var/lib/whimbrel/in\"\n"),
                "8:1: folder: the folder lies in node.data",
                "place of its own");
        assertThat(errors(open + "folder = \"/var/spool/whimbrel\"\n")).isEmpty();
    }

    @Test
    void aliasThatStandsTwice_isRefused() {
        String aliases = "[sendmail]\naliases = [\"root: a@example.com\", \"%s: b@example.com\"]\n";
        assertOne(errors(aliases.formatted("Root")), "7:1: aliases: \"root\"", "twice");
        assertThat(errors(aliases.formatted("www"))).isEmpty();
    }

    @Test
    void inboundDomain_thatNobodyRoutes_isWarnedOf() {
        String inbound = "[[inbound]]\ndomain = \"*.bounce.example.com\"\n";
        String route = "[[route]]\nto = \"lmtp://127.0.0.1:24\"\ndomain = ";
        assertOne(warnings(inbound), "7:1: domain: \"*.bounce.example.com\"", "as a loop");
        assertThat(warnings(inbound + route + "\"*.example.com\"\n")).isEmpty();
        assertThat(warnings(inbound + route + "\"bounce.example.com\"\n")).hasSize(1);
    }
}
