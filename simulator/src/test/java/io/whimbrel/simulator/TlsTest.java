package io.whimbrel.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateExpiredException;
import java.security.cert.X509Certificate;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

class TlsTest {
    private static SimulatedInternet internet;

    @BeforeAll
    static void start() throws IOException {
        internet =
                SimulatedInternet.start(
                        SimulatorOptions.of(Catalogue.odd(100)).withKeptMessages(1));
    }

    @AfterAll
    static void stop() throws IOException {
        internet.close();
    }

    /// Upgrades a client that has said EHLO, checking the certificate against `name`.
    private static SSLSocket upgrade(TestClient client, String name)
            throws IOException, GeneralSecurityException {
        client.send("STARTTLS\r\n").expect("220");
        return handshake(client, name);
    }

    private static SSLSocket handshake(TestClient client, String name)
            throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("simulator", internet.trustAnchor());
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        var socket =
                (SSLSocket)
                        context.getSocketFactory().createSocket(client.socket(), name, 25, true);
        var parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        client.upgrade(socket);
        return socket;
    }

    @Test
    void goodCertificate_isTrustedAndMailGoesThrough()
            throws IOException, GeneralSecurityException {
        long before = internet.provider("tls").counters().tlsSessions();
        try (var client = TestClient.ready(internet, "tls")) {
            SSLSocket socket = upgrade(client, "mx.tls.example");
            var certificate = (X509Certificate) socket.getSession().getPeerCertificates()[0];
            certificate.checkValidity();
            assertThat(client.send("EHLO client.test\r\n").reply()).doesNotContain("STARTTLS");
            assertThat(client.deliver("a@tls.example")).startsWith("250");
            client.send("QUIT\r\n").expect("221");
            client.expectClosed();
        }
        assertThat(internet.keptMessages().getFirst().tls()).isTrue();
        assertThat(internet.provider("tls").counters().tlsSessions()).isEqualTo(before + 1);
    }

    @Test
    void ehlo_isNeededAgainAfterTheHandshake() throws IOException, GeneralSecurityException {
        try (var client = TestClient.ready(internet, "tls")) {
            upgrade(client, "mx.tls.example");
            client.send("MAIL FROM:<>\r\n").expect("503");
        }
    }

    @Test
    void expiredCertificate_failsForItsDateOnly() throws IOException {
        try (var client = TestClient.ready(internet, "expired-tls")) {
            assertThatThrownBy(() -> upgrade(client, "mx.expired-tls.example"))
                    .isInstanceOf(SSLException.class)
                    .hasRootCauseInstanceOf(CertificateExpiredException.class);
        }
    }

    @Test
    void wrongName_fails() throws IOException {
        try (var client = TestClient.ready(internet, "wrong-name")) {
            assertThatThrownBy(() -> upgrade(client, "mx.wrong-name.example"))
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("mx.wrong-name.example");
        }
    }

    @Test
    void brokenHandshake_failsAfter220() throws IOException {
        try (var client = TestClient.ready(internet, "broken-tls")) {
            assertThatThrownBy(() -> upgrade(client, "mx.broken-tls.example"))
                    .isInstanceOf(SSLException.class);
        }
        try (var plain = TestClient.ready(internet, "broken-tls")) {
            assertThat(plain.deliver("a@broken-tls.example")).startsWith("250");
        }
    }

    @Test
    void startTls_whereNotAnnounced_isRefused() throws IOException {
        try (var client = TestClient.ready(internet, "plain")) {
            client.send("STARTTLS\r\n").expect("503");
        }
    }

    @Test
    void commandsBeforeTheHandshake_areForgotten() throws IOException, GeneralSecurityException {
        try (var client = TestClient.ready(internet, "tls")) {
            client.send("STARTTLS\r\nNOOP\r\n").expect("220");
            handshake(client, "mx.tls.example");
            client.send("EHLO client.test\r\n").expect("250-mx.tls.example");
        }
    }
}
