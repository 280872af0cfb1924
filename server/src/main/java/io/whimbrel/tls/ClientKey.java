package io.whimbrel.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/// The one certificate of ours that is shown to servers that ask for one, whichever authorities
/// they name: with another choice a missing intermediate would look like no certificate at all.
/// Immutable.
final class ClientKey extends X509ExtendedKeyManager {
    private static final String ALIAS = "own";

    private final List<X509Certificate> chain;
    private final PrivateKey key;

    ClientKey(ServerCertificate own) {
        this.chain = own.chain();
        this.key = own.key();
    }

    @Override
    public String[] getClientAliases(String type, Principal[] issuers) {
        return new String[] {ALIAS};
    }

    @Override
    @SuppressWarnings("NullAway") // the API takes null for none
    public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
        return Arrays.asList(types).contains(key.getAlgorithm()) ? ALIAS : null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return chain.toArray(X509Certificate[]::new);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return key;
    }

    @Override
    @SuppressWarnings("NullAway") // the API takes null for none
    public String chooseEngineServerAlias(String type, Principal[] issuers, SSLEngine engine) {
        return null;
    }

    @Override
    @SuppressWarnings("NullAway") // the API takes null for none
    public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
        return null;
    }

    @Override
    public String[] getServerAliases(String type, Principal[] issuers) {
        return new String[0];
    }
}
