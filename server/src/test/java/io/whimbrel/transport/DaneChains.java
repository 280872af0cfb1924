package io.whimbrel.transport;

import io.whimbrel.dns.TlsaRecord;
import io.whimbrel.tls.OpenSsl;
import io.whimbrel.transport.DaneRecords.Usable;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/// Certificates by openssl: an authority, one below it, and hosts below that.
final class DaneChains {
    private final Path folder;
    private final OpenSsl openSsl;

    DaneChains(Path folder) {
        this.folder = folder;
        this.openSsl = new OpenSsl(folder);
        write("ca.ext", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n");
        request("root");
        openSsl.run(
                words(
                        "x509 -req -in root.csr -signkey root.key -days 30 -extfile ca.ext -out"
                                + " root.crt"));
        request("middle");
        sign("middle", "root", "ca.ext");
    }

    /// A chain for a host: its certificate, `middle`, `root`.
    ///
    /// @param extensions lines of openssl's, such as `subjectAltName=DNS:mx.test`
    List<X509Certificate> host(String name, String extensions) {
        write(name + ".ext", "basicConstraints=CA:FALSE\n" + extensions + "\n");
        request(name);
        sign(name, "middle", name + ".ext");
        return List.of(read(name), read("middle"), read("root"));
    }

    private void request(String name) {
        openSsl.run(
                words(
                        "req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj"
                                + " /CN="
                                + name
                                + " -keyout "
                                + name
                                + ".key -out "
                                + name
                                + ".csr"));
    }

    private void sign(String name, String by, String extensions) {
        openSsl.run(
                words(
                        "x509 -req -in "
                                + (name + ".csr -CA " + by + ".crt -CAkey " + by + ".key")
                                + " -CAcreateserial -days 20 -extfile "
                                + (extensions + " -out " + name + ".crt")));
    }

    private static List<String> words(String line) {
        return new ArrayList<>(List.of(line.split(" ")));
    }

    private void write(String name, String text) {
        try {
            Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private X509Certificate read(String name) {
        try {
            byte[] bytes = Files.readAllBytes(folder.resolve(name + ".crt"));
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(bytes));
        } catch (IOException | CertificateException e) {
            throw new IllegalStateException(name, e);
        }
    }

    /// The record that fits `certificate`.
    static TlsaRecord record(int usage, int selector, int matching, X509Certificate certificate) {
        try {
            byte[] bytes =
                    selector == 0
                            ? certificate.getEncoded()
                            : certificate.getPublicKey().getEncoded();
            byte[] data =
                    switch (matching) {
                        case 1 -> MessageDigest.getInstance("SHA-256").digest(bytes);
                        case 2 -> MessageDigest.getInstance("SHA-512").digest(bytes);
                        default -> bytes;
                    };
            return new TlsaRecord(usage, selector, matching, HexFormat.of().formatHex(data));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static Usable usable(TlsaRecord... records) {
        return new Usable(List.of(records), "mx.test", Set.of("mx.test", "shop.test"));
    }
}
