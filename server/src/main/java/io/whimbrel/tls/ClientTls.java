package io.whimbrel.tls;

import io.whimbrel.mail.Network;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;

import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// Opportunistic TLS towards hosts that mail is sent to (RFC 3207, RFC 7435). Thread-safe.
///
/// Any certificate will do: the alternative is plain text, which an attacker who can present a
/// false certificate reads as well. TLS 1.2 and 1.3.
public final class ClientTls {
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    private final SSLContext context;

    public ClientTls() {
        try {
            context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new AnyCertificate()}, null);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no TLS", e);
        }
    }

    /// Shakes hands over a connected socket; waits for it. What is not done in time ends by closing
    /// `plain` from another thread.
    ///
    /// @param host name of the peer, sent as SNI unless it is an address
    /// @throws IOException where the handshake fails
    public SSLSocket handshake(Socket plain, String host) throws IOException {
        var socket =
                (SSLSocket)
                        context.getSocketFactory().createSocket(plain, host, plain.getPort(), true);
        socket.setUseClientMode(true);
        socket.setEnabledProtocols(PROTOCOLS);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setServerNames(serverNames(host));
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    private static List<SNIServerName> serverNames(String host) {
        if (Network.parseAddress(host).isPresent()) {
            return List.of();
        }
        try {
            return List.of(new SNIHostName(host));
        } catch (IllegalArgumentException _) {
            // A name with an underscore, for example: good for the DNS, not for SNI.
            return List.of();
        }
    }

    /// Protocol and cipher suite, `TLSv1.3:TLS_AES_256_GCM_SHA384`.
    public static String description(SSLSocket socket) {
        SSLSession session = socket.getSession();
        return session.getProtocol() + ":" + session.getCipherSuite();
    }

    /// Trusts every certificate of a server; has no opinion on clients, of which there are none.
    private static final class AnyCertificate extends X509ExtendedTrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
