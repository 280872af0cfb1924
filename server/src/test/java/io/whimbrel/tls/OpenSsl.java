package io.whimbrel.tls;

import org.junit.jupiter.api.Assumptions;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// The command `openssl`, which makes certificates and is a client that Java's TLS knows nothing
/// of. Tests are skipped where it is not installed.
public final class OpenSsl {
    private final Path folder;

    /// @param folder for what it writes
    public OpenSsl(Path folder) {
        this.folder = folder;
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/openssl")), "openssl is not installed");
    }

    /// Makes a self-signed certificate for `NAME.test` and `*.NAME.example`.
    ///
    /// @param kind `ec`, `rsa` or `ed25519`
    public CertificateFiles certificate(String name, String kind) {
        return certificate(name, kind, name);
    }

    CertificateFiles certificate(String name, String kind, String host, String... more) {
        var words = new ArrayList<>(List.of("req", "-x509", "-nodes", "-subj", "/CN=" + name));
        words.addAll(List.of("-newkey", kind.equals("rsa") ? "rsa:2048" : kind));
        if (kind.equals("ec")) {
            words.addAll(List.of("-pkeyopt", "ec_paramgen_curve:prime256v1"));
        }
        words.addAll(
                List.of(
                        "-addext",
                        "subjectAltName=DNS:" + host + ".test,DNS:*." + host + ".example"));
        words.addAll(List.of("-keyout", name + ".key", "-out", name + ".crt"));
        words.addAll(List.of(more));
        run(words);
        return new CertificateFiles(folder.resolve(name + ".crt"), folder.resolve(name + ".key"));
    }

    /// Connects, and ends when the server does.
    ///
    /// @param options of `openssl s_client`
    String client(InetSocketAddress server, String... options) {
        var words = new ArrayList<>(List.of("s_client", "-ign_eof", "-connect"));
        words.add("127.0.0.1:" + server.getPort());
        words.addAll(List.of(options));
        return run(words);
    }

    /// @return all that it said
    public String run(List<String> words) {
        var command = new ArrayList<>(List.of("/usr/bin/openssl"));
        command.addAll(words);
        try {
            Process process =
                    new ProcessBuilder(command)
                            .directory(folder.toFile())
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectErrorStream(true)
                            .start();
            byte[] said = process.getInputStream().readAllBytes();
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("openssl does not end: " + command);
            }
            return new String(said, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    static String upper(String hex) {
        return hex.toUpperCase(Locale.ROOT);
    }
}
