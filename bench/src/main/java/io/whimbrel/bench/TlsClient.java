package io.whimbrel.bench;

import org.conscrypt.Conscrypt;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.security.cert.X509Certificate;
import java.util.Optional;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/// A client that takes any certificate and resumes its sessions. Thread-safe.
final class TlsClient {
    private static final Provider CONSCRYPT = Conscrypt.newProvider();

    private final SSLContext context;

    TlsClient() {
        try {
            context = SSLContext.getInstance("TLS", CONSCRYPT);
            context.init(null, new TrustManager[] {new AnyCertificate()}, null);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Connects to a port of this machine and shakes hands; closing the result closes all.
    SSLSocket connect(int port, Words words) throws IOException {
        var plain = new Socket(InetAddress.getLoopbackAddress(), port);
        plain.setTcpNoDelay(true);
        var socket =
                (SSLSocket) context.getSocketFactory().createSocket(plain, "mx.test", port, true);
        socket.setEnabledProtocols(new String[] {words.protocol()});
        if (words.suite().isPresent()) {
            socket.setEnabledCipherSuites(new String[] {words.suite().get()});
        }
        Conscrypt.setNamedGroups(socket, words.groups());
        socket.startHandshake();
        return socket;
    }

    /// What the client offers.
    ///
    /// @param groups for the exchange of keys, the best first
    record Words(String protocol, Optional<String> suite, String... groups) {}

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
