package io.whimbrel.delivery;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.text.Normalizer;
import java.util.Base64;
import java.util.Optional;

import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding: both sides
/// prove that they know the password, and neither tells it. Confined to one thread, used once.
final class ScramClient {
    /// RFC 7677 §4 wants 4,096 at least. More than this would let a host keep us busy for long.
    private static final int ITERATIONS_MAX = 1_000_000;

    private static final int ITERATIONS_MIN = 4_096;
    private static final int KEY_BITS = 256;
    private static final String HEADER = "n,,";
    private static final String HMAC = "HmacSHA256";

    private final String bare;
    private final String nonce;
    private final String password;
    private byte[] serverSignature = {};

    /// @param nonce ours: printable, without a comma
    ScramClient(String user, String password, String nonce) {
        this.bare = "n=" + normal(user).replace("=", "=3D").replace(",", "=2C") + ",r=" + nonce;
        this.nonce = nonce;
        this.password = normal(password);
    }

    /// What the client says first.
    String first() {
        return HEADER + bare;
    }

    /// What it says then; empty where the server's first message makes no sense.
    Optional<String> last(String serverFirst) {
        String[] parts = serverFirst.split(",", -1);
        if (parts.length < 3
                || !parts[0].startsWith("r=" + nonce)
                || parts[0].length() <= 2 + nonce.length()
                || !parts[1].startsWith("s=")
                || !parts[2].startsWith("i=")) {
            return Optional.empty();
        }
        Optional<byte[]> salt = decoded(parts[1].substring(2));
        int iterations = iterations(parts[2].substring(2));
        if (salt.isEmpty() || salt.get().length == 0 || iterations == 0 || password.isEmpty()) {
            return Optional.empty();
        }
        String withoutProof =
                "c=" + Base64.getEncoder().encodeToString(ascii(HEADER)) + "," + parts[0];
        byte[] authMessage =
                (bare + "," + serverFirst + "," + withoutProof).getBytes(StandardCharsets.UTF_8);
        byte[] salted = salted(salt.get(), iterations);
        byte[] clientKey = hmac(salted, ascii("Client Key"));
        byte[] proof = hmac(sha256(clientKey), authMessage);
        for (int i = 0; i < proof.length; i++) {
            proof[i] ^= clientKey[i];
        }
        serverSignature = hmac(hmac(salted, ascii("Server Key")), authMessage);
        return Optional.of(withoutProof + ",p=" + Base64.getEncoder().encodeToString(proof));
    }

    /// Whether the server's last message proves that it knows the password.
    boolean isProof(String serverLast) {
        int end = serverLast.indexOf(',');
        String verifier = end < 0 ? serverLast : serverLast.substring(0, end);
        return verifier.startsWith("v=")
                && serverSignature.length > 0
                && decoded(verifier.substring(2))
                        .filter(it -> MessageDigest.isEqual(it, serverSignature))
                        .isPresent();
    }

    private static int iterations(String digits) {
        if (digits.isEmpty() || digits.length() > 7) {
            return 0;
        }
        int value = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '9') {
                return 0;
            }
            value = value * 10 + (c - '0');
        }
        return value < ITERATIONS_MIN || value > ITERATIONS_MAX ? 0 : value;
    }

    static Optional<byte[]> decoded(String base64) {
        try {
            return Optional.of(Base64.getDecoder().decode(base64));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static String normal(String text) {
        return Normalizer.normalize(text, Normalizer.Form.NFKC);
    }

    private byte[] salted(byte[] salt, int iterations) {
        try {
            var spec = new PBEKeySpec(password.toCharArray(), salt, iterations, KEY_BITS);
            return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                    .generateSecret(spec)
                    .getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] hmac(byte[] key, byte[] text) {
        return hmac(HMAC, key, text);
    }

    static byte[] hmac(String algorithm, byte[] key, byte[] text) {
        try {
            Mac mac = Mac.getInstance(algorithm);
            mac.init(new SecretKeySpec(key, algorithm));
            return mac.doFinal(text);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
