package io.whimbrel.auth;

import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.security.spec.PSSParameterSpec;
import java.util.Locale;
import java.util.Optional;

/// Bytes that both ends of a TLS connection know and nobody in between can choose (RFC 5056).
/// Immutable; its bytes are not shown.
public final class ChannelBinding {
    /// A hash of the server's certificate (RFC 5929 §4).
    public static final String SERVER_END_POINT = "tls-server-end-point";

    /// Keying material of the connection (RFC 9266): exporter label `EXPORTER-Channel-Binding`, no
    /// context, 32 bytes.
    public static final String EXPORTER = "tls-exporter";

    private final String type;
    private final byte[] data;

    public ChannelBinding(String type, byte[] data) {
        this.type = type;
        this.data = data.clone();
    }

    /// The binding to a server's certificate: hashed as it was signed, and by SHA-256 where that
    /// was MD5 or SHA-1 (RFC 5929 §4.1). Empty where the signature has no hash of its own, as with
    /// Ed25519: for these the RFC defines nothing.
    public static Optional<ChannelBinding> serverEndPoint(X509Certificate certificate) {
        try {
            Optional<String> hash = hashOf(certificate);
            if (hash.isEmpty()) {
                return Optional.empty();
            }
            byte[] digest = MessageDigest.getInstance(hash.get()).digest(certificate.getEncoded());
            return Optional.of(new ChannelBinding(SERVER_END_POINT, digest));
        } catch (GeneralSecurityException | java.io.IOException _) {
            return Optional.empty();
        }
    }

    private static Optional<String> hashOf(X509Certificate certificate)
            throws GeneralSecurityException, java.io.IOException {
        String name = certificate.getSigAlgName().toUpperCase(Locale.ROOT);
        if (name.equals("RSASSA-PSS")) {
            var parameters = AlgorithmParameters.getInstance("RSASSA-PSS");
            parameters.init(certificate.getSigAlgParams());
            return Optional.of(
                    parameters.getParameterSpec(PSSParameterSpec.class).getDigestAlgorithm());
        }
        int with = name.indexOf("WITH");
        if (with < 0) {
            return Optional.empty();
        }
        String hash = name.substring(0, with);
        return switch (hash) {
            case "MD5", "SHA1" -> Optional.of("SHA-256");
            case "SHA224", "SHA256", "SHA384", "SHA512" ->
                    Optional.of("SHA-" + hash.substring("SHA".length()));
            default -> Optional.empty();
        };
    }

    public String type() {
        return type;
    }

    byte[] data() {
        return data.clone();
    }

    @Override
    public String toString() {
        return type;
    }
}
