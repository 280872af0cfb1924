package io.whimbrel.keys;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A short secret on one line of a file that is as private as a key's: a token, a PIN. Stateless.
/// Failures name the file and the remedy, and never show content.
final class SecretFile {
    private static final int BYTES_MAX = 8_192;

    private SecretFile() {}

    /// The line, without spaces around it.
    ///
    /// @throws IOException where the file cannot be read, others may read or replace it, or it
    ///   holds anything but one line of printable ASCII
    static String read(Path file) throws IOException {
        KeyFiles.check(file, ProcessUser.current());
        String text;
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(BYTES_MAX + 1);
            if (bytes.length > BYTES_MAX) {
                throw new IOException(file + " is longer than " + BYTES_MAX + " bytes");
            }
            text = new String(bytes, StandardCharsets.ISO_8859_1).strip();
        } catch (AccessDeniedException _) {
            throw new IOException(file + " may not be read; give it to the user of the server");
        }
        if (text.isEmpty()) {
            throw new IOException(file + " is empty");
        }
        if (!text.chars().allMatch(c -> c > ' ' && c <= '~')) {
            throw new IOException(file + " must hold one line without spaces");
        }
        return text;
    }
}
