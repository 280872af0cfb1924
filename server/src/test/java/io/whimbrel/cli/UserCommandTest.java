package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.auth.UsersFile;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// `whimbrel user`, as an operator types it.
@Timeout(60)
@ResourceLock(Resources.SYSTEM_PROPERTIES)
final class UserCommandTest {
    private static final InputStream IN = System.in;
    private static final String BCRYPT =
            "$2b$05$abcdefghijklmnopqrstuuNKTrdYIyJepeBe0WMJS4ZyMwX4aEJLK";

    @TempDir private Path folder;

    @AfterEach
    void restore() {
        System.setIn(IN);
    }

    private String users() {
        return folder.resolve("users").toString();
    }

    private CliRun add(String input, String... arguments) {
        System.setIn(new ByteArrayInputStream(input.getBytes(UTF_8)));
        String[] all = new String[arguments.length + 6];
        String[] first = {"user", "add", "--users", users(), "--iterations", "4096"};
        System.arraycopy(first, 0, all, 0, 6);
        System.arraycopy(arguments, 0, all, 6, arguments.length);
        return CliRun.of(all);
    }

    private boolean accepts(String user, String password) throws IOException {
        return new UsersFile(Path.of(users()))
                .users().stream()
                        .anyMatch(it -> it.name().equals(user) && it.verifier().accepts(password));
    }

    @Test
    void add_takesThePasswordFromTheFirstLine() throws IOException {
        CliRun run = add("a long password\nsecond line\n", "shop", "--tenant", "shop");

        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).isZero();
        assertThat(run.out()).isEqualTo("shop added in " + users() + System.lineSeparator());
        assertThat(accepts("shop", "a long password")).isTrue();
        assertThat(Files.readString(Path.of(users()))).doesNotContain("password");
    }

    @Test
    void add_ofAnImportedHash_asksForNoPassword() throws IOException {
        CliRun run = add("", "old", "--tenant", "shop", "--hash", BCRYPT, "--control");

        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(accepts("old", "correct horse é")).isTrue();
    }

    @Test
    void add_twice_needsReplace() throws IOException {
        add("a long password", "shop", "--tenant", "shop");

        CliRun again = add("another password", "shop", "--tenant", "shop");
        assertThat(again.exit()).isEqualTo(1);
        assertThat(again.err()).contains("user shop is there already", "--replace");
        assertThat(accepts("shop", "a long password")).isTrue();

        CliRun replaced = add("another password", "shop", "--tenant", "t2", "--replace");
        assertThat(replaced.exit()).isZero();
        assertThat(replaced.out()).startsWith("shop changed in ");
        assertThat(accepts("shop", "another password")).isTrue();
    }

    @Test
    void mistakes_areToldInOneLine() {
        assertThat(add("", "shop", "--tenant", "shop").err())
                .isEqualTo(
                        "whimbrel: no password: give it as the first line of standard input"
                                + System.lineSeparator());
        assertThat(add("", "shop", "--tenant", "shop", "--hash", "$6$abc").err())
                .startsWith("whimbrel: --hash is none that can be used")
                .doesNotContain("$6$abc");
        assertThat(add("short", "shop", "--tenant", "shop").err()).contains("can be guessed");
        assertThat(add("x", "a b", "--tenant", "shop").exit()).isEqualTo(2);
        assertThat(add("x", "shop", "--tenant", "a/b").exit()).isEqualTo(2);
        assertThat(add("x", "shop").exit()).isEqualTo(2);
        assertThat(CliRun.of("user", "list", "--users", folder + "/none").exit()).isEqualTo(1);
        assertThat(CliRun.of("user", "list", "--users", folder + "/none").err())
                .contains("none: there is no such file");
        assertThat(CliRun.of("user", "--users", users()).exit()).isEqualTo(2);
    }

    @Test
    void list_showsNothingOfPasswords_andRemoveRemoves() {
        add("", "old@example.com", "--tenant", "t", "--hash", BCRYPT, "--control");
        add("a long password", "shop", "--tenant", "shop");

        assertThat(CliRun.of("user", "list", "--users", users()).lines())
                .containsExactly(
                        "USER             TENANT  PASSWORD       CONTROL",
                        "old@example.com  t       bcrypt         yes",
                        "shop             shop    scram-sha-256  no");
        assertThat(CliRun.of("user", "list", "--users", users(), "--json").lines())
                .contains(
                        "{\"user\":\"shop\",\"tenant\":\"shop\",\"password\":\"scram-sha-256\","
                                + "\"control\":false}");

        assertThat(CliRun.of("user", "remove", "shop", "--users", users()).exit()).isZero();
        CliRun again = CliRun.of("user", "remove", "shop", "--users", users());
        assertThat(again.exit()).isEqualTo(1);
        assertThat(again.err()).contains("there is no user shop");
    }
}
