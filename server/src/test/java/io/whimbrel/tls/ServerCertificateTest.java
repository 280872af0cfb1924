package io.whimbrel.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

class ServerCertificateTest {
    @TempDir private Path folder;
    private OpenSsl openSsl;

    @BeforeEach
    void findOpenSsl() {
        openSsl = new OpenSsl(folder);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ec", "rsa", "ed25519"})
    void keysOfEachKind_areRead(String kind) throws IOException {
        CertificateFiles files = openSsl.certificate("a", kind);
        ServerCertificate certificate = ServerCertificate.load(files);
        assertThat(certificate.names()).containsExactly("a.test", "*.a.example");
        assertThat(certificate.kind().name()).isEqualToIgnoringCase(kind);
        assertThat(certificate.toString()).doesNotContain("RIVATE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ec", "rsa"})
    void keysOfOlderForms_areRead(String kind) throws IOException {
        CertificateFiles files = openSsl.certificate("a", kind);
        String form = kind.equals("ec") ? "ec" : "rsa";
        var words = new ArrayList<>(List.of(form, "-in", "a.key", "-out", "old.key"));
        if (kind.equals("rsa")) {
            words.add("-traditional");
        }
        openSsl.run(words);
        Path old = folder.resolve("old.key");
        assertThat(Files.readString(old)).contains(" " + (kind.equals("ec") ? "EC" : "RSA") + " P");
        ServerCertificate.load(new CertificateFiles(files.certificate(), old));
    }

    @Test
    void filesThatCannotBeUsed_areNamedWithTheRemedy() throws IOException {
        CertificateFiles a = openSsl.certificate("a", "ec");
        CertificateFiles b = openSsl.certificate("b", "ec");
        CertificateFiles rsa = openSsl.certificate("rsa", "rsa");
        Path none = folder.resolve("none.pem");
        assertRefused(none, a.key(), "none.pem does not exist; correct the path");
        assertRefused(a.certificate(), none, "none.pem does not exist");
        assertRefused(folder, a.key(), "cannot be read");
        assertRefused(a.key(), a.key(), "a.key holds no certificate");
        assertRefused(a.certificate(), a.certificate(), "a.crt holds no private key");
        assertRefused(a.certificate(), b.key(), "b.key is not the key of");
        assertRefused(
                a.certificate(), rsa.key(), "rsa.key: the key is damaged, or not of the kind");
        assertRefused(rsa.certificate(), a.key(), "a.key: the key is damaged, or not of the kind");

        openSsl.run(
                List.of("pkcs8", "-topk8", "-in", "a.key", "-out", "x.key", "-passout", "pass:x"));
        assertRefused(a.certificate(), folder.resolve("x.key"), "x.key is encrypted");
        openSsl.run(
                List.of("ec", "-aes256", "-in", "a.key", "-out", "y.key", "-passout", "pass:x"));
        assertRefused(a.certificate(), folder.resolve("y.key"), "y.key is encrypted");

        Path cut = folder.resolve("cut.crt");
        Files.writeString(cut, Files.readString(a.certificate()).substring(0, 300));
        assertRefused(cut, a.key(), "cut.crt is cut off");
        Path damaged = folder.resolve("damaged.crt");
        Files.writeString(
                damaged, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
        assertRefused(damaged, a.key(), "certificate 1 is damaged");
    }

    @Test
    void chain_inTheWrongOrder_isRefused() throws IOException {
        CertificateFiles authority = openSsl.certificate("ca", "ec");
        openSsl.certificate("leaf", "ec", "leaf", "-CA", "ca.crt", "-CAkey", "ca.key");
        String leaf = Files.readString(folder.resolve("leaf.crt"));
        String issuer = Files.readString(authority.certificate());
        Path chain = folder.resolve("chain.crt");
        Path key = folder.resolve("leaf.key");
        Files.writeString(chain, leaf + issuer);
        assertThat(ServerCertificate.load(new CertificateFiles(chain, key)).chain()).hasSize(2);
        Files.writeString(chain, issuer + leaf);
        assertRefused(chain, key, "certificate 2 has not issued certificate 1");
        Files.writeString(chain, leaf.repeat(11));
        assertRefused(chain, key, "holds 11 certificates");
    }

    @Test
    void whatWorksButShouldNot_isWarnedOf() throws IOException {
        CertificateFiles files = openSsl.certificate("a", "rsa");
        Files.setPosixFilePermissions(files.key(), PosixFilePermissions.fromString("rw-------"));
        ServerCertificate certificate = ServerCertificate.load(files);
        Instant now = Instant.now();
        assertThat(certificate.warnings(now)).isEmpty();
        assertThat(certificate.warnings(now.plus(Duration.ofDays(400))).getFirst())
                .contains("a.crt has expired at");
        assertThat(certificate.warnings(now.plus(Duration.ofDays(20))).getFirst())
                .contains("a.crt expires in 9 days, at ");
        assertThat(certificate.warnings(certificate.expires().minusSeconds(9)).getFirst())
                .contains("expires in less than a day");
        assertThat(certificate.warnings(now.minus(Duration.ofDays(1))).getFirst())
                .contains("is not valid before");
        Files.setPosixFilePermissions(files.key(), PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(certificate.warnings(now).getFirst()).contains("chmod o-r");
    }

    private static void assertRefused(Path certificate, Path key, String message) {
        assertThatThrownBy(() -> ServerCertificate.load(new CertificateFiles(certificate, key)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(message);
    }
}
