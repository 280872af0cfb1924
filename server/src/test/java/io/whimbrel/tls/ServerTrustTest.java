package io.whimbrel.tls;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.X509TrustManager;

class ServerTrustTest {
    private static final String PASSWORD = "not-a-secret";

    @TempDir Path folder;

    @Test
    void certificate_isForItsTimeAndItsNames() throws Exception {
        keytool("ca", "-ext", "bc:c", "-validity", "30");
        keytool("old", "-signer", "ca", "-startdate", "-3d", "-validity", "1");
        keytool("early", "-signer", "ca", "-startdate", "+3d", "-validity", "1");
        keytool("mx", "-signer", "ca", "-validity", "3", "-ext", "san=dns:*.X.test,dns:mx.test");
        Path file = folder.resolve("ca.pem");
        String pem = Base64.getMimeEncoder().encodeToString(chain("ca").getFirst().getEncoded());
        Files.writeString(
                file, "-----BEGIN CERTIFICATE-----\n" + pem + "\n-----END CERTIFICATE-----\n");
        ServerTrust trust = ServerTrust.load(file);
        assertThat(trust.fault(chain("mx"))).isEmpty();
        assertThat(trust.fault(chain("old")).orElseThrow().kind())
                .isEqualTo(CertificateFault.Kind.EXPIRED);
        assertThat(trust.fault(chain("early")).orElseThrow())
                .isEqualTo(
                        new CertificateFault(
                                CertificateFault.Kind.INVALID, "certificate is not valid yet"));
        assertThat(trust.fault(List.of()).orElseThrow().kind())
                .isEqualTo(CertificateFault.Kind.NOT_TRUSTED);
        assertThat(ServerTrust.ofJava().fault(chain("mx")).orElseThrow().kind())
                .isEqualTo(CertificateFault.Kind.NOT_TRUSTED);
        ServerTrust both = ServerTrust.ofJavaAnd(file);
        assertThat(both.fault(chain("mx"))).isEmpty();
        assertThat(issuers(both))
                .contains(issuers(ServerTrust.ofJava()))
                .contains(chain("ca").getFirst());
        X509Certificate own = chain("mx").getFirst();
        assertThat(ServerTrust.nameFault(own, List.of("y.test", "mx.test"))).isEmpty();
        assertThat(ServerTrust.nameFault(own, List.of("a.x.test"))).isEmpty();
        assertThat(ServerTrust.nameFault(own, List.of(".test"))).isEmpty();
        assertThat(ServerTrust.nameFault(own, List.of("a.b.x.test", "x.test", "mx.tes")))
                .map(CertificateFault::kind)
                .contains(CertificateFault.Kind.HOST_MISMATCH);
    }

    private static X509Certificate[] issuers(ServerTrust trust) {
        return ((X509TrustManager) trust.manager()).getAcceptedIssuers();
    }

    private List<X509Certificate> chain(String alias) throws Exception {
        try (InputStream in = Files.newInputStream(folder.resolve("all.p12"))) {
            var store = KeyStore.getInstance("PKCS12");
            store.load(in, PASSWORD.toCharArray());
            var chain = new ArrayList<X509Certificate>();
            for (Certificate one : store.getCertificateChain(alias)) {
                chain.add((X509Certificate) one);
            }
            return chain;
        }
    }

    private void keytool(String alias, String... more) throws Exception {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(
                List.of("-genkeypair", "-alias", alias, "-keyalg", "EC", "-dname", "CN=" + alias));
        command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
        command.addAll(List.of("-keystore", folder.resolve("all.p12").toString()));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new AssertionError(said);
        }
    }
}
