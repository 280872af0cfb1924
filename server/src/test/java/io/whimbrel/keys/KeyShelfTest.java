package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;

class KeyShelfTest {
    private static final KeyPlace.Vault PLACE = new KeyPlace.Vault("secret", "dkim/s1", "key");
    private static final String PATH = "/v1/secret/data/dkim/s1";

    @TempDir private Path folder;
    private Instant now = Instant.parse("2026-11-03T10:15:30Z");

    private static String pem() {
        try {
            byte[] der =
                    KeyPairGenerator.getInstance("Ed25519")
                            .generateKeyPair()
                            .getPrivate()
                            .getEncoded();
            return "-----BEGIN PRIVATE KEY-----\n"
                    + Base64.getEncoder().encodeToString(der)
                    + "\n-----END PRIVATE KEY-----\n";
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private Path secret(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.deleteIfExists(file);
        Files.createFile(
                file,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, text);
    }

    private KeySources sources(VaultServer server) throws IOException {
        var vault =
                new VaultSettings(
                        Optional.of(server.address("http")),
                        Optional.of(secret("token", VaultServer.TOKEN)),
                        Optional.empty(),
                        Optional.empty(),
                        Duration.ofSeconds(5),
                        Duration.ofMinutes(5));
        return new KeySources(vault, Pkcs11Settings.NONE);
    }

    @Test
    void fileThatChanges_isReadAnew_andOneThatDoesNot_isKept() throws IOException {
        Path file = secret("s1.pem", pem());
        var place = new KeyPlace.File(file);
        try (var shelf = new KeyShelf(KeySources.NONE, () -> now)) {
            SigningKey first = shelf.key(place);
            assertThat(shelf.key(place)).isSameAs(first);

            secret("s1.pem", pem() + "\n");
            SigningKey second = shelf.key(place);
            assertThat(second.publicKey()).isNotEqualTo(first.publicKey());

            shelf.askAgain();
            assertThat(shelf.key(place))
                    .isNotSameAs(second)
                    .extracting(SigningKey::publicKey)
                    .isEqualTo(second.publicKey());
        }
    }

    @Test
    void fileThatIsGone_isTold_thoughItsKeyWasKnown() throws IOException {
        Path file = secret("s1.pem", pem());
        try (var shelf = new KeyShelf(KeySources.NONE, () -> now)) {
            shelf.key(new KeyPlace.File(file));
            Files.delete(file);
            assertThatThrownBy(() -> shelf.key(new KeyPlace.File(file)))
                    .hasMessageContaining(file.toString());
        }
    }

    @Test
    void keyOfVault_isUsedOnWhileVaultIsDown_andThatIsTold() throws IOException {
        try (var server = new VaultServer(Optional.empty());
                var shelf = new KeyShelf(sources(server), () -> now)) {
            server.put(PATH, "key", pem());
            SigningKey first = shelf.key(PLACE);
            assertThat(first.algorithm()).isEqualTo(KeyAlgorithm.ED25519);

            server.replyToAll(500, "");
            now = now.plus(Duration.ofHours(1));
            assertThat(shelf.key(PLACE)).isSameAs(first);
            assertThat(shelf.trouble(PLACE)).contains("vault:secret/dkim/s1#key: HTTP 500");

            server.recover();
            server.put(PATH, "key", pem());
            shelf.askAgain();
            assertThat(shelf.key(PLACE).publicKey()).isNotEqualTo(first.publicKey());
            assertThat(shelf.trouble(PLACE)).isEmpty();
        }
    }

    @Test
    void secretThatIsNoKey_isTold_withItsPlace_andNotShown() throws IOException {
        try (var server = new VaultServer(Optional.empty());
                var shelf = new KeyShelf(sources(server), () -> now)) {
            server.put(PATH, "key", "hunter2");
            assertThatThrownBy(() -> shelf.key(PLACE))
                    .hasMessageContaining("vault:secret/dkim/s1#key")
                    .hasMessageNotContaining("hunter2");
        }
    }

    @Test
    void deviceWithoutLibrary_isTold_withWhereToSayIt() {
        try (var shelf = new KeyShelf(KeySources.NONE, () -> now)) {
            assertThatThrownBy(() -> shelf.key(new KeyPlace.Pkcs11("pkcs11:object=s1")))
                    .hasMessageContaining("pkcs11:object=s1: which library?")
                    .hasMessageContaining("in [pkcs11]");
            assertThatThrownBy(
                            () -> shelf.key(new KeyPlace.Pkcs11("pkcs11:object=s1?pin-value=1234")))
                    .hasMessageNotContaining("1234");
        }
    }
}
