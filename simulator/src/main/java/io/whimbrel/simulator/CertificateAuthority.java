package io.whimbrel.simulator;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/// Issues the certificates of this internet (X.509 v3, ECDSA over P-256). Keys are made at start
/// and never leave memory. Thread-safe.
final class CertificateAuthority {
    private static final String NAME = "Whimbrel simulator CA";
    private static final LocalDate FIRST_DAY = LocalDate.of(2020, 1, 1);
    private static final LocalDate LAST_DAY = LocalDate.of(2049, 12, 31);
    private static final LocalDate LAST_DAY_EXPIRED = LocalDate.of(2021, 1, 1);
    private static final byte[] ECDSA_WITH_SHA256 =
            Der.sequence(Der.oid(1, 2, 840, 10045, 4, 3, 2));
    private static final byte[] COMMON_NAME = Der.oid(2, 5, 4, 3);
    private static final byte[] SUBJECT_ALT_NAME = Der.oid(2, 5, 29, 17);
    private static final byte[] BASIC_CONSTRAINTS = Der.oid(2, 5, 29, 19);

    private final KeyPair key;
    private final X509Certificate certificate;
    private final AtomicLong serial = new AtomicLong(1);

    private CertificateAuthority() throws GeneralSecurityException {
        this.key = newKey();
        byte[] isAuthority = Der.octets(Der.sequence(Der.yes()));
        byte[] extension = Der.sequence(BASIC_CONSTRAINTS, Der.yes(), isAuthority);
        this.certificate = sign(NAME, key, LAST_DAY, extension);
    }

    static CertificateAuthority create() throws IOException {
        try {
            return new CertificateAuthority();
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot make a certificate authority", e);
        }
    }

    X509Certificate certificate() {
        return certificate;
    }

    /// What a server called `hosts` (one or more names) needs to answer STARTTLS.
    SSLContext serverContext(List<String> hosts, boolean expired) throws IOException {
        try {
            KeyPair serverKey = newKey();
            X509Certificate server =
                    sign(
                            hosts.getFirst(),
                            serverKey,
                            expired ? LAST_DAY_EXPIRED : LAST_DAY,
                            subjectAltNames(hosts));
            return context(serverKey.getPrivate(), server);
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot make a certificate for " + hosts.getFirst(), e);
        }
    }

    private SSLContext context(PrivateKey serverKey, X509Certificate server)
            throws GeneralSecurityException, IOException {
        var password = new char[0];
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, password);
        store.setKeyEntry("server", serverKey, password, new Certificate[] {server, certificate});
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    private static KeyPair newKey() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static byte[] subjectAltNames(List<String> hosts) {
        var names = new byte[hosts.size()][];
        for (int i = 0; i < names.length; i++) {
            // [2] dNSName of GeneralName, RFC 5280 §4.2.1.6.
            names[i] = Der.tagged(0x82, hosts.get(i).getBytes(StandardCharsets.US_ASCII));
        }
        return Der.sequence(SUBJECT_ALT_NAME, Der.octets(Der.sequence(names)));
    }

    /// RFC 5280 §4.1.
    private X509Certificate sign(
            String subject, KeyPair subjectKey, LocalDate lastDay, byte[] extension)
            throws GeneralSecurityException {
        byte[] version3 = Der.tagged(0xa0, Der.integer(2));
        byte[] toBeSigned =
                Der.sequence(
                        version3,
                        Der.integer(serial.getAndIncrement()),
                        ECDSA_WITH_SHA256,
                        name(NAME),
                        Der.sequence(Der.utcTime(FIRST_DAY), Der.utcTime(lastDay)),
                        name(subject),
                        subjectKey.getPublic().getEncoded(),
                        Der.tagged(0xa3, Der.sequence(extension)));
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(key.getPrivate());
        signature.update(toBeSigned);
        byte[] encoded = Der.sequence(toBeSigned, ECDSA_WITH_SHA256, Der.bits(signature.sign()));
        return (X509Certificate)
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(new ByteArrayInputStream(encoded));
    }

    private static byte[] name(String commonName) {
        return Der.sequence(Der.set(Der.sequence(COMMON_NAME, Der.utf8(commonName))));
    }
}
