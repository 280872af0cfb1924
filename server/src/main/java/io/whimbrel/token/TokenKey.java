package io.whimbrel.token;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// One secret of a node, and what is made of it: a key for each use, so that none says anything of
/// another. Immutable and thread-safe; it shows nothing that is secret.
final class TokenKey {
    static final int SECRET_BYTES = 32;
    static final int NUMBER_MAX = 255;

    private static final String HMAC = "HmacSHA256";

    private final int number;
    private final SecretKeySpec sealing;
    private final SecretKeySpec nonces;
    private final SecretKeySpec shortTokens;

    /// @param number 1 to [#NUMBER_MAX], by which a token says what it is sealed with
    /// @param secret [#SECRET_BYTES] random octets
    TokenKey(int number, byte[] secret) {
        if (number < 1 || number > NUMBER_MAX || secret.length != SECRET_BYTES) {
            throw new IllegalArgumentException("a key has a number of 1 to 255 and 32 octets");
        }
        this.number = number;
        this.sealing = new SecretKeySpec(derived(secret, "seal"), "AES");
        this.nonces = new SecretKeySpec(derived(secret, "nonce"), HMAC);
        this.shortTokens = new SecretKeySpec(derived(secret, "short"), HMAC);
    }

    int number() {
        return number;
    }

    SecretKeySpec sealing() {
        return sealing;
    }

    /// The code of a plaintext, whose first octets are its nonce.
    byte[] nonce(byte[] plaintext) {
        return hmac(nonces, plaintext);
    }

    /// The code of what is in a short token.
    byte[] shortCode(byte[] content) {
        return hmac(shortTokens, content);
    }

    @Override
    public String toString() {
        return "token key " + number;
    }

    private static byte[] derived(byte[] secret, String use) {
        byte[] label = ("whimbrel token " + use).getBytes(StandardCharsets.US_ASCII);
        return hmac(new SecretKeySpec(secret, HMAC), label);
    }

    private static byte[] hmac(SecretKeySpec key, byte[] text) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(key);
            return mac.doFinal(text);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HMAC-SHA-256", e);
        }
    }
}
