package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

class KeyFilesTest {
    private static final SigningKey KEY = KeyKind.ED25519.generate();
    private static final KeyName NAME = new KeyName("example.com", "s1");

    @TempDir private Path temp;
    private KeyFolder folder = new KeyFolder(Path.of("/nowhere"));

    @BeforeEach
    void makeFolder() throws IOException {
        folder = new KeyFolder(temp.toRealPath().resolve("keys"));
    }

    private static void chmod(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    @Test
    void create_writesForTheOwnerOnly_andReadsBack() throws IOException {
        Path file = folder.create(NAME, KEY).path();

        assertThat(file).isEqualTo(folder.path().resolve("example.com/s1.pem"));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("r--------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.path())))
                .isEqualTo("rwx------");
        assertThat(KeyFiles.read(file).publicKey()).isEqualTo(KEY.publicKey());
        try (var all = Files.list(folder.path().resolve("example.com"))) {
            assertThat(all).containsExactly(file);
        }
    }

    @Test
    void create_neverWritesOver_andATemporaryFileOfAKilledProcessIsNoMatter() throws IOException {
        Path file = folder.create(NAME, KEY).path();
        Files.writeString(file.resolveSibling(".s2.pem.new"), "half a key");

        SigningKey other = KeyKind.ED25519.generate();
        assertThatThrownBy(() -> KeyFiles.create(file, other))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("exists already");
        assertThat(KeyFiles.read(file).publicKey()).isEqualTo(KEY.publicKey());
        folder.create(new KeyName("example.com", "s2"), other);
        assertThat(folder.entries())
                .extracting(it -> it.name().selector())
                .containsExactly("s1", "s2");
    }

    @Test
    void looseFile_orFolder_isRefused() throws IOException {
        Path file = folder.create(NAME, KEY).path();

        chmod(file, "r--r--r--");
        assertThatThrownBy(() -> KeyFiles.read(file)).hasMessageContaining("mode 0444");
        chmod(file, "r--------");
        chmod(folder.path(), "rwxrwxrwx");
        assertThatThrownBy(() -> KeyFiles.read(file))
                .hasMessageContaining(folder.path() + " has mode 0777");
        chmod(folder.path(), "rwxr-xr-x");
        assertThat(KeyFiles.read(file).bits()).isEqualTo(256);
    }

    @Test
    void symbolicLink_isFollowed_andBothItsPlacesAreChecked() throws IOException {
        Path file = folder.create(NAME, KEY).path();
        Path links = Files.createDirectory(folder.path().resolveSibling("links"));
        chmod(links, "rwxr-xr-x");
        Path link = Files.createSymbolicLink(links.resolve("s1.pem"), file);

        assertThat(KeyFiles.read(link).publicKey()).isEqualTo(KEY.publicKey());
        chmod(links, "rwxrwxrwx");
        assertThatThrownBy(() -> KeyFiles.read(link)).hasMessageContaining(links + " has mode");
        chmod(links, "rwxr-xr-x");
        chmod(file, "r-----r--");
        assertThatThrownBy(() -> KeyFiles.read(link)).hasMessageContaining("mode 0404");
    }

    @Test
    void missingHugeAndStrangeFiles_areErrors() throws IOException {
        Path none = folder.path().resolve("none.pem");
        assertThatThrownBy(() -> KeyFiles.read(none)).hasMessageContaining("does not exist");
        Files.createDirectories(folder.path());
        chmod(folder.path(), "rwx------");
        assertThatThrownBy(() -> KeyFiles.read(folder.path())).hasMessageContaining("is no file");
        Path huge = Files.write(folder.path().resolve("huge.pem"), new byte[70_000]);
        chmod(huge, "r--------");
        assertThatThrownBy(() -> KeyFiles.read(huge)).hasMessageContaining("larger than 65536");
    }

    @Test
    void retired_isRenamed_andItsSelectorStaysTaken() throws IOException {
        KeyPlace place = folder.create(NAME, KEY);

        assertThat(folder.retire(NAME, place))
                .isPresent()
                .get()
                .asString()
                .endsWith("s1.pem.revoked");
        assertThat(folder.retire(NAME, place)).isPresent();
        assertThat(folder.entries()).isEmpty();
        assertThat(folder.has(NAME)).isTrue();
        assertThatThrownBy(() -> folder.create(NAME, KEY)).hasMessageContaining("used already");
        assertThat(folder.retire(NAME, new KeyPlace.File(temp.resolve("elsewhere.pem")))).isEmpty();
        assertThat(folder.retire(NAME, new KeyPlace.Pkcs11("pkcs11:id=1"))).isEmpty();
        // One that more keys than this may be meant by.
        Path shared = Files.write(folder.path().resolve("shared.pem"), new byte[1]);
        assertThat(folder.retire(NAME, new KeyPlace.File(shared))).isEmpty();
        assertThat(shared).exists();
    }

    @Test
    void names_thatWouldLeadOutOfTheFolder_areNone() {
        assertThat(KeyName.parse("../etc", "s1")).isEmpty();
        assertThat(KeyName.parse("example.com", "../s1")).isEmpty();
        assertThat(KeyName.parse("example.com", "a/b")).isEmpty();
        assertThat(KeyName.parse("example.com", "..")).isEmpty();
        assertThat(KeyName.parse("example.com", "_s")).isEmpty();
        assertThat(KeyName.parse("[192.0.2.1]", "s1")).isEmpty();
        assertThat(KeyName.parse("EXAMPLE.com.", "S1.East"))
                .contains(new KeyName("example.com", "s1.east"));
        assertThat(KeyName.parse("m\u00fcnchen.example", "s1").orElseThrow().dnsName())
                .isEqualTo("s1._domainkey.xn--mnchen-3ya.example");
        assertThatThrownBy(() -> new KeyName("Example.com", "s1"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
