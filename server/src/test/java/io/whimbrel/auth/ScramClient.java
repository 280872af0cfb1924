package io.whimbrel.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;

import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/// The client's side of SCRAM-SHA-256, straight from RFC 5802 §3. Confined to one thread.
final class ScramClient {
    private final String gs2;
    private final byte[] binding;
    private final String firstBare;
    private final String password;
    private String serverSignature = "";

    ScramClient(String gs2, byte[] binding, String user, String nonce, String password) {
        this.gs2 = gs2;
        this.binding = binding.clone();
        this.firstBare = "n=" + user + ",r=" + nonce;
        this.password = password;
    }

    String first() {
        return gs2 + firstBare;
    }

    String last(String serverFirst) {
        try {
            String[] parts = serverFirst.split(",");
            byte[] salt = Base64.getDecoder().decode(parts[1].substring(2));
            int iterations = Integer.parseInt(parts[2].substring(2));
            var spec = new PBEKeySpec(password.toCharArray(), salt, iterations, 256);
            byte[] salted =
                    SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                            .generateSecret(spec)
                            .getEncoded();
            byte[] header = gs2.getBytes(UTF_8);
            byte[] channel = new byte[header.length + binding.length];
            System.arraycopy(header, 0, channel, 0, header.length);
            System.arraycopy(binding, 0, channel, header.length, binding.length);
            String bare = "c=" + base64(channel) + "," + parts[0];
            String message = firstBare + "," + serverFirst + "," + bare;
            byte[] clientKey = mac(salted, "Client Key");
            byte[] stored = MessageDigest.getInstance("SHA-256").digest(clientKey);
            byte[] proof = mac(stored, message);
            for (int i = 0; i < proof.length; i++) {
                proof[i] ^= clientKey[i];
            }
            serverSignature = "v=" + base64(mac(mac(salted, "Server Key"), message));
            return bare + ",p=" + base64(proof);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// What the server must answer to [#last].
    String expectedServerFinal() {
        return serverSignature;
    }

    private static byte[] mac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(UTF_8));
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
