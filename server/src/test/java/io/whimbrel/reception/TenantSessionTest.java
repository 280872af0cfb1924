package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.tls.ClientCertificates;
import io.whimbrel.tls.ProtocolMinimum;
import io.whimbrel.tls.ServerTlsSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Tenants known by a certificate, and their connections.
class TenantSessionTest {
    @TempDir private Path folder;

    private TestFiles files() {
        return new TestFiles(folder);
    }

    /// Certificates of the authority `good` are verified; it is its own.
    private TestReception start(TenantTerms... tenants) {
        var tls =
                new ServerTlsSettings(
                        List.of(files().certificate("mx")),
                        ClientCertificates.OPTIONAL,
                        Optional.of(files().certificate("good").certificate()),
                        ProtocolMinimum.TLS_1_2);
        return TestReception.start(
                new TestListens()
                        .tls(TlsMode.STARTTLS, tls)
                        .auth(TestReception.auth(AuthSettings.Mode.REQUIRED, files().users()))
                        .tenants(tenants)
                        .settings());
    }

    private SmtpTalk withCertificate(TestReception reception, String name) throws IOException {
        SmtpTalk talk = reception.greeted();
        talk.command("STARTTLS", "220");
        talk.beginTls(files().store(name));
        talk.command("EHLO client.example", "250");
        return talk;
    }

    private static void assertTenant(SmtpTalk talk, TestReception reception, String tenant)
            throws IOException {
        talk.openData("a@example.org");
        talk.command("x\r\n.", "250");
        assertThat(reception.onlyMessage().envelope().stream().tenant()).isEqualTo(tenant);
        assertThat(reception.onlyMessage().text()).contains(" with ESMTPS id ");
    }

    @Test
    void fingerprint_isProofEnough_evenOfACertificateThatNobodyVouchesFor() throws IOException {
        var shop = new TenantTerms("shop").add("certificate", files().fingerprint("stranger"));
        try (var reception = start(shop);
                var talk = withCertificate(reception, "stranger")) {
            assertTenant(talk, reception, "shop");
        }
    }

    @Test
    void name_countsInAVerifiedCertificate() throws IOException {
        var shop = new TenantTerms("shop").add("certificate", "good.test");
        try (var reception = start(shop);
                var talk = withCertificate(reception, "good")) {
            assertTenant(talk, reception, "shop");
        }
    }

    @Test
    void name_countsForNothing_inACertificateOfAnybody() throws IOException {
        var shop = new TenantTerms("shop").add("certificate", "stranger.test");
        try (var reception = start(shop);
                var talk = withCertificate(reception, "stranger")) {
            talk.command("MAIL FROM:<a@example.com>", "530 5.7.0");
        }
    }

    @Test
    void certificate_andItsTenantsConnections() throws IOException {
        var shop =
                new TenantTerms("shop")
                        .add("certificate", files().fingerprint("good"))
                        .add("max-connections", "1");
        try (var reception = start(shop);
                var first = withCertificate(reception, "good");
                var second = reception.greeted()) {
            second.command("STARTTLS", "220");
            second.beginTls(files().store("good"));
            second.expect("421 4.7.0 Tenant shop has 1 connections open");
            second.expectClosed();
            first.command("QUIT", "221");
            first.expectClosed();
        }
    }

    @Test
    void connectionsOfATenant_areCountedFromTheLogin_andGivenBack() throws IOException {
        var shop = new TenantTerms("shop").add("max-connections", "1");
        try (var reception = start(shop);
                var second = reception.greeted()) {
            second.startTls();
            try (var first = reception.greeted()) {
                first.startTls();
                first.command("AUTH PLAIN " + TestFiles.plain("shop"), "235");
                second.command("AUTH PLAIN " + TestFiles.plain("shop"), "421 4.7.0 Tenant shop");
                second.expectClosed();
                first.command("QUIT", "221");
                first.expectClosed();
            }
            try (var third = reception.greeted()) {
                third.startTls();
                third.command("AUTH PLAIN " + TestFiles.plain("boss"), "235");
            }
        }
    }

    @Test
    void login_goesBeforeTheCertificate() throws IOException {
        var shop = new TenantTerms("shop").add("certificate", "good.test");
        try (var reception = start(shop);
                var talk = withCertificate(reception, "good")) {
            talk.command("AUTH PLAIN " + TestFiles.plain("other"), "235");
            talk.openData("a@example.org");
            talk.command("x\r\n.", "250");
            assertThat(reception.onlyMessage().envelope().stream().tenant()).isEqualTo("other");
        }
    }
}
