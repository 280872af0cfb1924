package io.whimbrel.tls;

import org.conscrypt.Conscrypt;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyManagementException;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Optional;

import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;

/// Whose TLS it is, and in what the two differ ([ADR 7](docs/adr/0007-tls-provider.md)).
public enum TlsProvider {
    /// BoringSSL: where its native library can be loaded.
    CONSCRYPT,
    /// The JDK's own.
    JSSE;

    private static final String EXPORTER_LABEL = "EXPORTER-Channel-Binding";
    private static final int EXPORTER_BYTES = 32;

    /// For people.
    public String text() {
        return switch (this) {
            case CONSCRYPT -> "Conscrypt (BoringSSL)";
            case JSSE -> "JSSE, the JDK's own, for the library of Conscrypt cannot be loaded here";
        };
    }

    /// Conscrypt where it can be loaded, which the first call tries, else JSSE.
    public static TlsProvider preferred() {
        return Library.IS_AVAILABLE ? CONSCRYPT : JSSE;
    }

    /// The one for keys of this kind: BoringSSL's side of Java has no Ed25519 in TLS.
    TlsProvider forKind(KeyKind kind) {
        return kind == KeyKind.ED25519 ? JSSE : this;
    }

    SSLContext context(KeyManager[] keys, TrustManager[] trust)
            throws NoSuchAlgorithmException, KeyManagementException {
        SSLContext context =
                switch (this) {
                    case CONSCRYPT -> SSLContext.getInstance("TLS", Loaded.PROVIDER);
                    case JSSE -> SSLContext.getInstance("TLS");
                };
        context.init(keys, trust, null);
        return context;
    }

    /// The key as this provider wants it: Conscrypt would decode another one in each handshake.
    PrivateKey own(PrivateKey key) throws GeneralSecurityException {
        return switch (this) {
            case CONSCRYPT ->
                    KeyFactory.getInstance(key.getAlgorithm(), Loaded.PROVIDER)
                            .generatePrivate(new PKCS8EncodedKeySpec(key.getEncoded()));
            case JSSE -> key;
        };
    }

    /// Sets what only one of the two has, or names otherwise.
    void configure(SSLEngine engine) {
        switch (this) {
            // Its groups are X25519MLKEM768, X25519, P-256 and P-384; nothing to improve.
            case CONSCRYPT -> Conscrypt.setUseSessionTickets(engine, true);
            case JSSE -> {
                SSLParameters parameters = engine.getSSLParameters();
                parameters.setNamedGroups(
                        new String[] {"x25519", "secp256r1", "secp384r1", "secp521r1"});
                engine.setSSLParameters(parameters);
            }
        }
    }

    /// The group of the key exchange, where the provider tells.
    Optional<String> group(SSLEngine engine) {
        return switch (this) {
            case CONSCRYPT -> Optional.ofNullable(Conscrypt.getGroupName(engine));
            case JSSE -> Optional.empty();
        };
    }

    /// RFC 9266 §4.1.
    byte[] exporter(SSLEngine engine) throws SSLException {
        return switch (this) {
            case CONSCRYPT ->
                    Conscrypt.exportKeyingMaterial(
                            engine, EXPORTER_LABEL, new byte[0], EXPORTER_BYTES);
            case JSSE ->
                    ((ExtendedSSLSession) engine.getSession())
                            .exportKeyingMaterialData(EXPORTER_LABEL, new byte[0], EXPORTER_BYTES);
        };
    }

    /// Lets go of what is held outside the heap, once nothing is to be sent or received.
    void release(SSLEngine engine) {
        switch (this) {
            case CONSCRYPT -> {
                try {
                    engine.closeInbound();
                } catch (SSLException _) {
                    // The peer has said no goodbye; there is nothing to be done about it.
                }
            }
            // Without the peer's goodbye this would only declare the session invalid.
            case JSSE -> {}
        }
    }

    /// Loads the library when first asked.
    private static final class Library {
        static final boolean IS_AVAILABLE = Conscrypt.isAvailable();
    }

    /// Apart, for without the library it cannot be made.
    private static final class Loaded {
        static final Provider PROVIDER = Conscrypt.newProvider();
    }
}
