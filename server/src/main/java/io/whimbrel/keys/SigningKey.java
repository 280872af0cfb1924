package io.whimbrel.keys;

import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.util.Optional;

/// A private key, ready to sign. Immutable, and it says nothing of itself that is secret.
///
/// @param algorithm what it signs by
/// @param bits of the modulus; 256 for Ed25519
/// @param privateKey for use, never to be shown
/// @param publicKey that belongs to it
/// @param provider the only one that can use it, where it lies in a device; else any
public record SigningKey(
        KeyAlgorithm algorithm,
        int bits,
        PrivateKey privateKey,
        PublicKey publicKey,
        Optional<Provider> provider) {

    @Override
    public String toString() {
        return algorithm.keyType() + " " + bits;
    }
}
