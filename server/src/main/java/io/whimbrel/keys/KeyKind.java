package io.whimbrel.keys;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Locale;
import java.util.Optional;

/// The kinds of keys that we make, as operators name them.
public enum KeyKind {
    RSA2048(KeyAlgorithm.RSA, 2_048, "r"),
    RSA4096(KeyAlgorithm.RSA, 4_096, "r"),
    ED25519(KeyAlgorithm.ED25519, 256, "e");

    private final KeyAlgorithm algorithm;
    private final int bits;
    private final String letter;

    KeyKind(KeyAlgorithm algorithm, int bits, String letter) {
        this.algorithm = algorithm;
        this.bits = bits;
        this.letter = letter;
    }

    public KeyAlgorithm algorithm() {
        return algorithm;
    }

    /// `rsa2048` and so on.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// What stands for the algorithm in a selector.
    public String letter() {
        return letter;
    }

    public static Optional<KeyKind> parse(String word) {
        for (KeyKind kind : values()) {
            if (kind.word().equals(word)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    /// What takes the place of `key`: of the same algorithm, and of a size that is no shorter where
    /// we make such.
    public static KeyKind successorOf(SigningKey key) {
        return switch (key.algorithm()) {
            case ED25519 -> ED25519;
            case RSA -> key.bits() > RSA2048.bits ? RSA4096 : RSA2048;
        };
    }

    /// A new key; some 100 ms for RSA-2048, seconds for RSA-4096.
    public SigningKey generate() {
        try {
            var generator = KeyPairGenerator.getInstance(algorithm.keyType());
            if (algorithm == KeyAlgorithm.RSA) {
                generator.initialize(bits);
            }
            KeyPair pair = generator.generateKeyPair();
            return new SigningKey(
                    algorithm, bits, pair.getPrivate(), pair.getPublic(), Optional.empty());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no keys of kind " + word() + " in this Java", e);
        }
    }
}
