package io.whimbrel.tls;

import java.security.PublicKey;
import java.util.Optional;

/// The kinds of keys that a server's certificate may have.
enum KeyKind {
    RSA("SHA256withRSA"),
    EC("SHA256withECDSA"),
    ED25519("Ed25519");

    private final String signature;

    KeyKind(String signature) {
        this.signature = signature;
    }

    /// An algorithm that every key of this kind can sign with.
    String signature() {
        return signature;
    }

    static Optional<KeyKind> of(PublicKey key) {
        return switch (key.getAlgorithm()) {
            case "RSA" -> Optional.of(RSA);
            case "EC" -> Optional.of(EC);
            case "EdDSA", "Ed25519" -> Optional.of(ED25519);
            default -> Optional.empty();
        };
    }
}
