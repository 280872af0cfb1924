package io.whimbrel.keys;

import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.RSAPrivateKey;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.security.spec.RSAPrivateCrtKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/// Private keys as PEM text (RFC 7468), read and written. Stateless.
///
/// Read are PKCS #8 with RSA or Ed25519 (RFC 5958, RFC 8410) and PKCS #1 (`RSA PRIVATE KEY`, RFC
/// 8017), of 1,024 to 4,096 bits. Each failure is an `IOException` that names the place and the
/// remedy, and never shows content.
public final class PemKey {
    /// RFC 8301 §3.2: signers MUST use at least 1,024 bits, SHOULD use at least 2,048.
    static final int BITS_LEAST = 1_024;

    static final int BITS_GOOD = 2_048;

    /// RFC 8301 §3.2: verifiers need not know more.
    static final int BITS_MOST = 4_096;

    private static final int TEXT_MAX = 64 << 10;
    private static final String BEGIN = "-----BEGIN ";
    private static final String DASHES = "-----";
    private static final String PKCS8 = "PRIVATE KEY";
    private static final String PKCS1 = "RSA PRIVATE KEY";
    private static final String NEW_KEY = "; make one with `whimbrel dkim gen`";
    private static final String RSA_OID = "1.2.840.113549.1.1.1";
    private static final String ED25519_OID = "1.3.101.112";
    private static final int ED25519_BYTES = 32;

    /// What stands in front of an Ed25519 key of 32 bytes in a SubjectPublicKeyInfo (RFC 8410 §4).
    private static final byte[] ED25519_PREFIX =
            HexFormat.of().parseHex("302a300506032b6570032100");

    private static final Map<String, String> OTHER_KINDS =
            Map.of(
                    "1.2.840.113549.1.1.10", "RSASSA-PSS",
                    "1.2.840.10045.2.1", "EC",
                    "1.2.840.10040.4.1", "DSA",
                    "1.3.101.113", "Ed448");

    private PemKey() {}

    /// One block of PEM text. Never shown.
    private record Block(String label, String base64, boolean isEncrypted) {}

    /// The first private key of a text.
    ///
    /// @param where it comes from, for messages
    /// @throws IOException where it is none that we can sign with
    public static SigningKey parse(String pem, String where) throws IOException {
        if (pem.length() > TEXT_MAX) {
            throw new IOException(where + " is longer than " + TEXT_MAX + " bytes, and no key");
        }
        Block block = block(pem, where);
        if (block.isEncrypted()) {
            throw new IOException(
                    where
                            + " is encrypted, and nobody is there to type the passphrase: decrypt"
                            + " it with `openssl pkey -in FILE -out KEY`, readable by whimbrel"
                            + " only");
        }
        try {
            byte[] der = Base64.getDecoder().decode(block.base64());
            return block.label().equals(PKCS1)
                    ? rsa(RSAPrivateKey.getInstance(der), where)
                    : decode(PrivateKeyInfo.getInstance(der), where);
        } catch (GeneralSecurityException | RuntimeException _) {
            // Their messages may tell bytes of the key.
            throw damaged(where);
        }
    }

    /// What is wrong with signing by `key`, though it can be done.
    public static Optional<String> warning(SigningKey key) {
        return key.algorithm() == KeyAlgorithm.RSA && key.bits() < BITS_GOOD
                ? Optional.of(
                        "an RSA key of "
                                + key.bits()
                                + " bits is weak, and some receivers ignore it: replace it with"
                                + " `whimbrel dkim rotate DOMAIN`")
                : Optional.empty();
    }

    /// As PKCS #8.
    static String render(SigningKey key) {
        String base64 =
                Base64.getMimeEncoder(64, new byte[] {'\n'})
                        .encodeToString(key.privateKey().getEncoded());
        return BEGIN + PKCS8 + DASHES + "\n" + base64 + "\n-----END " + PKCS8 + DASHES + "\n";
    }

    private static Block block(String pem, String where) throws IOException {
        String first = "";
        int at = pem.indexOf(BEGIN);
        while (at >= 0) {
            int labelEnd = pem.indexOf(DASHES, at + BEGIN.length());
            String label = labelEnd < 0 ? "" : pem.substring(at + BEGIN.length(), labelEnd);
            int end = labelEnd < 0 ? -1 : pem.indexOf("-----END " + label + DASHES, labelEnd);
            if (end < 0) {
                throw new IOException(where + " is cut off; copy it again");
            }
            if (label.endsWith(PKCS8)) {
                return block(label, pem.substring(labelEnd + DASHES.length(), end), where);
            }
            first = first.isEmpty() ? label : first;
            at = pem.indexOf(BEGIN, end);
        }
        throw new IOException(
                where
                        + (first.endsWith("PUBLIC KEY") || first.endsWith("CERTIFICATE")
                                ? " holds a " + article(first) + ", and no private key"
                                : " holds no private key")
                        + "; it should begin with -----BEGIN PRIVATE KEY-----");
    }

    private static String article(String label) {
        return label.endsWith("CERTIFICATE") ? "certificate" : "public key";
    }

    private static Block block(String label, String body, String where) throws IOException {
        var base64 = new StringBuilder(body.length());
        boolean isEncrypted = label.startsWith("ENCRYPTED");
        for (String line : body.lines().toList()) {
            if (line.indexOf(':') < 0) {
                base64.append(line.replace(" ", "").replace("\t", ""));
            }
            isEncrypted |= line.startsWith("Proc-Type:") && line.contains("ENCRYPTED");
        }
        boolean isKnown = label.equals(PKCS8) || label.equals(PKCS1) || isEncrypted;
        if (!isKnown) {
            String kind = label.startsWith("EC ") ? "EC" : label.startsWith("DSA ") ? "DSA" : "";
            throw unknownKind(where, kind.isEmpty() ? "another kind or form" : kind);
        }
        return new Block(label, base64.toString(), isEncrypted);
    }

    private static SigningKey decode(PrivateKeyInfo info, String where)
            throws IOException, GeneralSecurityException {
        String kind = info.getPrivateKeyAlgorithm().getAlgorithm().getId();
        return switch (kind) {
            case RSA_OID -> rsa(RSAPrivateKey.getInstance(info.parsePrivateKey()), where);
            case ED25519_OID -> ed25519(info, where);
            default -> throw unknownKind(where, OTHER_KINDS.getOrDefault(kind, "an unknown kind"));
        };
    }

    private static SigningKey rsa(RSAPrivateKey key, String where)
            throws IOException, GeneralSecurityException {
        BigInteger modulus = key.getModulus();
        int bits = modulus.bitLength();
        if (bits < BITS_LEAST) {
            throw new IOException(
                    where
                            + " is an RSA key of "
                            + bits
                            + " bits, which receivers must not accept (RFC 8301 §3.2)"
                            + NEW_KEY);
        }
        if (bits > BITS_MOST) {
            throw new IOException(
                    where
                            + " is an RSA key of "
                            + bits
                            + " bits, and receivers need to know "
                            + BITS_MOST
                            + " at most (RFC 8301 §3.2)"
                            + NEW_KEY);
        }
        if (!isWhole(key)) {
            throw damaged(where);
        }
        var factory = KeyFactory.getInstance("RSA");
        PrivateKey privateKey =
                factory.generatePrivate(
                        new RSAPrivateCrtKeySpec(
                                modulus,
                                key.getPublicExponent(),
                                key.getPrivateExponent(),
                                key.getPrime1(),
                                key.getPrime2(),
                                key.getExponent1(),
                                key.getExponent2(),
                                key.getCoefficient()));
        PublicKey publicKey =
                factory.generatePublic(new RSAPublicKeySpec(modulus, key.getPublicExponent()));
        return new SigningKey(KeyAlgorithm.RSA, bits, privateKey, publicKey, Optional.empty());
    }

    /// Whether its numbers belong together, so that no signature is wrong, or tells the primes.
    private static boolean isWhole(RSAPrivateKey key) {
        BigInteger p = key.getPrime1();
        BigInteger q = key.getPrime2();
        BigInteger e = key.getPublicExponent();
        BigInteger d = key.getPrivateExponent();
        if (p.signum() <= 0 || q.signum() <= 0 || e.signum() <= 0 || d.signum() <= 0) {
            return false;
        }
        BigInteger lessP = p.subtract(BigInteger.ONE);
        BigInteger lessQ = q.subtract(BigInteger.ONE);
        return p.multiply(q).equals(key.getModulus())
                && lessP.signum() > 0
                && lessQ.signum() > 0
                && e.multiply(d).mod(lessP).equals(BigInteger.ONE)
                && e.multiply(d).mod(lessQ).equals(BigInteger.ONE)
                && d.mod(lessP).equals(key.getExponent1())
                && d.mod(lessQ).equals(key.getExponent2())
                && q.multiply(key.getCoefficient()).mod(p).equals(BigInteger.ONE);
    }

    private static SigningKey ed25519(PrivateKeyInfo info, String where)
            throws IOException, GeneralSecurityException {
        byte[] seed = ASN1OctetString.getInstance(info.parsePrivateKey()).getOctets();
        if (seed.length != ED25519_BYTES) {
            throw damaged(where);
        }
        byte[] point = new Ed25519PrivateKeyParameters(seed).generatePublicKey().getEncoded();
        if (info.hasPublicKey() && !Arrays.equals(point, info.getPublicKeyData().getOctets())) {
            throw damaged(where);
        }
        var factory = KeyFactory.getInstance("Ed25519");
        byte[] encoded = Arrays.copyOf(ED25519_PREFIX, ED25519_PREFIX.length + ED25519_BYTES);
        System.arraycopy(point, 0, encoded, ED25519_PREFIX.length, ED25519_BYTES);
        return new SigningKey(
                KeyAlgorithm.ED25519,
                ED25519_BYTES * Byte.SIZE,
                factory.generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, seed)),
                factory.generatePublic(new X509EncodedKeySpec(encoded)),
                Optional.empty());
    }

    private static IOException damaged(String where) {
        return new IOException(
                where
                        + ": the key is damaged; copy the file again, or check it with `openssl"
                        + " pkey -check -noout -in FILE`");
    }

    private static IOException unknownKind(String where, String kind) {
        return new IOException(
                where
                        + ": keys of this kind ("
                        + kind
                        + ") cannot sign mail: RSA and Ed25519 can, in PKCS #8 or PKCS #1"
                        + NEW_KEY);
    }
}
