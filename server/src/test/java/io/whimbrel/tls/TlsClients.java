package io.whimbrel.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.Arrays;

import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509TrustManager;

/// Java's clients, which take any certificate and wait 20 s at most.
public final class TlsClients {
    private TlsClients() {}

    static SSLSocket connect(InetSocketAddress server, String... protocols) throws IOException {
        return connect(server, Security.getProvider("SunJSSE"), protocols);
    }

    static SSLSocket connect(InetSocketAddress server, Provider provider, String... protocols)
            throws IOException {
        return over(new Socket(server.getAddress(), server.getPort()), provider, protocols);
    }

    /// A client over a socket that is connected.
    public static SSLSocket over(Socket plain) throws IOException {
        return over(plain, Security.getProvider("SunJSSE"));
    }

    /// A client that shows a certificate.
    ///
    /// @param store PKCS #12 with certificate and key, without a password
    public static SSLSocket over(Socket plain, Path store) throws IOException {
        try (var in = Files.newInputStream(store)) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, new char[0]);
            var factory = KeyManagerFactory.getInstance("SunX509");
            factory.init(keys, new char[0]);
            var own = (X509ExtendedKeyManager) factory.getKeyManagers()[0];
            return over(
                    plain,
                    Security.getProvider("SunJSSE"),
                    new KeyManager[] {new AnyAuthority(own)});
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static SSLSocket over(Socket plain, Provider provider, String... protocols)
            throws IOException {
        return over(plain, provider, new KeyManager[0], protocols);
    }

    private static SSLSocket over(
            Socket plain, Provider provider, KeyManager[] keys, String... protocols)
            throws IOException {
        try {
            var context = SSLContext.getInstance("TLS", provider);
            context.init(keys, new TrustManager[] {new AnyCertificate()}, null);
            plain.setSoTimeout(20_000);
            var socket =
                    (SSLSocket)
                            context.getSocketFactory()
                                    .createSocket(plain, "ec.test", plain.getPort(), true);
            if (protocols.length > 0) {
                socket.setEnabledProtocols(protocols);
            }
            socket.startHandshake();
            return socket;
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    static String subject(InetSocketAddress server) throws IOException {
        try (SSLSocket socket = connect(server)) {
            var own = (X509Certificate) socket.getSession().getPeerCertificates()[0];
            return own.getSubjectX500Principal().getName();
        }
    }

    /// What Java's client says first: one record.
    static byte[] hello(String host, String... protocols) {
        try {
            var context = SSLContext.getInstance("TLS");
            context.init(null, null, null);
            SSLEngine engine = context.createSSLEngine(host, 25);
            engine.setUseClientMode(true);
            engine.setEnabledProtocols(protocols);
            engine.beginHandshake();
            ByteBuffer out = ByteBuffer.allocate(RecordBuffers.SIZE);
            engine.wrap(ByteBuffer.allocate(0), out);
            return Arrays.copyOf(out.array(), out.position());
        } catch (GeneralSecurityException | IOException e) {
            throw new AssertionError(e);
        }
    }

    static void write(SSLSocket socket, byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Shows its certificate whatever authorities the server names.
    private static final class AnyAuthority extends X509ExtendedKeyManager {
        private final X509ExtendedKeyManager own;

        AnyAuthority(X509ExtendedKeyManager own) {
            this.own = own;
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return own.getClientAliases(type, new Principal[0]);
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return own.getClientAliases("EC", new Principal[0])[0];
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return new String[0];
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return "";
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return own.getCertificateChain(alias);
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return own.getPrivateKey(alias);
        }
    }

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
