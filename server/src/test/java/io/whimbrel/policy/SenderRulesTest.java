package io.whimbrel.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.DomainPattern;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.smtp.SmtpPath;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.util.List;

/// [SenderRules], [TenantSettings], [Tenants] and [TenantConnections].
class SenderRulesTest {
    private static final TenantSettings SHOP =
            Policies.withDomains(
                    List.of("shop.example", "*.shop.example", "bücher.example"),
                    List.of("bounce@esp.example", "vb-*@esp.example", "*@own.esp.example"));

    private final DoorMetrics metrics = Policies.metrics();
    private final SenderRules rules = new SenderRules(metrics);

    private static SmtpPath path(String address) {
        return new SmtpPath(address, address.substring(address.lastIndexOf('@') + 1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a@shop.example",
                "A@Shop.EXAMPLE",
                "a@news.shop.example",
                "a@bücher.example",
                "a@xn--bcher-kva.example",
                "bounce@esp.example",
                "Bounce@ESP.example",
                "vb-123=x.example@esp.example",
                "anything@own.esp.example"
            })
    void reversePath_ofTheTenant_isAllowed(String address) {
        assertThat(rules.reversePath(SHOP, path(address))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a@shop.example.evil.example",
                "a@evilshop.example",
                "a@example",
                "a@sub.bücher.example",
                "other@esp.example",
                "bounce@esp.example.evil.example",
                "a@[192.0.2.1]"
            })
    void reversePath_ofAnother_isRefused(String address) {
        assertThat(rules.reversePath(SHOP, path(address)).orElseThrow().toString())
                .startsWith("550 5.7.1 Tenant shop may not send with a reverse-path at ");
        assertThat(metrics.refusals(Reason.REVERSE_PATH)).isEqualTo(1);
    }

    @Test
    void reversePath_withoutDomain_isRefused() {
        assertThat(rules.reversePath(SHOP, new SmtpPath("root", "")).orElseThrow())
                .hasToString(
                        "550 5.7.1 Tenant shop may not send with a reverse-path without a domain");
    }

    @Test
    void nullReversePath_isAlwaysAllowed() {
        assertThat(rules.reversePath(SHOP, SmtpPath.NULL)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "a@shop.example | ",
                "The Shop <a@NEWS.shop.example> | ",
                "a@shop.example, b@bücher.example | ",
                "a@evil.example | Tenant shop may not send From evil.example: it is not among its"
                        + " from-domains",
                "a@shop.example, b@evil.example | Tenant shop may not send From evil.example: it is"
                        + " not among its from-domains",
                "\"a@shop.example\" <b@evil.example> | Tenant shop may not send From evil.example:"
                        + " it is not among its from-domains",
                "bounce@esp.example | Tenant shop may not send From esp.example: it is not among"
                        + " its from-domains",
                "the shop | Tenant shop: the From field cannot be read: something in it is no"
                        + " address"
            })
    void from_mustBeOfTheTenant(String field, String problem) {
        assertThat(rules.from(SHOP, List.of(field)).map(reply -> reply.text()).orElse(null))
                .isEqualTo(problem);
    }

    @Test
    void from_mustStandThereOnce() {
        assertThat(rules.from(SHOP, List.of()).orElseThrow())
                .hasToString(
                        "550 5.7.1 Tenant shop must send with one From field, and this message has"
                                + " no");
        assertThat(rules.from(SHOP, List.of("a@shop.example", "b@evil.example"))).isPresent();
        assertThat(metrics.refusals(Reason.FROM)).isEqualTo(2);
    }

    @Test
    void aTenantWithoutRules_maySendAsAnybody() {
        TenantSettings free = TenantSettings.withoutRules("free");
        assertThat(rules.reversePath(free, path("a@evil.example"))).isEmpty();
        assertThat(rules.from(free, List.of())).isEmpty();
        assertThat(rules.from(free, List.of("(", ")"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "@x.example",
                "x.example",
                "a b@x.example",
                "a*b@x.example",
                "\"a\"@x.example",
                "a@",
                "a@b@"
            })
    void otherAddressPatterns_areRefused(String text) {
        assertThat(AddressPattern.parse(text)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bounce@x.example", "*@x.example", "b-*@*.x.example", "*@*"})
    void addressPatterns_areRenderedAsTheyAreRead(String text) {
        assertThat(AddressPattern.parse(text).orElseThrow().text()).isEqualTo(text);
        assertThat(AddressPattern.parse("*@*").orElseThrow().domain())
                .isEqualTo(new DomainPattern.Every());
    }

    @Test
    void tenants_areFoundByNetwork_theLongestPrefixFirst() {
        var tenants =
                new Tenants(
                        List.of(
                                Policies.withIdentity("wide", List.of("10.0.0.0/8"), List.of()),
                                Policies.withIdentity(
                                        "narrow",
                                        List.of("10.1.0.0/16", "2001:db8::/32"),
                                        List.of())));
        assertThat(named(tenants, "10.2.0.1")).isEqualTo("wide");
        assertThat(named(tenants, "10.1.0.1")).isEqualTo("narrow");
        assertThat(named(tenants, "2001:db8::1")).isEqualTo("narrow");
        assertThat(tenants.ofClient(InetAddress.ofLiteral("192.0.2.1"))).isEmpty();
    }

    private static String named(Tenants tenants, String client) {
        return tenants.ofClient(InetAddress.ofLiteral(client)).orElseThrow().name();
    }

    @Test
    void tenants_areFoundByCertificate_theFingerprintFirst() {
        String print = "ab".repeat(32);
        var tenants =
                new Tenants(
                        List.of(
                                Policies.withIdentity("a", List.of(), List.of("app.a.example")),
                                Policies.withIdentity("b", List.of(), List.of("sha256:" + print))));
        List<String> names = List.of("unknown.example", "App.A.example");
        assertThat(tenants.ofCertificate("00".repeat(32), names).orElseThrow().name())
                .isEqualTo("a");
        assertThat(tenants.ofCertificate("AB".repeat(32), names).orElseThrow().name())
                .isEqualTo("b");
        assertThat(tenants.ofCertificate("00".repeat(32), List.of())).isEmpty();
    }

    @Test
    void aTenantWithoutTable_hasNoRules() {
        var tenants = new Tenants(List.of(SHOP));
        assertThat(tenants.named("shop")).isEqualTo(SHOP);
        assertThat(tenants.named("other")).isEqualTo(TenantSettings.withoutRules("other"));
        assertThat(tenants.isConfigured("other")).isFalse();
    }

    @Test
    void connectionsOfATenant_areCounted() {
        var connections = new TenantConnections(metrics);
        TenantSettings two = Policies.withConnections("two", 2);
        assertThat(connections.open(two)).isEmpty();
        assertThat(connections.open(two)).isEmpty();
        assertThat(connections.open(two).orElseThrow())
                .hasToString(
                        "421 4.7.0 Tenant two has 2 connections open, which is its limit; close one"
                                + " first");
        assertThat(connections.count("two")).isEqualTo(2);
        connections.close(two);
        assertThat(connections.open(two)).isEmpty();
        connections.close(two);
        connections.close(two);
        assertThat(connections.count("two")).isZero();
    }
}
