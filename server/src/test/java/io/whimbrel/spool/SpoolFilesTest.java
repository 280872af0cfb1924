package io.whimbrel.spool;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.whimbrel.log.SpoolFiles;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The spool's folder on a real disk.
final class SpoolFilesTest {

    @Test
    void syncFolder_opensNothing_soThatItNeedsNoDescriptor(@TempDir Path temp) throws IOException {
        Path folder = temp.resolve("spool");
        try (var files = new SpoolFiles.OnDisk(folder)) {
            files.create("quarantine/one").close();
            // Whoever opened it by its name would not find it.
            Files.move(folder, temp.resolve("elsewhere"));
            assertThatCode(files::syncFolder).doesNotThrowAnyException();
        }
    }
}
