package io.whimbrel.reception;

import io.whimbrel.auth.UserEntry;
import io.whimbrel.auth.UsersFile;
import io.whimbrel.auth.Verifier;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.OpenSsl;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/// Certificates and users of listeners, as files in a folder of the test. Confined to one thread.
///
/// Users are `shop` of tenant `shop`, `other` of tenant `other`, and `boss` of tenant `shop`, whose
/// mail control fields direct; the password of each is `secret of NAME`.
final class TestFiles {
    private static final List<UserEntry> USERS =
            List.of(
                    user("shop", "shop", false),
                    user("other", "other", false),
                    user("boss", "shop", true));

    private final Path folder;

    TestFiles(Path folder) {
        this.folder = folder;
    }

    /// A folder that goes when the process ends, for tests that are made at run time.
    static TestFiles temporary() {
        try {
            Path folder = Files.createTempDirectory("whimbrel-reception");
            folder.toFile().deleteOnExit();
            return new TestFiles(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path folder() {
        return folder;
    }

    /// Self-signed, for `NAME.test`; made once. Skips the test where there is no `openssl`.
    CertificateFiles certificate(String name) {
        var files =
                new CertificateFiles(folder.resolve(name + ".crt"), folder.resolve(name + ".key"));
        return Files.exists(files.key()) ? files : new OpenSsl(folder).certificate(name, "ec");
    }

    /// The same as PKCS #12, for a client.
    Path store(String name) {
        certificate(name);
        new OpenSsl(folder)
                .run(
                        List.of(
                                "pkcs12",
                                "-export",
                                "-in",
                                name + ".crt",
                                "-inkey",
                                name + ".key",
                                "-out",
                                name + ".p12",
                                "-passout",
                                "pass:"));
        return folder.resolve(name + ".p12");
    }

    /// As `[[tenant]]` has it.
    String fingerprint(String name) throws IOException {
        String pem = Files.readString(certificate(name).certificate(), StandardCharsets.US_ASCII);
        String base64 = pem.replaceAll("-----[^-]*-----", "");
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256")
                            .digest(Base64.getMimeDecoder().decode(base64));
            return "sha256:" + HexFormat.of().formatHex(hash);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /// The users file.
    Path users() {
        Path file = folder.resolve("users");
        try {
            if (!Files.exists(file)) {
                for (UserEntry user : USERS) {
                    new UsersFile(file).add(user);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }

    private static UserEntry user(String name, String tenant, boolean mayControl) {
        Verifier verifier = Verifier.Scram.of(password(name), Verifier.Scram.ITERATIONS_MIN);
        return new UserEntry(name, tenant, verifier, mayControl);
    }

    static String password(String name) {
        return "secret of " + name;
    }

    /// What goes behind `AUTH PLAIN` (RFC 4616).
    static String plain(String name, String password) {
        return base64("\0" + name + "\0" + password);
    }

    static String plain(String name) {
        return plain(name, password(name));
    }

    static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
