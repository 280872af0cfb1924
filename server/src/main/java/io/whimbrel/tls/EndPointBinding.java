package io.whimbrel.tls;

import java.io.IOException;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.security.spec.PSSParameterSpec;
import java.util.Locale;
import java.util.Optional;

/// The channel binding `tls-server-end-point`: a hash of the server's certificate (RFC 5929 §4.1).
/// Stateless.
final class EndPointBinding {
    private EndPointBinding() {}

    /// Empty where the certificate is signed without a hash function of its own (Ed25519).
    static Optional<ChannelBinding> of(X509Certificate certificate) {
        try {
            Optional<String> hash = hash(certificate);
            if (hash.isEmpty()) {
                return Optional.empty();
            }
            byte[] digest = MessageDigest.getInstance(hash.get()).digest(certificate.getEncoded());
            return Optional.of(new ChannelBinding("tls-server-end-point", digest));
        } catch (GeneralSecurityException | IOException _) {
            return Optional.empty();
        }
    }

    private static Optional<String> hash(X509Certificate certificate)
            throws GeneralSecurityException, IOException {
        String name = certificate.getSigAlgName().toUpperCase(Locale.ROOT);
        if (name.equals("RSASSA-PSS")) {
            var parameters = AlgorithmParameters.getInstance("RSASSA-PSS");
            parameters.init(certificate.getSigAlgParams());
            name = parameters.getParameterSpec(PSSParameterSpec.class).getDigestAlgorithm();
            name = name.replace("-", "") + "WITH";
        }
        int end = name.indexOf("WITH");
        return switch (end < 0 ? "" : name.substring(0, end)) {
            case "SHA224" -> Optional.of("SHA-224");
            case "SHA384" -> Optional.of("SHA-384");
            case "SHA512" -> Optional.of("SHA-512");
            // The RFC has SHA-256 in place of hashes that are broken.
            case "MD5", "SHA1", "SHA256" -> Optional.of("SHA-256");
            default -> Optional.empty();
        };
    }
}
