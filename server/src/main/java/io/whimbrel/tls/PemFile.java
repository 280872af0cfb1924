package io.whimbrel.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;

/// Certificates and keys from files as `openssl` and ACME clients write them. Stateless. Each
/// failure is an `IOException` that names the file and the remedy, and never shows content.
final class PemFile {
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final String DECRYPT =
            " is encrypted, and nobody is there to type the passphrase: decrypt it with"
                    + " `openssl pkey -in FILE -out KEY`, readable by whimbrel only";

    private PemFile() {}

    /// All certificates of a file, in order; at least one.
    static List<X509Certificate> certificates(Path file) throws IOException {
        var certificates = new ArrayList<X509Certificate>();
        for (PemBlock block : blocks(file)) {
            if (block.label().equals(CERTIFICATE)) {
                certificates.add(certificate(file, block, certificates.size() + 1));
            }
        }
        if (certificates.isEmpty()) {
            throw new IOException(
                    file
                            + " holds no certificate; it should begin with -----BEGIN"
                            + " CERTIFICATE-----");
        }
        return certificates;
    }

    private static X509Certificate certificate(Path file, PemBlock block, int number)
            throws IOException {
        try (var in = new ByteArrayInputStream(block.der())) {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(in);
        } catch (CertificateException _) {
            throw new IOException(
                    file + ": certificate " + number + " is damaged; copy the file again");
        }
    }

    /// The private key of a file, which must be of the same kind as `publicKey`.
    static PrivateKey key(Path file, PublicKey publicKey) throws IOException {
        for (PemBlock block : blocks(file)) {
            switch (block.label()) {
                case "PRIVATE KEY" -> {
                    return decode(file, block.der(), publicKey);
                }
                case "RSA PRIVATE KEY", "EC PRIVATE KEY" -> {
                    byte[] wrapped = Der.pkcs8(publicKey.getEncoded(), block.der());
                    return decode(file, wrapped, publicKey);
                }
                case "ENCRYPTED PRIVATE KEY" -> throw new IOException(file + DECRYPT);
                // Certificates, EC PARAMETERS and whatever else is no key.
                default -> {}
            }
        }
        throw new IOException(
                file + " holds no private key; it should begin with -----BEGIN PRIVATE KEY-----");
    }

    private static PrivateKey decode(Path file, byte[] der, PublicKey publicKey)
            throws IOException {
        try {
            return KeyFactory.getInstance(publicKey.getAlgorithm())
                    .generatePrivate(new PKCS8EncodedKeySpec(der));
        } catch (GeneralSecurityException | RuntimeException _) {
            throw new IOException(
                    file
                            + ": the key is damaged, or not of the kind of its certificate ("
                            + publicKey.getAlgorithm()
                            + "); name the key that the certificate was made with");
        }
    }

    private static List<PemBlock> blocks(Path file) throws IOException {
        try {
            return PemBlock.parse(text(file));
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            if (message.startsWith(file.toString())) {
                throw e;
            }
            throw message.equals("is encrypted")
                    ? new IOException(file + DECRYPT)
                    : new IOException(file + " " + message + "; copy the file again", e);
        }
    }

    private static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(PemBlock.FILE_BYTES_MAX + 1);
            return new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException _) {
            throw new IOException(file + " does not exist; correct the path");
        } catch (AccessDeniedException _) {
            throw new IOException(
                    file + " may not be read by whimbrel's user; `chgrp` and `chmod 640` it");
        } catch (IOException e) {
            throw new IOException(file + " cannot be read: " + e.getMessage(), e);
        }
    }
}
