package io.whimbrel.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/// Another manager's choices, with the one private key in the form that the provider wants; a key
/// store would give it back in the JDK's. Thread-safe.
final class OwnKey extends X509ExtendedKeyManager {
    private final X509ExtendedKeyManager manager;
    private final PrivateKey key;

    OwnKey(X509ExtendedKeyManager manager, PrivateKey key) {
        this.manager = manager;
        this.key = key;
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return key;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return manager.getCertificateChain(alias);
    }

    @Override
    public String chooseEngineServerAlias(String type, Principal[] issuers, SSLEngine engine) {
        return manager.chooseEngineServerAlias(type, issuers, engine);
    }

    @Override
    public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
        return manager.chooseServerAlias(type, issuers, socket);
    }

    @Override
    public String[] getServerAliases(String type, Principal[] issuers) {
        return manager.getServerAliases(type, issuers);
    }

    @Override
    public String[] getClientAliases(String type, Principal[] issuers) {
        return manager.getClientAliases(type, issuers);
    }

    @Override
    public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
        return manager.chooseClientAlias(types, issuers, socket);
    }
}
