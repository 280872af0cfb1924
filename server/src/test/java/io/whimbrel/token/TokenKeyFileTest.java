package io.whimbrel.token;

import static io.whimbrel.token.Tokens.ID;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;

class TokenKeyFileTest {
    private static final String SECRET = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    @TempDir Path folder;

    private Path path() {
        return folder.resolve("state/token.key");
    }

    private TokenKeyFile file() {
        return new TokenKeyFile(path(), new SecureRandom());
    }

    private void write(String text, String permissions) throws IOException {
        Files.createDirectories(path().resolveSibling(".").normalize());
        Files.deleteIfExists(path());
        Files.writeString(path(), text);
        Files.setPosixFilePermissions(path(), PosixFilePermissions.fromString(permissions));
    }

    @Test
    void firstStart_makesAKey_thatIsKept() throws IOException {
        String sealed = new ShortToken(ID, 1).seal(file().open());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path())))
                .isEqualTo("r--------");
        assertThat(ShortToken.open(sealed, file().open())).isPresent();
        assertThat(folder.resolve("state")).isDirectoryContaining("glob:**/token.key");
    }

    @Test
    void addedKey_seals_andOlderOnesStillOpen() throws IOException {
        String first = new ShortToken(ID, 1).seal(file().open());
        String second = new ShortToken(ID, 1).seal(file().add());
        assertThat(second).isNotEqualTo(first);
        assertThat(ShortToken.open(first, file().open())).isPresent();
        assertThat(ShortToken.open(second, file().open())).isPresent();
        assertThat(file().open().current().number()).isEqualTo(2);
    }

    @Test
    void keys_areBounded_theOldestGoes() throws IOException {
        String first = new ShortToken(ID, 1).seal(file().open());
        String last = first;
        for (int i = 0; i < 300; i++) {
            last = new ShortToken(ID, 1).seal(file().add());
        }
        assertThat(Files.readAllLines(path())).hasSize(2 + TokenKeys.KEYS_MAX);
        assertThat(ShortToken.open(first, file().open())).isEmpty();
        assertThat(ShortToken.open(last, file().open())).isPresent();
    }

    @Test
    void loosePermissions_areRefused() throws IOException {
        for (String loose : new String[] {"rw-r-----", "rw-----w-", "r-x--x---"}) {
            write("1 " + SECRET + "\n", loose);
            assertThatThrownBy(() -> file().open())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("chmod 0400");
        }
        write("1 " + SECRET + "\n", "rw-------");
        assertThat(file().open().current().number()).isEqualTo(1);
    }

    @Test
    void damagedFile_isRefused_andTellsNoSecret() throws IOException {
        for (String text :
                new String[] {
                    "",
                    "# only\n",
                    "1 AQEB\n",
                    "0 " + SECRET,
                    "256 " + SECRET,
                    "x " + SECRET,
                    SECRET,
                    "1 " + SECRET + "\n1 " + SECRET,
                    "1 " + SECRET + "!",
                    "#".repeat(20_000)
                }) {
            write(text, "rw-------");
            assertThatThrownBy(() -> file().open())
                    .as(text)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("token.key:")
                    .hasMessageNotContaining("AQEB");
        }
    }
}
