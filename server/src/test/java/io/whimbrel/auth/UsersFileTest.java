package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// The users file, on disk.
@Timeout(60)
final class UsersFileTest {
    private static final Verifier VERIFIER = Verifier.parse(ScramDialogueTest.PENCIL).orElseThrow();

    @TempDir private Path folder;
    private Path path = Path.of("");
    private UsersFile file = new UsersFile(path);

    @BeforeEach
    void name() {
        path = folder.resolve("users");
        file = new UsersFile(path);
    }

    private static UserEntry user(String name) {
        return new UserEntry(name, "shop", VERIFIER, false);
    }

    @Test
    void add_makesAPrivateFile_thatIsReadAgain() throws IOException {
        file.add(user("shop"));
        file.add(new UserEntry("mail@example.com", "other", VERIFIER, true));

        assertThat(file.users())
                .containsExactly(
                        user("shop"), new UserEntry("mail@example.com", "other", VERIFIER, true));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rw-------");
        assertThat(folder.resolve("users.new")).doesNotExist();
    }

    @Test
    void edits_keepCommentsOrderAndMode() throws IOException {
        write("# ours\n\na shop " + VERIFIER.text() + "\n#b was here\nc shop " + VERIFIER.text());
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r-----"));

        file.add(user("d"));
        file.replace(new UserEntry("a", "new", VERIFIER, true));
        file.remove("c");

        assertThat(Files.readString(path))
                .isEqualTo(
                        "# ours\n\na new "
                                + VERIFIER.text()
                                + " control\n#b was here\nd shop "
                                + VERIFIER.text()
                                + "\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rw-r-----");
    }

    @Test
    void edits_goThroughASymbolicLink() throws IOException {
        Path link = folder.resolve("link");
        file.add(user("a"));
        Files.createSymbolicLink(link, path);

        new UsersFile(link).add(user("b"));

        assertThat(link).isSymbolicLink();
        assertThat(file.users()).containsExactly(user("a"), user("b"));
    }

    @Test
    void concurrentAdds_areAllThere() throws Exception {
        List<Callable<Void>> adds = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            String name = "u" + i;
            adds.add(() -> {
                new UsersFile(path).add(user(name));
                return null;
            });
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Void> add : threads.invokeAll(adds)) {
                add.get();
            }
        }

        assertThat(file.users()).hasSize(20).doesNotHaveDuplicates();
    }

    @Test
    void mistakes_nameFileLineAndRemedy() throws IOException {
        file.add(user("shop"));
        assertThatThrownBy(() -> file.add(user("shop")))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        path + ": user shop is there already; to change the user, add --replace");
        assertThatThrownBy(() -> file.remove("other"))
                .hasMessage(path + ": there is no user other; see `whimbrel user list`");

        write("# x\nshop shop secret\n");
        assertThatThrownBy(file::users)
                .hasMessageStartingWith(path + ":2: the third word is no verifier")
                .hasMessageNotContaining("secret");
        write("a shop " + VERIFIER.text() + "\n\na shop " + VERIFIER.text() + "\n");
        assertThatThrownBy(file::users)
                .hasMessage(path + ":3: user a stands in line 1 already; remove one of the lines");
        write("a shop " + VERIFIER.text() + " admin\n");
        assertThatThrownBy(file::users).hasMessageContaining(":1: behind the verifier only");
        write("a\u0000b shop " + VERIFIER.text() + "\n");
        assertThatThrownBy(file::users).hasMessageContaining(":1: a user's name has");
        write("a b/c " + VERIFIER.text() + "\n");
        assertThatThrownBy(file::users).hasMessageContaining(":1: a tenant's name has");
    }

    @Test
    void fileThatOthersCanWriteTo_isRefused() throws IOException {
        file.add(user("shop"));
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw----"));

        assertThatThrownBy(file::users)
                .hasMessageContaining("others than its owner can write")
                .hasMessageEndingWith("run `chmod go-w " + path + "`");
        assertThatThrownBy(() -> file.add(user("b"))).hasMessageContaining("chmod go-w");
    }

    @Test
    void failedEdit_leavesTheFileAlone() throws IOException {
        write("broken line\n");

        assertThatThrownBy(() -> file.add(user("a"))).hasMessageContaining(":1:");

        assertThat(Files.readString(path)).isEqualTo("broken line\n");
    }

    @Test
    void live_seesEachChangeAtOnce_evenWithinOneStepOfTheClock() throws IOException {
        var users = new Users(path, InstantSource.system());
        for (int i = 0; i < 50; i++) {
            Verifier.Scram next =
                    new Verifier.Scram(
                            4_096,
                            SaslText.encode(new byte[16]),
                            SaslText.encode(new byte[32]),
                            SaslText.encode(Hashes.sha256(new byte[] {(byte) i})));
            var entry = new UserEntry("shop", "shop", next, false);
            // In place and of the same size: neither inode nor size tells.
            write(entry.line() + "\n");

            assertThat(users.has(entry)).as("change " + i).isTrue();
        }
    }

    @Test
    void live_readsASettledFileOnce() throws IOException {
        var reads = new int[1];
        var watched =
                new WatchedFile<>(
                        path,
                        1_000,
                        (_, bytes) -> {
                            reads[0]++;
                            return bytes.length;
                        },
                        new DrivenClock());
        write("12345");

        assertThat(watched.content()).contains(5);
        assertThat(watched.content()).contains(5);
        assertThat(reads[0]).isEqualTo(1);

        write("1234567");
        assertThat(watched.content()).contains(7);
        Files.setLastModifiedTime(path, FileTime.fromMillis(0));
        assertThat(watched.content()).contains(7);
        assertThat(reads[0]).as("same bytes, not parsed again").isEqualTo(2);
    }

    @Test
    void live_brokenMissingOrOversized_hasNoContent_andRecovers() throws IOException {
        var users = new Users(path, new DrivenClock());
        assertThat(users.roll()).as("missing").isEmpty();
        file.add(user("shop"));
        assertThat(users.has(user("shop"))).isTrue();

        write("broken line\n");
        assertThat(users.roll()).as("broken").isEmpty();
        write(new byte[UsersFile.BYTES_MAX + 1]);
        assertThat(users.roll()).as("oversized").isEmpty();
        write(new byte[] {(byte) 0xff, '\n'});
        assertThat(users.roll()).as("no UTF-8").isEmpty();

        write(user("shop").line() + "\n");
        assertThat(users.has(user("shop"))).isTrue();
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-----w-"));
        assertThat(users.roll()).as("anybody could write it").isEmpty();
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        assertThat(users.has(user("shop"))).isTrue();
        Files.delete(path);
        assertThat(users.roll()).as("deleted").isEmpty();
    }

    private void write(String text) throws IOException {
        Files.writeString(path, text);
    }

    private void write(byte[] bytes) throws IOException {
        Files.write(path, bytes);
    }
}
