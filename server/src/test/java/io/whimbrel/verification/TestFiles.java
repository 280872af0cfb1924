package io.whimbrel.verification;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The shared test data. What is not there skips the test.
final class TestFiles {
    private static final Path DATA =
            Path.of(System.getProperty("whimbrel.root", "..")).resolve("../shared/testdata");

    private TestFiles() {}

    static Path path(String name) {
        Path file = DATA.resolve(name);
        assumeTrue(Files.exists(file), "no " + file);
        return file;
    }

    static String text(String name) throws IOException {
        return Files.readString(path(name));
    }

    /// The file with CRLF at the end of each line.
    static byte[] message(Path file) throws IOException {
        return crlf(Files.readString(file, StandardCharsets.ISO_8859_1));
    }

    static byte[] crlf(String latin1) {
        return latin1.replace("\r\n", "\n")
                .replace("\n", "\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    static List<Path> list(String folder, String glob) throws IOException {
        try (var files = Files.newDirectoryStream(path(folder), glob)) {
            List<Path> found = new java.util.ArrayList<>();
            files.forEach(found::add);
            found.sort(null);
            return found;
        }
    }
}
