package io.whimbrel.bench;

import org.conscrypt.Conscrypt;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/// A client that takes any certificate and resumes its sessions. Thread-safe.
final class TlsClient {
    /// TLS 1.3 with X25519.
    static final Words MODERN = new Words("TLSv1.3", Optional.empty(), "X25519", "P-256");

    private static final Provider CONSCRYPT = Conscrypt.newProvider();

    private final SSLContext context;
    private final AtomicInteger certificatesSeen = new AtomicInteger();

    TlsClient() {
        try {
            context = SSLContext.getInstance("TLS", CONSCRYPT);
            context.init(null, new TrustManager[] {new AnyCertificate(certificatesSeen)}, null);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Connects to a port of this machine and shakes hands; closing the result closes all.
    SSLSocket connect(int port, Words words) throws IOException {
        var plain = new Socket(InetAddress.getLoopbackAddress(), port);
        plain.setTcpNoDelay(true);
        return over(plain, words);
    }

    /// Shakes hands on a connection that is there already, after STARTTLS say.
    SSLSocket over(Socket plain, Words words) throws IOException {
        var socket =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(plain, "mx.test", plain.getPort(), true);
        socket.setEnabledProtocols(new String[] {words.protocol()});
        if (words.suite().isPresent()) {
            socket.setEnabledCipherSuites(new String[] {words.suite().get()});
        }
        Conscrypt.setNamedGroups(socket, words.groups());
        socket.startHandshake();
        return socket;
    }

    /// Full handshakes so far: a resumed one shows no certificate.
    int certificatesSeen() {
        return certificatesSeen.get();
    }

    /// What the client offers.
    ///
    /// @param groups for the exchange of keys, the best first
    record Words(String protocol, Optional<String> suite, String... groups) {}

    /// @param seen counts the chains shown
    private record AnyCertificate(AtomicInteger seen) implements X509TrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {
            seen.incrementAndGet();
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
