package io.whimbrel.tls;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;

/// The certificate that a client has shown. Immutable. All texts but the fingerprint are the
/// client's, unescaped, unless an authority of ours [vouches][#isVerified] for them.
///
/// @param subject RFC 4514, the first 1,024 characters
/// @param fingerprint SHA-256 of the whole, hexadecimal, lower case
/// @param emails addresses in the certificate, the first 20
/// @param dnsNames host names in the certificate, lower case, the first 20
/// @param isVerified issued by one of the listener's authorities and valid now; otherwise it proves
///   only that the client has the key, which is enough for who compares the fingerprint
public record ClientCertificate(
        String subject,
        String fingerprint,
        List<String> emails,
        List<String> dnsNames,
        boolean isVerified) {
    private static final int SUBJECT_MAX = 1_024;
    private static final int NAMES_MAX = 20;

    public ClientCertificate {
        emails = List.copyOf(emails);
        dnsNames = List.copyOf(dnsNames);
    }

    static ClientCertificate of(X509Certificate certificate, boolean isVerified)
            throws GeneralSecurityException {
        String subject = certificate.getSubjectX500Principal().getName();
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
        return new ClientCertificate(
                subject.substring(0, Math.min(subject.length(), SUBJECT_MAX)),
                HexFormat.of().formatHex(hash),
                CertificateNames.emails(certificate, NAMES_MAX),
                CertificateNames.hosts(certificate, NAMES_MAX),
                isVerified);
    }
}
