package io.whimbrel.tls;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/// Which client certificates are believed. Thread-safe.
final class ClientTrust extends X509ExtendedTrustManager {
    /// The way a client's key is used says nothing that is checked.
    private static final String ANY_USE = "UNKNOWN";

    private final List<X509Certificate> authorities;
    private final Optional<X509TrustManager> checker;
    private final boolean isRequired;

    /// @param authorities may be none: then no certificate is believed
    ClientTrust(List<X509Certificate> authorities, boolean isRequired) {
        this.authorities = List.copyOf(authorities);
        this.isRequired = isRequired;
        this.checker = authorities.isEmpty() ? Optional.empty() : Optional.of(checker(authorities));
    }

    /// @throws IOException where the file of authorities cannot be used
    static ClientTrust load(ServerTlsSettings settings) throws IOException {
        List<X509Certificate> authorities =
                settings.clientCa().isPresent()
                        ? PemFile.certificates(settings.clientCa().get())
                        : List.of();
        return new ClientTrust(
                authorities, settings.clientCertificates() == ClientCertificates.REQUIRED);
    }

    private static X509TrustManager checker(List<X509Certificate> authorities) {
        try {
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (int i = 0; i < authorities.size(); i++) {
                store.setCertificateEntry("authority-" + i, authorities.get(i));
            }
            var factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509TrustManager one) {
                    return one;
                }
            }
            throw new IllegalStateException("this Java verifies no certificates");
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("this Java verifies no certificates", e);
        }
    }

    boolean isRequired() {
        return isRequired;
    }

    boolean isSameAs(ClientTrust other) {
        return authorities.equals(other.authorities) && isRequired == other.isRequired;
    }

    /// Whether an authority of ours has issued it, for clients, and it is valid now.
    boolean believes(X509Certificate[] chain) {
        if (checker.isEmpty() || chain.length == 0) {
            return false;
        }
        try {
            checker.get().checkClientTrusted(chain, ANY_USE);
            return true;
        } catch (CertificateException _) {
            return false;
        }
    }

    /// Takes every certificate; [TlsStream] looks at it when the handshake is done. One that is not
    /// believed may still be the one that the client shows to everybody, a session that is resumed
    /// brings its certificate along unasked, and BoringSSL's side of Java writes a stack trace to
    /// standard error for each exception from here.
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
            throws CertificateException {
        throw new CertificateException("only clients are checked here");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        checkServerTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        checkServerTrusted(chain, type);
    }

    /// Named to clients, so that they know which certificate to show.
    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return authorities.toArray(X509Certificate[]::new);
    }
}
