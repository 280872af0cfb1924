package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.OpenSsl;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

class VaultKeysTest {
    private static final KeyPlace.Vault PLACE = new KeyPlace.Vault("secret", "dkim/s1", "key");
    private static final String PATH = "/v1/secret/data/dkim/s1";
    private static final Duration CACHE = Duration.ofMinutes(5);

    /// Moves when told to.
    private static final class Clock implements InstantSource {
        private volatile Instant now = Instant.parse("2026-11-03T10:15:30Z");

        @Override
        public Instant instant() {
            return now;
        }
    }

    @TempDir private Path folder;
    private VaultServer server;
    private Path tokenFile;
    private final Clock clock = new Clock();
    private VaultKeys keys;

    @BeforeEach
    void start() throws IOException {
        server = new VaultServer(Optional.empty());
        tokenFile = secret("token", VaultServer.TOKEN + "\n");
        keys = new VaultKeys(settings(server.address("http"), Optional.empty()), clock);
        server.put(PATH, "key", "one\ntwo\n");
    }

    @AfterEach
    void stop() {
        keys.close();
        server.close();
    }

    private VaultSettings settings(URI address, Optional<Path> ca) {
        return new VaultSettings(
                Optional.of(address),
                Optional.of(tokenFile),
                Optional.empty(),
                ca,
                Duration.ofSeconds(5),
                CACHE);
    }

    private Path secret(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.deleteIfExists(file);
        Files.createFile(
                file,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, text);
    }

    private void advance(Duration duration) {
        clock.now = clock.now.plus(duration);
    }

    @Test
    void field_isRead_andKept_untilItsTimeIsOver() throws IOException {
        assertThat(keys.text(PLACE)).isEqualTo("one\ntwo\n");
        server.put(PATH, "key", "three");
        advance(CACHE.minusSeconds(1));
        assertThat(keys.text(PLACE)).isEqualTo("one\ntwo\n");
        assertThat(server.asked).containsExactly("GET " + PATH);

        advance(Duration.ofSeconds(1));
        assertThat(keys.text(PLACE)).isEqualTo("three");
        assertThat(server.asked).hasSize(2);
        assertThat(keys.trouble(PLACE)).isEmpty();
    }

    @Test
    void askAgain_asksBeforeItsTime() throws IOException {
        keys.text(PLACE);
        server.put(PATH, "key", "three");
        keys.askAgain();
        assertThat(keys.text(PLACE)).isEqualTo("three");
    }

    @Test
    void serverThatFails_leavesTheKnownKeyInUse_andIsTold_andAskedAgainLater() throws IOException {
        keys.text(PLACE);
        server.replyToAll(503, "{\"errors\":[\"Vault is sealed\"]}");
        advance(CACHE);

        assertThat(keys.text(PLACE)).isEqualTo("one\ntwo\n");
        assertThat(keys.trouble(PLACE).orElseThrow())
                .isEqualTo(
                        "vault:secret/dkim/s1#key: it is sealed or down (HTTP 503: Vault is"
                                + " sealed); unseal it");
        assertThat(keys.text(PLACE)).isEqualTo("one\ntwo\n");
        assertThat(server.asked).hasSize(2);

        server.recover();
        server.put(PATH, "key", "three");
        advance(VaultKeys.FAILURE_KEPT);
        assertThat(keys.text(PLACE)).isEqualTo("three");
        assertThat(keys.trouble(PLACE)).isEmpty();
    }

    @Test
    void refusal_isKept_soThatAWrongPathIsNotAskedForAllTheTime() {
        var wrong = new KeyPlace.Vault("secret", "dkim/s2", "key");
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> keys.text(wrong))
                    .isInstanceOf(IOException.class)
                    .hasMessage(
                            "vault:secret/dkim/s2#key: there is no such secret (HTTP 404); look"
                                    + " with: vault kv get -mount=secret dkim/s2");
        }
        assertThat(server.asked).hasSize(1);
        advance(VaultKeys.FAILURE_KEPT);
        assertThatThrownBy(() -> keys.text(wrong)).isInstanceOf(IOException.class);
        assertThat(server.asked).hasSize(2);
    }

    @Test
    void versionThatIsDeleted_isNotUsedOn() throws IOException {
        keys.text(PLACE);
        server.reply(
                PATH,
                404,
                """
                {"data":{"data":null,"metadata":{"created_time":"2026-03-22T02:24:06Z",
                "deletion_time":"2026-04-22T02:24:06Z","destroyed":false,"version":3}}}
                """);
        advance(CACHE);
        assertThatThrownBy(() -> keys.text(PLACE))
                .hasMessageContaining("version 3 is deleted")
                .hasMessageContaining("vault kv undelete -versions=3");
    }

    @Test
    void tokenFile_isReadAnew_soThatAnAgentMayRenewIt() throws IOException {
        server.wantToken("hvs.next");
        assertThatThrownBy(() -> keys.text(PLACE))
                .hasMessageContaining("permission denied (HTTP 403)")
                .hasMessageContaining("path \"secret/data/dkim/s1\" { capabilities = [\"read\"] }");
        secret("token", "hvs.next");
        advance(VaultKeys.FAILURE_KEPT);
        assertThat(keys.text(PLACE)).isEqualTo("one\ntwo\n");
    }

    @Test
    void tokenFileThatOthersMayRead_isRefused_withTheRemedy() throws IOException {
        Files.setPosixFilePermissions(tokenFile, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(() -> keys.text(PLACE))
                .hasMessageContaining("vault.token-file: " + tokenFile)
                .hasMessageContaining("chmod 0400 " + tokenFile);
        assertThat(server.asked).isEmpty();
    }

    @Test
    void namespace_isSent() throws IOException {
        server.wantNamespace("mail/eu");
        var with =
                new VaultSettings(
                        Optional.of(server.address("http")),
                        Optional.of(tokenFile),
                        Optional.of("mail/eu"),
                        Optional.empty(),
                        Duration.ofSeconds(5),
                        CACHE);
        try (var keysOfNamespace = new VaultKeys(with, clock)) {
            assertThat(keysOfNamespace.text(PLACE)).isEqualTo("one\ntwo\n");
        }
    }

    @Test
    void path_isEncoded_andStaysWithinItself() throws IOException {
        server.put("/v1/secret/data/a%20b/%C3%BC%23", "key", "x");
        assertThat(keys.text(new KeyPlace.Vault("secret", "a b/ü#", "key"))).isEqualTo("x");
        for (String bad : List.of("../sys/x", "a//b", "a/./b")) {
            assertThatThrownBy(() -> keys.text(new KeyPlace.Vault("secret", bad, "key")))
                    .hasMessageContaining("no empty part");
        }
        assertThat(server.asked).hasSize(1);
    }

    @Test
    void redirection_isNotFollowed_forTheTokenWouldGoElsewhere() {
        server.reply(PATH, 307, "");
        assertThatThrownBy(() -> keys.text(PLACE)).hasMessageContaining("vault.address");
        assertThat(server.asked).hasSize(1);
    }

    @Test
    void answerWithoutEnd_isCutOff() {
        server.reply(PATH, 200, "{\"data\":\"" + "x".repeat(1 << 20) + "\"}");
        assertThatThrownBy(() -> keys.text(PLACE)).isInstanceOf(IOException.class);
        assertThat(keys.trouble(PLACE).orElseThrow()).doesNotContain("xxx");
    }

    @Test
    void silentServer_isWaitedForNoLongerThanSaid() throws IOException {
        try (var silent = new ServerSocket(0)) {
            var impatient =
                    new VaultSettings(
                            Optional.of(URI.create("http://127.0.0.1:" + silent.getLocalPort())),
                            Optional.of(tokenFile),
                            Optional.empty(),
                            Optional.empty(),
                            Duration.ofMillis(100),
                            CACHE);
            try (var waiting = new VaultKeys(impatient, clock)) {
                assertThatThrownBy(() -> waiting.text(PLACE))
                        .hasMessageContaining("gave no whole answer in 100 ms (vault.timeout)");
            }
        }
    }

    @Test
    void manyAtOnce_askOnce() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<String>> all = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                all.add(() -> keys.text(PLACE));
            }
            for (var one : threads.invokeAll(all)) {
                assertThat(one.get()).isEqualTo("one\ntwo\n");
            }
        }
        assertThat(server.asked).hasSize(1);
    }

    @Test
    void tls_isOnlySpokenWithWhomTheAuthorityKnows() throws Exception {
        var openSsl = new OpenSsl(folder);
        Path good = certificate(openSsl, "vault");
        Path other = certificate(openSsl, "other");
        try (var https = new VaultServer(Optional.of(context("vault")))) {
            https.put(PATH, "key", "x");
            try (var knows = new VaultKeys(settings(https.address("https"), some(good)), clock)) {
                assertThat(knows.text(PLACE)).isEqualTo("x");
            }
            try (var no = new VaultKeys(settings(https.address("https"), some(other)), clock)) {
                assertThatThrownBy(() -> no.text(PLACE))
                        .hasMessageContaining("TLS failed")
                        .hasMessageContaining("vault.ca");
            }
        }
    }

    private static Optional<Path> some(Path path) {
        return Optional.of(path);
    }

    private Path certificate(OpenSsl openSsl, String name) {
        openSsl.run(
                List.of(
                        "req",
                        "-x509",
                        "-nodes",
                        "-subj",
                        "/CN=" + name,
                        "-newkey",
                        "rsa:2048",
                        "-addext",
                        "subjectAltName=DNS:localhost",
                        "-keyout",
                        name + ".key",
                        "-out",
                        name + ".crt"));
        openSsl.run(
                List.of(
                        "pkcs12",
                        "-export",
                        "-passout",
                        "pass:test",
                        "-in",
                        name + ".crt",
                        "-inkey",
                        name + ".key",
                        "-out",
                        name + ".p12"));
        return new CertificateFiles(folder.resolve(name + ".crt"), folder.resolve(name + ".key"))
                .certificate();
    }

    private SSLContext context(String name) throws Exception {
        var store = KeyStore.getInstance("PKCS12");
        try (InputStream in =
                new ByteArrayInputStream(Files.readAllBytes(folder.resolve(name + ".p12")))) {
            store.load(in, "test".toCharArray());
        }
        var factory = KeyManagerFactory.getInstance("PKIX");
        factory.init(store, "test".toCharArray());
        var context = SSLContext.getInstance("TLS");
        context.init(factory.getKeyManagers(), null, null);
        return context;
    }

    @Test
    void nothingSaid_isTold_withWhereToSayIt() {
        try (var none = new VaultKeys(VaultSettings.NONE, clock)) {
            assertThatThrownBy(() -> none.text(PLACE))
                    .hasMessageContaining("address = \"https://...\" in [vault]");
        }
    }

    @Test
    void noMessage_holdsTheTokenOrTheKey() {
        for (int status : new int[] {200, 400, 403, 404, 429, 500, 503}) {
            server.reply(PATH, status, "{\"data\":{\"data\":{\"key2\":\"SECRET\"}}}");
            keys.askAgain();
            assertThatThrownBy(() -> keys.text(PLACE))
                    .message()
                    .startsWith("vault:secret/dkim/s1#key: ")
                    .doesNotContain("SECRET", VaultServer.TOKEN);
        }
    }
}
