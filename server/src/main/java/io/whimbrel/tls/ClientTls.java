package io.whimbrel.tls;

import io.whimbrel.mail.Network;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// TLS towards hosts that mail is sent to (RFC 3207, RFC 7435). Thread-safe.
///
/// Any certificate will do in the handshake; whoever needs more looks at the chain that it leaves
/// ([ServerTrust]), before a word of mail is said. TLS 1.2 and 1.3. Our own certificates are read
/// when first shown, and again when their files change.
public final class ClientTls {
    private static final TrustManager[] ANY = {new AnyCertificate()};

    private final ProtocolMinimum minimum;
    private final SSLContext anonymous;
    private final Map<CertificateFiles, Identified> identified = new ConcurrentHashMap<>();

    /// A context that shows a certificate, and the state of the files it was read from.
    private record Identified(List<Optional<FileStamp>> stamps, SSLContext context) {}

    public ClientTls() {
        this(ProtocolMinimum.TLS_1_2);
    }

    public ClientTls(ProtocolMinimum minimum) {
        this.minimum = minimum;
        this.anonymous = context(ANY);
    }

    /// Shakes hands over a connected socket; waits for it. What is not done in time ends by closing
    /// `plain` from another thread.
    ///
    /// @param host name of the peer, sent as SNI unless it is an address
    /// @param own shown where the server asks for a certificate
    /// @throws IOException where the handshake fails, or `own` cannot be used ([OwnCertificateBad])
    public ClientSession handshake(Socket plain, String host, Optional<CertificateFiles> own)
            throws IOException {
        SSLContext context = own.isPresent() ? identified(own.get()) : anonymous;
        SSLSocket socket = shake(context, plain, host, minimum.protocols(), false);
        SSLSession session = socket.getSession();
        return new ClientSession(
                socket, session.getProtocol(), session.getCipherSuite(), chain(session));
    }

    /// The same with a server that must prove by an authority that it is `host`, as for HTTPS.
    public static SSLSocket verified(Socket plain, String host, ServerTrust trust)
            throws IOException {
        SSLContext context = context(new TrustManager[] {trust.manager()});
        return shake(context, plain, host, ProtocolMinimum.TLS_1_2.protocols(), true);
    }

    /// Why a certificate of ours cannot be shown; empty where it can.
    public Optional<String> trouble(CertificateFiles own) {
        try {
            identified(own);
            return Optional.empty();
        } catch (OwnCertificateBad e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /// A certificate of ours, or its key, cannot be used; the message names file and remedy.
    public static final class OwnCertificateBad extends IOException {
        private static final long serialVersionUID = 1L;

        OwnCertificateBad(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private static SSLSocket shake(
            SSLContext context, Socket plain, String host, String[] protocols, boolean verifies)
            throws IOException {
        var socket =
                (SSLSocket)
                        context.getSocketFactory().createSocket(plain, host, plain.getPort(), true);
        socket.setUseClientMode(true);
        socket.setEnabledProtocols(protocols);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setServerNames(serverNames(host));
        if (verifies) {
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
        }
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    private SSLContext identified(CertificateFiles files) throws OwnCertificateBad {
        List<Optional<FileStamp>> stamps =
                List.of(FileStamp.of(files.certificate()), FileStamp.of(files.key()));
        Optional<Identified> known = Optional.ofNullable(identified.get(files));
        if (known.isPresent() && known.get().stamps().equals(stamps)) {
            return known.get().context();
        }
        try {
            var key = new ClientKey(ServerCertificate.load(files));
            SSLContext context = context(ANY, key);
            identified.put(files, new Identified(stamps, context));
            return context;
        } catch (IOException e) {
            throw new OwnCertificateBad(String.valueOf(e.getMessage()), e);
        }
    }

    private static SSLContext context(TrustManager[] trust, KeyManager... keys) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, trust, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no TLS", e);
        }
    }

    private static List<X509Certificate> chain(SSLSession session) {
        var chain = new ArrayList<X509Certificate>();
        try {
            for (Certificate one : session.getPeerCertificates()) {
                if (one instanceof X509Certificate certificate) {
                    chain.add(certificate);
                }
            }
        } catch (SSLPeerUnverifiedException _) {
            // A suite without certificates: none was shown.
        }
        return chain;
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
