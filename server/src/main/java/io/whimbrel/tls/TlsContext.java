package io.whimbrel.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;

import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;

/// What sessions with one certificate share: the certificate, and the keys of their tickets.
/// Thread-safe.
final class TlsContext {
    /// Those of TLS 1.2 with forward secrecy and AEAD (RFC 9325 §4.2), and those of 1.3. AES with
    /// 128 bits first: it is the cheaper, and as good against all that is known.
    private static final List<String> SUITES =
            List.of(
                    "TLS_AES_128_GCM_SHA256",
                    "TLS_AES_256_GCM_SHA384",
                    "TLS_CHACHA20_POLY1305_SHA256",
                    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    /// Sessions that are kept for the few who take no tickets, some KB each. Beyond it the oldest
    /// go, and their clients shake hands in full.
    private static final int SESSIONS_MAX = 1_000;

    private static final int SESSION_SECONDS = 2 * 60 * 60;
    private static final char[] NO_PASSWORD = {};

    private final ServerCertificate certificate;
    private final ClientTrust trust;
    private final ServerTlsSettings settings;
    private final TlsProvider provider;
    private final SSLContext context;
    private final List<ChannelBinding> endPoint;
    private final String[] suites;

    /// @throws IOException where the provider does not take certificate and key; names file and
    ///   remedy
    TlsContext(
            ServerCertificate certificate,
            ClientTrust trust,
            ServerTlsSettings settings,
            TlsProvider preferred)
            throws IOException {
        this.certificate = certificate;
        this.trust = trust;
        this.settings = settings;
        this.provider = preferred.forKind(certificate.kind());
        this.endPoint = EndPointBinding.of(certificate.chain().getFirst()).stream().toList();
        try {
            context = provider.context(keys(certificate, provider), new TrustManager[] {trust});
        } catch (GeneralSecurityException | IOException e) {
            throw new IOException(
                    certificate.files().certificate()
                            + " cannot be used for TLS by "
                            + provider
                            + " ("
                            + e.getMessage()
                            + "); name each certificate of the chain once",
                    e);
        }
        context.getServerSessionContext().setSessionCacheSize(SESSIONS_MAX);
        context.getServerSessionContext().setSessionTimeout(SESSION_SECONDS);
        List<String> supported =
                Arrays.asList(context.getSupportedSSLParameters().getCipherSuites());
        suites = SUITES.stream().filter(supported::contains).toArray(String[]::new);
    }

    private static KeyManager[] keys(ServerCertificate certificate, TlsProvider provider)
            throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        store.setKeyEntry(
                "own",
                certificate.key(),
                NO_PASSWORD,
                certificate.chain().toArray(X509Certificate[]::new));
        var factory = KeyManagerFactory.getInstance("SunX509");
        factory.init(store, NO_PASSWORD);
        var manager = (X509ExtendedKeyManager) factory.getKeyManagers()[0];
        return new KeyManager[] {new OwnKey(manager, provider.own(certificate.key()))};
    }

    ServerCertificate certificate() {
        return certificate;
    }

    ClientTrust trust() {
        return trust;
    }

    TlsProvider provider() {
        return provider;
    }

    /// `tls-server-end-point`, where it is defined for the certificate.
    List<ChannelBinding> endPoint() {
        return endPoint;
    }

    /// Whether sessions that began with this one may be resumed under the other's terms.
    boolean isSameAs(ServerCertificate otherCertificate, ClientTrust otherTrust) {
        return certificate.isSameAs(otherCertificate) && trust.isSameAs(otherTrust);
    }

    SSLEngine engine() {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(settings.minimum().protocols());
        parameters.setCipherSuites(suites);
        parameters.setUseCipherSuitesOrder(true);
        switch (settings.clientCertificates()) {
            case NONE -> {}
            case OPTIONAL -> parameters.setWantClientAuth(true);
            case REQUIRED -> parameters.setNeedClientAuth(true);
        }
        engine.setSSLParameters(parameters);
        provider.configure(engine);
        return engine;
    }
}
