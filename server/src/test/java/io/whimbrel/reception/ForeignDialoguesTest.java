package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.auth.UserEntry;
import io.whimbrel.auth.UsersFile;
import io.whimbrel.auth.Verifier;
import io.whimbrel.tls.ServerTlsSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Conversations written for other servers: chasquid's, James', and seeds of fuzzers. Reply texts
/// and codes are theirs, so only the class of a code is compared. Skipped where the shared test
/// data is not beside the repository.
class ForeignDialoguesTest {
    private static final Path DATA =
            Path.of(System.getProperty("whimbrel.root", "..")).resolve("../shared/testdata");
    private static final Path CHASQUID = DATA.resolve("smtp-dialogs/chasquid/t-12-minor_dialogs");
    private static final Path JAMES =
            DATA.resolve("smtp-dialogs/james-mpt/org/apache/james/smtp/scripts");
    private static final Path CHASQUID_SEEDS =
            DATA.resolve("smtp-dialogs/chasquid-fuzz/smtpsrv/testdata/fuzz/FuzzConnection");
    private static final Path FUZZ_SEEDS = DATA.resolve("smtp-fuzz");

    @TempDir private Path folder;

    /// Not among them: `bad_data`, whose message has a bad header line, which a relay does not
    /// judge. Those on AUTH follow.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "bad_data_dot",
                "bad_data_dot_2",
                "bad_data_dot_on_message_too_big",
                "empty_helo",
                "line_too_long",
                "message_too_big"
            })
    void chasquid(String name) throws IOException {
        Path file = CHASQUID.resolve(name + ".cmy");
        assumeTrue(Files.exists(file), "no " + file);
        try (var reception = start();
                var talk = reception.connect()) {
            for (String line : Files.readAllLines(file)) {
                performChasquid(line, talk);
            }
            assertThat(reception.mail.stored()).isEmpty();
        }
    }

    /// Over TLS, with the user of chasquid's test.
    @ParameterizedTest
    @CsvSource({"auth_multi_dialog, 20", "auth_too_many_failures, 3"})
    void chasquidAuth(String name, int errors) throws IOException {
        Path file = CHASQUID.resolve(name + ".cmy");
        assumeTrue(Files.exists(file), "no " + file);
        var files = new TestFiles(folder);
        Path users = folder.resolve("chasquid-users");
        var verifier = Verifier.Scram.of("secretpassword", Verifier.Scram.ITERATIONS_MIN);
        new UsersFile(users).add(new UserEntry("user@testserver", "test", verifier, false));
        TestListens listens =
                new TestListens()
                        .tls(TlsMode.IMPLICIT, ServerTlsSettings.of(files.certificate("mx")))
                        .auth(TestReception.auth(AuthSettings.Mode.OPTIONAL, users))
                        .limits(TestReception.limits(1 << 20, 100, errors));
        try (var reception = TestReception.start(listens.settings())) {
            SmtpTalk talk = reception.connect();
            for (String line : Files.readAllLines(file)) {
                if (line.startsWith("c tls_connect")) {
                    talk = reception.connect();
                    talk.beginTls();
                } else if (line.equals("c close")) {
                    talk.close();
                } else {
                    performChasquid(line, talk);
                }
            }
            talk.close();
            assertThat(reception.mail.stored()).isEmpty();
        }
    }

    private static void performChasquid(String line, SmtpTalk talk) throws IOException {
        if (line.startsWith("c -> ")) {
            talk.sendLine(line.substring(5));
        } else if (line.startsWith("c ~> ")) {
            talk.send(new PythonText(line.substring(5)).value());
        } else if (line.startsWith("c <... ")) {
            talk.expect(line.substring(7, 8));
        } else if (line.startsWith("c <")) {
            talk.expect(line.substring(5, 6));
        }
    }

    /// Not among them: `authplain` and `starttls_session_fixation`, which log in in plain text, and
    /// before EHLO; and `starttls_with_injection`, whose line ends are letters.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "helo",
                "rcpt_with_starttls",
                "data_with_starttls",
                "data_starts_with_starttls"
            })
    void james(String name) throws IOException {
        Path file = JAMES.resolve(name + ".test");
        assumeTrue(Files.exists(file), "no " + file);
        try (var reception = start();
                var talk = reception.connect()) {
            for (String line : Files.readAllLines(file)) {
                boolean isLastLine = !line.startsWith("S: 250-") && !line.equals("S: 250.*");
                if (line.startsWith("C:")) {
                    talk.sendLine(line.length() > 3 ? line.substring(3) : "");
                } else if (line.startsWith("S:") && isLastLine) {
                    talk.expect(line.substring(3, 4));
                }
            }
            assertThat(reception.mail.stored()).hasSize(1);
        }
    }

    @Test
    void jamesStartTls() throws IOException {
        Path file = JAMES.resolve("starttls.test");
        assumeTrue(Files.exists(file), "no " + file);
        ServerTlsSettings tls = ServerTlsSettings.of(new TestFiles(folder).certificate("mx"));
        TestListens listens = new TestListens().tls(TlsMode.STARTTLS, tls);
        try (var reception = TestReception.start(listens.settings());
                var talk = reception.connect()) {
            for (String line : Files.readAllLines(file)) {
                boolean isLastLine = !line.startsWith("S: 250-") && !line.equals("S: 250.*");
                if (line.startsWith("C:")) {
                    talk.sendLine(line.substring(3));
                } else if (line.startsWith("S:") && isLastLine) {
                    talk.expect(line.substring(3, 6));
                }
            }
            talk.beginTls();
            talk.command("EHLO client.example", "250");
        }
    }

    @Test
    void chasquidSeeds_endWithoutBugOrLeak() throws IOException {
        assumeTrue(Files.isDirectory(CHASQUID_SEEDS), "no " + CHASQUID_SEEDS);
        try (var reception = start()) {
            for (Path file : files(CHASQUID_SEEDS)) {
                for (String line : Files.readAllLines(file)) {
                    if (line.startsWith("[]byte(")) {
                        String text = goText(line.substring(8, line.length() - 2));
                        Garbage.send(reception, text.getBytes(StandardCharsets.UTF_8));
                        String lines = text.replace("\n", "\r\n");
                        Garbage.send(reception, lines.getBytes(StandardCharsets.UTF_8));
                    }
                }
            }
        }
    }

    @Test
    void fuzzSeeds_endWithoutBugOrLeak() throws IOException {
        assumeTrue(Files.isDirectory(FUZZ_SEEDS), "no " + FUZZ_SEEDS);
        try (var reception = start()) {
            for (Path file : files(FUZZ_SEEDS)) {
                Garbage.send(reception, Files.readAllBytes(file));
            }
        }
    }

    private static TestReception start() {
        return TestReception.start(TestReception.EVERYBODY, TestReception.limits(1 << 20, 100, 20));
    }

    private static List<Path> files(Path folder) throws IOException {
        try (var walk = Files.walk(folder)) {
            return walk.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static String goText(String quoted) {
        return quoted.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
    }

    /// Reads the few Python expressions in chasquid's files: `('a' * 9 + '\r\n') * 3`.
    private static final class PythonText {
        private final String text;
        private int position;

        PythonText(String expression) {
            this.text = expression;
        }

        String value() {
            var sum = new StringBuilder(product());
            while (next() == '+') {
                position++;
                sum.append(product());
            }
            return sum.toString();
        }

        private String product() {
            String factor;
            if (next() == '(') {
                position++;
                factor = value();
                assertThat(next()).isEqualTo(')');
                position++;
            } else {
                factor = quoted();
            }
            if (next() != '*') {
                return factor;
            }
            position++;
            int times = 0;
            while (Character.isDigit(next())) {
                times = times * 10 + (take() - '0');
            }
            return factor.repeat(times);
        }

        private String quoted() {
            assertThat(next()).isEqualTo('\'');
            position++;
            var text = new StringBuilder();
            char c = take();
            while (c != '\'') {
                if (c == '\\') {
                    c = take() == 'r' ? '\r' : '\n';
                }
                text.append(c);
                c = take();
            }
            return text.toString();
        }

        /// The next character behind spaces, not taken; a space at the end.
        private char next() {
            while (position < text.length() && text.charAt(position) == ' ') {
                position++;
            }
            return position == text.length() ? ' ' : text.charAt(position);
        }

        private char take() {
            return text.charAt(position++);
        }
    }
}
