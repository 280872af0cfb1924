package io.whimbrel.dkimport;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/// Text files of another MTA. Stateless.
final class SourceFile {
    private static final int BYTES_MAX = 8 << 20;

    private SourceFile() {}

    /// @throws IOException where it cannot be read, or is larger than 8 MiB
    static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(BYTES_MAX + 1);
            if (bytes.length > BYTES_MAX) {
                throw new IOException(file + " is larger than 8 MiB");
            }
            String text = new String(bytes, StandardCharsets.UTF_8);
            return text.startsWith("\ufeff") ? text.substring(1) : text;
        } catch (NoSuchFileException _) {
            throw new IOException("there is no file " + file);
        } catch (AccessDeniedException _) {
            throw new IOException(file + " may not be read; run this as its owner");
        }
    }

    static List<String> lines(String text) {
        return text.lines().toList();
    }
}
