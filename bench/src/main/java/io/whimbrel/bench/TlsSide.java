package io.whimbrel.bench;

import org.conscrypt.Conscrypt;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.List;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/// One side of TLS connections by one provider. Thread-safe.
///
/// @param name of the provider, for the report
record TlsSide(String name, SSLContext context) {
    private static final char[] PASSWORD = "not-a-secret".toCharArray();
    private static final Provider CONSCRYPT = Conscrypt.newProvider();

    /// A server, or a client that takes any certificate.
    ///
    /// @param keys a PKCS #12 file; none for a client
    static TlsSide of(String name, List<Path> keys) {
        Provider provider = name.equals("JSSE") ? Security.getProvider("SunJSSE") : CONSCRYPT;
        try {
            var context = SSLContext.getInstance("TLS", provider);
            var factory = KeyManagerFactory.getInstance("SunX509");
            factory.init(store(keys), PASSWORD);
            context.init(factory.getKeyManagers(), new TrustManager[] {new AnyCertificate()}, null);
            return new TlsSide(name, context);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static KeyStore store(List<Path> files) throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, PASSWORD);
        for (Path file : files) {
            try (InputStream in = Files.newInputStream(file)) {
                store.load(in, PASSWORD);
            }
        }
        return store;
    }

    /// Shakes hands over `plain`; closing the result closes it.
    SSLSocket handshake(Socket plain, boolean isClient, TlsWords words) throws IOException {
        var socket =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(plain, "mx.test", plain.getPort(), true);
        socket.setUseClientMode(isClient);
        socket.setEnabledProtocols(new String[] {words.protocol()});
        if (!words.suite().isEmpty()) {
            socket.setEnabledCipherSuites(new String[] {words.suite()});
        }
        socket.startHandshake();
        return socket;
    }

    /// @param suite empty for the provider's choice
    record TlsWords(String protocol, String suite) {}

    private static final class AnyCertificate implements X509TrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
