package io.whimbrel.delivery;

import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.OpenSsl;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/// An authority, an intermediate one, and what they issue, made by `openssl`.
public final class TlsParties {
    private static final String PASSWORD = "not-a-secret";

    private final Path folder;
    private final OpenSsl openSsl;

    /// @param folder for what is made
    public TlsParties(Path folder) {
        this.folder = folder;
        this.openSsl = new OpenSsl(folder);
        authority("ca", List.of());
        authority("middle", List.of("-CA", "ca.crt", "-CAkey", "ca.key"));
    }

    private void authority(String name, List<String> issuer) {
        var words = new ArrayList<>(request(name, "/CN=" + name));
        words.addAll(List.of("-addext", "basicConstraints=critical,CA:TRUE"));
        words.addAll(List.of("-addext", "keyUsage=critical,keyCertSign,cRLSign"));
        words.addAll(issuer);
        openSsl.run(words);
    }

    private static List<String> request(String name, String subject) {
        return List.of(
                "req",
                "-x509",
                "-nodes",
                "-days",
                "30",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-subj",
                subject,
                "-keyout",
                name + ".key",
                "-out",
                name + ".crt");
    }

    /// @param issuer `ca`, or `middle` whose certificate is not added to the file
    /// @param host that it is for
    public CertificateFiles issue(String issuer, String name, String host, String... more) {
        var words = new ArrayList<>(request(name, "/CN=" + name));
        words.addAll(List.of("-addext", "subjectAltName=DNS:" + host));
        words.addAll(List.of("-addext", "basicConstraints=critical,CA:FALSE"));
        words.addAll(List.of("-CA", issuer + ".crt", "-CAkey", issuer + ".key"));
        words.addAll(List.of(more));
        String said = openSsl.run(words);
        if (!Files.exists(folder.resolve(name + ".crt"))) {
            throw new AssertionError(said);
        }
        return new CertificateFiles(folder.resolve(name + ".crt"), folder.resolve(name + ".key"));
    }

    /// The authority's certificate.
    public Path authority() {
        return folder.resolve("ca.crt");
    }

    /// A server's context.
    ///
    /// @param asksClients whether clients must show a certificate of the authority
    public SSLContext server(CertificateFiles files, boolean asksClients) {
        String name = files.certificate().getFileName().toString();
        openSsl.run(
                List.of(
                        "pkcs12",
                        "-export",
                        "-in",
                        name,
                        "-inkey",
                        files.key().getFileName().toString(),
                        "-out",
                        name + ".p12",
                        "-passout",
                        "pass:" + PASSWORD));
        try (InputStream in = Files.newInputStream(folder.resolve(name + ".p12"))) {
            var store = KeyStore.getInstance("PKCS12");
            store.load(in, PASSWORD.toCharArray());
            var keys = KeyManagerFactory.getInstance("SunX509");
            keys.init(store, PASSWORD.toCharArray());
            var context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), asksClients ? trust() : null, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new AssertionError(e);
        }
    }

    private TrustManager[] trust() throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = Files.newInputStream(authority())) {
            var factory = CertificateFactory.getInstance("X.509");
            store.setCertificateEntry("ca", (X509Certificate) factory.generateCertificate(in));
        }
        var factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        return factory.getTrustManagers();
    }
}
