package io.whimbrel.keys;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Collection;

import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// A client's TLS that believes the authorities of one file and no others. Stateless.
final class Authorities {
    private Authorities() {}

    /// @throws IOException where the file cannot be used, with its name and the remedy
    static SSLContext context(Path file) throws IOException {
        Collection<? extends Certificate> found;
        try (InputStream in = Files.newInputStream(file)) {
            found = CertificateFactory.getInstance("X.509").generateCertificates(in);
        } catch (NoSuchFileException _) {
            throw new IOException("vault.ca: there is no file " + file);
        } catch (CertificateException _) {
            throw new IOException("vault.ca: " + file + " is damaged; copy the file again");
        }
        if (found.isEmpty()) {
            throw new IOException("vault.ca: " + file + " holds no certificate");
        }
        try {
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (Certificate one : found) {
                store.setCertificateEntry("authority-" + store.size(), one);
            }
            var factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            var context = SSLContext.getInstance("TLS");
            context.init(null, factory.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java verifies no certificates", e);
        }
    }
}
