package io.whimbrel.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// A certificate of ours with its key, checked. Immutable. Its text shows no key.
///
/// @param chain our own first
/// @param names the hosts it is for, lower case, wildcards among them
record ServerCertificate(
        CertificateFiles files,
        List<X509Certificate> chain,
        PrivateKey key,
        KeyKind kind,
        List<String> names) {
    private static final Duration EXPIRES_SOON = Duration.ofDays(14);
    private static final int NAMES_MAX = 1_000;
    private static final int CHAIN_MAX = 10;
    private static final int RSA_BITS_LEAST = 2_048;
    private static final byte[] PROBE = {'w', 'h', 'i', 'm', 'b', 'r', 'e', 'l'};

    /// @throws IOException where they cannot be used; names file and remedy
    static ServerCertificate load(CertificateFiles files) throws IOException {
        List<X509Certificate> chain = PemFile.certificates(files.certificate());
        checkOrder(files.certificate(), chain);
        PublicKey publicKey = chain.getFirst().getPublicKey();
        KeyKind kind =
                KeyKind.of(publicKey)
                        .orElseThrow(() ->
                                new IOException(
                                        files.certificate()
                                                + ": a key of the kind "
                                                + publicKey.getAlgorithm()
                                                + "; use ECDSA, RSA or Ed25519"));
        PrivateKey key = PemFile.key(files.key(), publicKey);
        if (!isPair(publicKey, key, kind)) {
            throw new IOException(
                    files.key()
                            + " is not the key of "
                            + files.certificate()
                            + "; name the key that the certificate was made with");
        }
        List<String> names = CertificateNames.hosts(chain.getFirst(), NAMES_MAX);
        return new ServerCertificate(files, List.copyOf(chain), key, kind, names);
    }

    private static void checkOrder(Path file, List<X509Certificate> chain) throws IOException {
        if (chain.size() > CHAIN_MAX) {
            throw new IOException(
                    file
                            + " holds "
                            + chain.size()
                            + " certificates; keep the server's own and those that lead from it to"
                            + " an authority");
        }
        for (int i = 0; i + 1 < chain.size(); i++) {
            if (!isIssuedBy(chain.get(i), chain.get(i + 1))) {
                throw new IOException(
                        file
                                + ": certificate "
                                + (i + 2)
                                + " has not issued certificate "
                                + (i + 1)
                                + "; put the server's own first, then the one that issued it, and"
                                + " so on");
            }
        }
    }

    private static boolean isIssuedBy(X509Certificate certificate, X509Certificate issuer) {
        try {
            certificate.verify(issuer.getPublicKey());
            return certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal());
        } catch (GeneralSecurityException _) {
            return false;
        }
    }

    private static boolean isPair(PublicKey publicKey, PrivateKey key, KeyKind kind) {
        try {
            var signature = Signature.getInstance(kind.signature());
            signature.initSign(key);
            signature.update(PROBE);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(PROBE);
            return signature.verify(signed);
        } catch (GeneralSecurityException _) {
            return false;
        }
    }

    /// When the first certificate of the chain does.
    Instant expires() {
        Instant first = Instant.MAX;
        for (X509Certificate certificate : chain) {
            Instant end = certificate.getNotAfter().toInstant();
            first = end.isBefore(first) ? end : first;
        }
        return first;
    }

    /// What an operator should know although it works. The text about a certificate that expires
    /// soon is another each day.
    List<String> warnings(Instant now) {
        var warnings = new ArrayList<String>();
        X509Certificate own = chain.getFirst();
        Instant end = expires();
        if (end.isBefore(now)) {
            warnings.add(files.certificate() + " has expired at " + end + "; renew it");
        } else if (end.isBefore(now.plus(EXPIRES_SOON))) {
            long days = Duration.between(now, end).toDays();
            warnings.add(
                    files.certificate()
                            + " expires in "
                            + (days == 0
                                    ? "less than a day"
                                    : days + (days == 1 ? " day" : " days"))
                            + ", at "
                            + end
                            + "; renew it");
        } else if (own.getNotBefore().toInstant().isAfter(now)) {
            warnings.add(
                    files.certificate()
                            + " is not valid before "
                            + own.getNotBefore().toInstant()
                            + "; is the clock right?");
        }
        if (own.getPublicKey() instanceof RSAPublicKey rsa
                && rsa.getModulus().bitLength() < RSA_BITS_LEAST) {
            warnings.add(
                    files.certificate()
                            + " has an RSA key of less than 2048 bits, which many refuse; make a"
                            + " new one");
        }
        if (names.isEmpty()) {
            warnings.add(
                    files.certificate()
                            + " names no host (subjectAltName), so that nobody can verify it or"
                            + " choose it by name");
        }
        if (isReadableByOthers(files.key())) {
            warnings.add(files.key() + " is readable by everybody; `chmod o-r` it");
        }
        return warnings;
    }

    private static boolean isReadableByOthers(Path key) {
        try {
            return Files.getPosixFilePermissions(key).contains(PosixFilePermission.OTHERS_READ);
        } catch (IOException | UnsupportedOperationException _) {
            return false;
        }
    }

    /// How well it suits a client that asks for `host`: 2 by name, 1 by wildcard, 0 not.
    int fits(String host) {
        if (names.contains(host)) {
            return 2;
        }
        int dot = host.indexOf('.');
        return dot > 0 && names.contains("*" + host.substring(dot)) ? 1 : 0;
    }

    /// Whether both are the same certificate with the same issuers and the same key.
    boolean isSameAs(ServerCertificate other) {
        return chain.equals(other.chain) && key.equals(other.key);
    }

    @Override
    public String toString() {
        return "ServerCertificate[" + files.certificate() + ", " + names + "]";
    }
}
