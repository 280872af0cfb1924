package io.whimbrel.submission;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.cli.CliRun;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// sendmail(1) as programs see it: exit codes, and what then lies in the folder.
@Timeout(60)
final class SendmailTest {
    private static final Instant NOW = Instant.parse("2026-11-27T10:00:00Z");

    @TempDir private Path folder;

    private Path config = Path.of("");

    private record Run(int exit, String out, String err) {}

    @BeforeEach
    void writeConfig() throws IOException {
        Files.createDirectory(folder.resolve("data"));
        config = configure("127.0.0.1:9", "");
    }

    @Test
    void message_isLeftWithItsEnvelope() throws IOException {
        Run run =
                run(
                        "To: a@x.example\nBcc: root\nSubject: x\n\nbody\n.\nnot this\n",
                        "-t",
                        "-fann",
                        "-FAnn Other",
                        "-N",
                        "never",
                        "-Vid",
                        "-Rhdrs",
                        "c@x.example");

        assertThat(run).isEqualTo(new Run(0, "", ""));
        String file = onlyFile();
        assertThat(file.replaceAll("Message-ID: <[0-9a-f.]+@", "Message-ID: <id@"))
                .isEqualTo(
                        """
                        x-sender: <ann@mx1.example.com>
                        x-receiver: <c@x.example>
                        x-receiver: <a@x.example>
                        x-receiver: <ops@example.net>
                        x-envid: id
                        x-dsn-ret: HDRS
                        x-dsn-notify: NEVER
                        x-end-of-envelope: yes
                        From: Ann Other <ann@mx1.example.com>
                        Date: Fri, 27 Nov 2026 10:00:00 +0000
                        Message-ID: <id@mx1.example.com>
                        To: a@x.example
                        Subject: x

                        body
                        """
                                .replace("\n", "\r\n"));
    }

    @Test
    void exitCodes_areThoseOfSysexits() throws IOException {
        assertThat(run("", "-t").exit()).as("no recipients").isEqualTo(65);
        assertThat(run("hi\n").exit()).as("no recipients named").isEqualTo(64);
        assertThat(run("hi\n", "-y", "a@x.example").exit()).isEqualTo(64);
        assertThat(run("hi\n", "a b@x.example").exit()).isEqualTo(67);
        assertThat(run("hi\n", "a@-.example").exit()).isEqualTo(67);
        assertThat(run("hi \u0000\n", "a@x.example").exit()).isEqualTo(65);
        assertThat(run("To: Ann Other\n\n", "-t").exit()).isEqualTo(65);
        assertThat(run("x".repeat(70 << 10), "a@x.example").exit()).as("max-message").isEqualTo(65);
        assertThat(runFrom(new Broken(), "a@x.example").exit()).isEqualTo(65 + 9);
        assertThat(files()).isEmpty();
    }

    @Test
    void unusableConfiguration_is78_andNamesTheWays() throws IOException {
        Files.writeString(config, "[node]\n");
        Run run = run("hi\n", "a@x.example");
        assertThat(run.exit()).isEqualTo(78);
        assertThat(run.err()).contains("WHIMBREL_CONFIG", "/etc/whimbrel/whimbrel.toml");
    }

    @Test
    void dashC_namesAFile_orAFolder() throws IOException {
        Path other = Files.createDirectory(folder.resolve("etc")).resolve("whimbrel.toml");
        Files.copy(config, other);
        Files.writeString(config, "broken");
        assertThat(run("hi\n", "-C", other.toString(), "a@x.example").exit()).isZero();
        assertThat(run("hi\n", "-C" + other.getParent(), "a@x.example").exit()).isZero();
        assertThat(files()).hasSize(2);
    }

    @Test
    void missingFolder_is73_whereTheServerNeverRan() throws IOException {
        Files.delete(folder.resolve("data"));
        Run run = run("hi\n", "a@x.example");
        assertThat(run.exit()).isEqualTo(73);
        assertThat(run.err()).contains("the server makes it when it starts");
    }

    @Test
    void closedFolder_is77() throws IOException {
        Assumptions.assumeFalse(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
                "root may write anywhere");
        assertThat(run("hi\n", "a@x.example").exit()).isZero();
        Files.setAttribute(folder.resolve("data/pickup/tmp"), "unix:mode", 0500);
        assertThat(run("hi\n", "a@x.example").exit()).isEqualTo(77);
    }

    @Test
    void serverDown_listsTheFolder_andSpeaksNoSmtp() throws IOException {
        assertThat(run("hi\n", "a@x.example").exit()).isZero();

        Run list = run("", "-bp");
        assertThat(list.exit()).isEqualTo(75);
        assertThat(list.out()).contains("-- 1 message not yet taken from the folder.");
        assertThat(list.err()).contains("no server is running");

        Run smtp = run("QUIT\r\n", "-bs");
        assertThat(smtp.exit()).isEqualTo(75);
        assertThat(smtp.out()).isEqualTo("421 4.3.0 The server does not answer\r\n");
    }

    @Test
    void serverUp_dashBs_carriesTheDialogue() throws Exception {
        try (var server = new ScriptedSmtpServer(ScriptedSmtpServer::takeAll)) {
            configure(server.address(), "");
            Run run = run("EHLO me\r\nQUIT\r\n", "-bs");
            assertThat(run.exit()).isZero();
            assertThat(run.out()).startsWith("220 ");
            assertThat(server.commands).containsExactly("EHLO me", "QUIT");
        }
    }

    @Test
    void whatTheServerDoesByItself_isNothingToDo() {
        assertThat(run("", "-bi").exit()).isZero();
        assertThat(run("", "-bd", "-q15m").exit()).isZero();
    }

    @Test
    void asAVerbOfTheProgram_itTakesTheSameOptions() throws IOException {
        InputStream standardInput = System.in;
        System.setIn(
                new ByteArrayInputStream(
                        "To: a@x.example\n\nhi\n".getBytes(StandardCharsets.US_ASCII)));
        try {
            CliRun run = CliRun.of("sendmail", "-ti", "-C", config.toString(), "-odi", "-v");
            assertThat(run.err()).startsWith("sendmail: left as ");
            assertThat(run.exit()).isZero();
            assertThat(onlyFile()).contains("x-receiver: <a@x.example>\r\n");
            assertThat(CliRun.of("sendmail", "-y").exit()).isEqualTo(64);
            assertThat(CliRun.of("sendmail", "-C", config.toString(), "--", "-x y").exit())
                    .isEqualTo(67);
        } finally {
            System.setIn(standardInput);
        }
    }

    private Path configure(String address, String more) throws IOException {
        return Files.writeString(
                folder.resolve("w.toml"),
                """
                [node]
                name = "mx1.example.com"
                data = "%s/data"
                [[listen]]
                address = "%s"
                [pickup]
                max-message = "64KiB"
                [sendmail]
                aliases = ["root: ops@example.net"]
                %s
                """
                        .formatted(folder, address, more));
    }

    private Run run(String text, String... words) {
        return runFrom(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), words);
    }

    private Run runFrom(InputStream in, String... words) {
        var out = new ByteArrayOutputStream();
        var err = new StringWriter();
        var caller =
                new Sendmail.Caller(
                        in, out, new PrintWriter(err), "bob", Optional.of(config.toString()));
        int exit = new Sendmail(caller, () -> NOW).run(List.of(words));
        return new Run(exit, out.toString(StandardCharsets.UTF_8), err.toString());
    }

    private List<Path> files() throws IOException {
        Path arrived = folder.resolve("data/pickup/new");
        if (!Files.exists(arrived)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(arrived)) {
            return files.toList();
        }
    }

    private String onlyFile() throws IOException {
        assertThat(files()).hasSize(1);
        return Files.readString(files().getFirst());
    }

    /// Standard input that fails.
    private static final class Broken extends InputStream {
        @Override
        public int read() throws IOException {
            throw new IOException("input/output error");
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            throw new IOException("input/output error");
        }
    }
}
