package io.whimbrel.transport;

import io.whimbrel.dns.TlsaRecord;
import io.whimbrel.transport.DaneRecords.Usable;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Whether the certificates that a host has shown are those that its TLSA records allow (RFC 7672
/// §3, RFC 7671 §5). Stateless.
///
/// By DANE-EE the host's certificate or key must be the one in the record, and nothing else counts:
/// neither names nor dates. By DANE-TA one of the authorities in the chain must be, a path must
/// lead to it on which all is valid now, and the certificate must have one of the names.
public final class DaneTrust {
    /// Real chains have two to four; those beyond it are not looked at.
    private static final int CHAIN_MAX = 10;

    private static final String SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";

    private DaneTrust() {}

    /// What is wrong with `chain`, in a few words, if anything.
    ///
    /// @param chain as the host has shown it, its own certificate first
    public static Optional<String> verify(
            List<X509Certificate> chain, Usable records, Instant now) {
        if (chain.isEmpty()) {
            return Optional.of("the host showed no certificate");
        }
        try {
            return check(chain.subList(0, Math.min(chain.size(), CHAIN_MAX)), records, now);
        } catch (GeneralSecurityException e) {
            return Optional.of("the certificate cannot be checked: " + e.getMessage());
        }
    }

    private static Optional<String> check(List<X509Certificate> chain, Usable dane, Instant now)
            throws GeneralSecurityException {
        X509Certificate own = chain.getFirst();
        Set<X509Certificate> authorities = new HashSet<>();
        List<X509Certificate> above = new ArrayList<>(chain.subList(1, chain.size()));
        for (TlsaRecord record : dane.records()) {
            if (record.usage() == TlsaRecord.DANE_EE) {
                if (matches(record, own)) {
                    return Optional.empty();
                }
            } else {
                // The host may leave out an authority that the record itself holds.
                TlsaChoice.certificate(record).ifPresent(authorities::add);
                for (X509Certificate one : above) {
                    if (matches(record, one)) {
                        authorities.add(one);
                    }
                }
            }
        }
        if (authorities.isEmpty()) {
            return Optional.of(
                    "no certificate of the host matches its TLSA records ("
                            + dane.records().size()
                            + ")");
        }
        Optional<String> problem = problemOfPath(own, above, authorities, now);
        return problem.isPresent() ? problem : problemOfName(own, dane.names());
    }

    private static Optional<String> problemOfPath(
            X509Certificate own,
            List<X509Certificate> above,
            Set<X509Certificate> authorities,
            Instant now)
            throws GeneralSecurityException {
        Set<TrustAnchor> anchors = new HashSet<>();
        var date = Date.from(now);
        for (X509Certificate authority : authorities) {
            try {
                authority.checkValidity(date);
                anchors.add(new TrustAnchor(authority, null));
            } catch (CertificateException _) {
                // Another one may be valid.
            }
        }
        if (anchors.isEmpty()) {
            return Optional.of("the authority in its TLSA records is not valid now");
        }
        List<String> purposes = own.getExtendedKeyUsage();
        if (purposes != null && !purposes.contains(SERVER_AUTHENTICATION)) {
            return Optional.of("the certificate is not for servers");
        }
        var target = new X509CertSelector();
        target.setCertificate(own);
        var parameters = new PKIXBuilderParameters(anchors, target);
        List<X509Certificate> all = new ArrayList<>(above);
        all.add(own);
        parameters.addCertStore(
                CertStore.getInstance("Collection", new CollectionCertStoreParameters(all)));
        parameters.setRevocationEnabled(false);
        parameters.setMaxPathLength(CHAIN_MAX);
        parameters.setDate(date);
        try {
            CertPathBuilder.getInstance("PKIX").build(parameters);
            return Optional.empty();
        } catch (GeneralSecurityException e) {
            return Optional.of("no path to the authority in its TLSA records: " + cause(e));
        }
    }

    private static String cause(Throwable e) {
        Throwable deepest = e;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        String message = deepest.getMessage();
        return message == null ? deepest.getClass().getSimpleName() : message;
    }

    private static Optional<String> problemOfName(X509Certificate own, Set<String> names) {
        for (String name : names) {
            if (PeerNames.has(own, name)) {
                return Optional.empty();
            }
        }
        return Optional.of("the certificate is for none of the names " + String.join(", ", names));
    }

    private static boolean matches(TlsaRecord record, X509Certificate certificate)
            throws GeneralSecurityException {
        byte[] selected =
                record.selector() == TlsaChoice.CERTIFICATE
                        ? certificate.getEncoded()
                        : certificate.getPublicKey().getEncoded();
        byte[] data =
                switch (record.matching()) {
                    case TlsaChoice.SHA_256 -> digest("SHA-256", selected);
                    case TlsaChoice.SHA_512 -> digest("SHA-512", selected);
                    default -> selected;
                };
        return HexFormat.of().formatHex(data).equals(record.data());
    }

    private static byte[] digest(String algorithm, byte[] bytes) throws GeneralSecurityException {
        return MessageDigest.getInstance(algorithm).digest(bytes);
    }
}
