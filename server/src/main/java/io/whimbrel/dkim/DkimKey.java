package io.whimbrel.dkim;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Optional;

/// A public key as the DNS has it (RFC 6376 §3.6.1, RFC 8463). Immutable.
///
/// @param isTesting the domain only tries
/// @param isStrict no subdomain may be signed for
public record DkimKey(PublicKey key, boolean isEd25519, boolean isTesting, boolean isStrict) {
    private static final int RSA_BITS_LEAST = 1_024;

    /// What costs more to compute than a message is worth.
    private static final int RSA_BITS_MOST = 8_192;

    private static final int ED25519_BYTES = 32;
    private static final int TEXT_MAX = 16_384;

    /// What stands in front of an Ed25519 key of 32 bytes in a SubjectPublicKeyInfo (RFC 8410 §4).
    private static final byte[] ED25519_PREFIX = {
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00
    };

    /// The AlgorithmIdentifier of RSA (RFC 3279 §2.3.1).
    private static final byte[] RSA_ALGORITHM = {
        0x30,
        0x0d,
        0x06,
        0x09,
        0x2a,
        (byte) 0x86,
        0x48,
        (byte) 0x86,
        (byte) 0xf7,
        0x0d,
        0x01,
        0x01,
        0x01,
        0x05,
        0x00
    };

    /// What became of a text.
    public sealed interface Reading {
        record Good(DkimKey key) implements Reading {}

        record Bad(DkimResult result, String reason) implements Reading {}
    }

    /// Whether `signature` is one of `data` by this key.
    ///
    /// @param data what was signed; for Ed25519 its SHA-256 (RFC 8463 §3)
    public boolean verifies(byte[] data, byte[] signature) {
        try {
            Signature verifier = Signature.getInstance(isEd25519 ? "Ed25519" : "SHA256withRSA");
            verifier.initVerify(key);
            verifier.update(data);
            return verifier.verify(signature);
        } catch (GeneralSecurityException _) {
            // A signature of the wrong length, or a key that is a number and no key.
            return false;
        }
    }

    public static Reading read(String text) {
        Optional<TagList> list = text.length() <= TEXT_MAX ? TagList.parse(text) : Optional.empty();
        if (list.isEmpty()) {
            return bad("the key record cannot be read");
        }
        TagList tags = list.get();
        boolean isVersionGood =
                tags.find("v").isEmpty()
                        || (tags.get("v", "").equals("DKIM1") && tags.first().equals("v"));
        if (!isVersionGood || tags.find("p").isEmpty()) {
            return bad("no key record");
        }
        if (!has(tags.get("h", "sha256"), "sha256")) {
            return bad("the key is not for SHA-256");
        }
        String services = tags.get("s", "*");
        if (!has(services, "*") && !has(services, "email")) {
            return bad("the key is not for mail");
        }
        String type = tags.get("k", "rsa");
        if (!type.equals("rsa") && !type.equals("ed25519")) {
            return bad("unknown type of key");
        }
        String flags = tags.get("t", "");
        return read(tags.get("p", ""), type.equals("ed25519"), has(flags, "y"), has(flags, "s"));
    }

    private static Reading bad(String reason) {
        return new Reading.Bad(DkimResult.PERMERROR, reason);
    }

    /// Whether the list, separated by colons, has the word.
    private static boolean has(String list, String word) {
        for (String item : list.split(":", -1)) {
            if (item.strip().equals(word)) {
                return true;
            }
        }
        return false;
    }

    private static Reading read(
            String base64, boolean isEd25519, boolean isTesting, boolean isStrict) {
        String digits = TagList.withoutSpaces(base64);
        if (digits.isEmpty()) {
            return bad("the key is revoked");
        }
        try {
            byte[] bytes = Base64.getDecoder().decode(digits);
            PublicKey key = isEd25519 ? ed25519(bytes) : rsa(bytes);
            if (key instanceof RSAPublicKey rsa) {
                int bits = rsa.getModulus().bitLength();
                // RFC 8301 §3.2.
                if (bits < RSA_BITS_LEAST || bits > RSA_BITS_MOST) {
                    return new Reading.Bad(DkimResult.POLICY, "a key of " + bits + " bits");
                }
            }
            return new Reading.Good(new DkimKey(key, isEd25519, isTesting, isStrict));
        } catch (GeneralSecurityException | IllegalArgumentException _) {
            return bad("the key cannot be read");
        }
    }

    private static PublicKey ed25519(byte[] bytes) throws GeneralSecurityException {
        if (bytes.length != ED25519_BYTES) {
            throw new IllegalArgumentException("not an Ed25519 key");
        }
        return key("Ed25519", concatenated(ED25519_PREFIX, bytes));
    }

    /// A SubjectPublicKeyInfo, as everybody publishes, or a bare RSAPublicKey, as RFC 6376 §3.6.1
    /// has it.
    private static PublicKey rsa(byte[] bytes) throws GeneralSecurityException {
        try {
            return key("RSA", bytes);
        } catch (GeneralSecurityException _) {
            byte[] bits = concatenated(new byte[] {0}, bytes);
            byte[] body = concatenated(RSA_ALGORITHM, der((byte) 0x03, bits));
            return key("RSA", der((byte) 0x30, body));
        }
    }

    private static PublicKey key(String algorithm, byte[] info) throws GeneralSecurityException {
        return KeyFactory.getInstance(algorithm).generatePublic(new X509EncodedKeySpec(info));
    }

    /// Content of less than 64 KiB with tag and length in front.
    private static byte[] der(byte tag, byte[] content) {
        int length = content.length;
        byte[] head = {tag, (byte) 0x82, (byte) (length >>> 8), (byte) length};
        if (length < 0x80) {
            head = new byte[] {tag, (byte) length};
        } else if (length < 0x100) {
            head = new byte[] {tag, (byte) 0x81, (byte) length};
        }
        return concatenated(head, content);
    }

    private static byte[] concatenated(byte[] one, byte[] other) {
        var both = new byte[one.length + other.length];
        System.arraycopy(one, 0, both, 0, one.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }
}
