package io.whimbrel.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.X509EncodedKeySpec;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The keys that tokens are signed with: a JWKS (RFC 7517 §5), or blocks of `PUBLIC KEY` and
/// `CERTIFICATE` in PEM (RFC 7468). RSA of 2,048 bits or more, and EC on P-256, P-384 and P-521.
/// Secret keys are not taken: who can check a token by one can write it too. Stateless.
final class TokenKeys {
    static final int BYTES_MAX = 1 << 20;
    static final int KEYS_MAX = 200;

    private static final int RSA_BITS_MIN = 2_048;
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN ([A-Z ]+)-----\\s+([A-Za-z0-9+/=\\s]+?)-----END \\1-----");

    private TokenKeys() {}

    /// @param file for messages
    /// @throws IOException where no key can be used; the message says what to do
    static JWKSet parse(Path file, byte[] bytes) throws IOException {
        String text = SaslText.utf8(bytes).orElse("").strip();
        List<JWK> keys = text.startsWith("{") ? ofSet(file, text) : ofPem(file, text);
        List<JWK> good = keys.stream().filter(TokenKeys::isGood).toList();
        if (good.isEmpty() || good.size() > KEYS_MAX) {
            throw new IOException(
                    file
                            + ": "
                            + good.size()
                            + " keys that can be used, there must be 1 to "
                            + KEYS_MAX
                            + "; store the issuer's JWKS here, or its public keys in PEM: RSA of"
                            + " 2048 bits or more, EC on P-256, P-384 or P-521");
        }
        return new JWKSet(good);
    }

    private static List<JWK> ofSet(Path file, String text) throws IOException {
        try {
            return JWKSet.parse(text).getKeys();
        } catch (ParseException | IllegalArgumentException e) {
            throw new IOException(file + ": is no JWKS; store the issuer's JWKS here again", e);
        }
    }

    private static List<JWK> ofPem(Path file, String text) throws IOException {
        List<JWK> keys = new ArrayList<>();
        Matcher blocks = PEM.matcher(text);
        while (blocks.find() && keys.size() <= KEYS_MAX) {
            try {
                byte[] der = Base64.getMimeDecoder().decode(blocks.group(2));
                of(publicKey(blocks.group(1), der)).ifPresent(keys::add);
            } catch (GeneralSecurityException | IllegalArgumentException e) {
                throw new IOException(
                        file
                                + ": the PEM block "
                                + (keys.size() + 1)
                                + " holds no public key; write it again",
                        e);
            }
        }
        return keys;
    }

    private static PublicKey publicKey(String label, byte[] der) throws GeneralSecurityException {
        return switch (label) {
            case "CERTIFICATE" ->
                    CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(der))
                            .getPublicKey();
            case "PUBLIC KEY" -> publicKey(new X509EncodedKeySpec(der));
            default -> throw new GeneralSecurityException("PEM block of another kind: " + label);
        };
    }

    private static PublicKey publicKey(X509EncodedKeySpec key) throws GeneralSecurityException {
        try {
            return KeyFactory.getInstance("RSA").generatePublic(key);
        } catch (InvalidKeySpecException _) {
            return KeyFactory.getInstance("EC").generatePublic(key);
        }
    }

    private static Optional<JWK> of(PublicKey key) {
        return switch (key) {
            case RSAPublicKey rsa -> Optional.of(new RSAKey.Builder(rsa).build());
            case ECPublicKey ec ->
                    Optional.of(
                            new ECKey.Builder(Curve.forECParameterSpec(ec.getParams()), ec)
                                    .build());
            default -> Optional.empty();
        };
    }

    private static boolean isGood(JWK key) {
        return switch (key) {
            case RSAKey rsa -> bits(rsa) >= RSA_BITS_MIN;
            case ECKey ec ->
                    ec.getCurve().equals(Curve.P_256)
                            || ec.getCurve().equals(Curve.P_384)
                            || ec.getCurve().equals(Curve.P_521);
            default -> false;
        };
    }

    private static int bits(AsymmetricJWK key) {
        try {
            return key.toPublicKey() instanceof RSAPublicKey rsa ? rsa.getModulus().bitLength() : 0;
        } catch (JOSEException _) {
            return 0;
        }
    }
}
