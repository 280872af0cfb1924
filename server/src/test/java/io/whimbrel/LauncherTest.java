package io.whimbrel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/// The launcher `whimbrel` on a fresh clone, with a Maven that does what the test wants.
@Timeout(60)
final class LauncherTest {
    @TempDir private Path clone;

    @BeforeEach
    void copyLauncher() throws IOException {
        Files.copy(Path.of("../whimbrel"), clone.resolve("whimbrel"));
    }

    @Test
    void build_onATerminal_countsItsSeconds() throws Exception {
        Path terminal = Path.of("/usr/bin/script");
        Assumptions.assumeTrue(Files.isExecutable(terminal));
        // It goes on until the test has seen what it wants to see.
        mavenDoes("while [ ! -f " + clone.resolve("seen") + " ]; do sleep 0.1; done; exit 1");
        Process run = start(terminal.toString(), "-qec", "./whimbrel status", "/dev/null");
        try (BufferedReader out = run.inputReader(StandardCharsets.UTF_8)) {
            var text = new StringBuilder();
            for (int c = out.read(); c >= 0; c = out.read()) {
                text.append((char) c);
                if (text.indexOf("building, 1 s") >= 0) {
                    Files.writeString(clone.resolve("seen"), "");
                }
            }
            assertThat(text).contains("\rwhimbrel: building, 1 s", "the build failed");
        }
        assertThat(run.waitFor()).isEqualTo(1);
    }

    @Test
    void build_thatFails_isToldWithItsOutput() throws Exception {
        mavenDoes("echo no such goal; exit 1");
        Process run = start("./whimbrel", "status");
        assertThat(run.inputReader(StandardCharsets.UTF_8).lines().toList())
                .containsExactly(
                        "whimbrel: building (once; about a minute)",
                        "no such goal",
                        "whimbrel: the build failed; its output stands above");
        assertThat(run.waitFor()).isEqualTo(1);
    }

    /// The server is down: mail waits in the folder.
    @Test
    void link_namedSendmail_isSendmail() throws Exception {
        pretendBuilt();
        Files.createSymbolicLink(clone.resolve("sendmail"), clone.resolve("whimbrel"));
        Files.createSymbolicLink(clone.resolve("mailq"), clone.resolve("whimbrel"));
        Files.createDirectory(clone.resolve("data"));
        Path config = clone.resolve("w.toml");
        Files.writeString(
                config,
                "[node]\nname = \"mx1.example.com\"\ndata = \""
                        + clone.resolve("data")
                        + "\"\n[[listen]]\naddress = \"127.0.0.1:9\"\n");

        Process run = start("./sendmail", "-C", config.toString(), "-oi", "-t");
        try (var in = run.outputWriter(StandardCharsets.UTF_8)) {
            in.write("To: a@x.example\n\n.\nhi\n");
        }
        assertThat(run.inputReader(StandardCharsets.UTF_8).lines().toList()).isEmpty();
        assertThat(run.waitFor()).isZero();
        try (Stream<Path> files = Files.list(clone.resolve("data/pickup/new"))) {
            assertThat(Files.readString(files.findFirst().orElseThrow()))
                    .contains("x-receiver: <a@x.example>\r\n")
                    .endsWith("\r\n\r\n.\r\nhi\r\n");
        }
        Process list = start("./mailq", "-C", config.toString());
        assertThat(list.inputReader(StandardCharsets.UTF_8).lines())
                .contains("-- 1 message not yet taken from the folder.");
        assertThat(list.waitFor()).isEqualTo(75);
    }

    /// Jars of nothing but this test's class path.
    private void pretendBuilt() throws IOException {
        var manifest = new Manifest();
        var classPath = new StringBuilder();
        for (String entry : System.getProperty("java.class.path").split(":")) {
            classPath.append(Path.of(entry).toAbsolutePath().toUri()).append(' ');
        }
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, classPath.toString().strip());
        for (String module : List.of("server", "simulator")) {
            Path target = Files.createDirectories(clone.resolve(module).resolve("target/lib"));
            Path jar = target.resolveSibling("whimbrel-" + module + ".jar");
            new JarOutputStream(Files.newOutputStream(jar), manifest).close();
        }
    }

    private void mavenDoes(String commands) throws IOException {
        Path maven = clone.resolve("mvn");
        Files.writeString(maven, "#!/bin/sh\n" + commands + "\n");
        Files.setPosixFilePermissions(maven, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Process start(String... command) throws IOException {
        List<String> words = Stream.of(command).toList();
        var builder = new ProcessBuilder(words).directory(clone.toFile()).redirectErrorStream(true);
        builder.environment().merge("PATH", clone.toString(), (path, first) -> first + ":" + path);
        builder.environment().put("WHIMBREL_JAVA_HOME", System.getProperty("java.home"));
        return builder.start();
    }
}
