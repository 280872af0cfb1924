package io.whimbrel.keys;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/// A short secret on one line of a file: a token, a PIN. Stateless. Failures name the file and the
/// remedy, and never show content.
final class SecretFile {
    private static final int BYTES_MAX = 8_192;

    private static final Set<PosixFilePermission> OTHERS =
            EnumSet.of(
                    PosixFilePermission.GROUP_READ,
                    PosixFilePermission.GROUP_WRITE,
                    PosixFilePermission.GROUP_EXECUTE,
                    PosixFilePermission.OTHERS_READ,
                    PosixFilePermission.OTHERS_WRITE,
                    PosixFilePermission.OTHERS_EXECUTE);

    private SecretFile() {}

    /// The line, without spaces around it.
    ///
    /// @throws IOException where the file cannot be read, others may read it, or it holds anything
    ///   but one line of printable ASCII
    static String read(Path file) throws IOException {
        String text;
        try (InputStream in = Files.newInputStream(file)) {
            checkPermissions(file);
            byte[] bytes = in.readNBytes(BYTES_MAX + 1);
            if (bytes.length > BYTES_MAX) {
                throw new IOException(file + " is longer than " + BYTES_MAX + " bytes");
            }
            text = new String(bytes, StandardCharsets.ISO_8859_1).strip();
        } catch (NoSuchFileException _) {
            throw new IOException("there is no file " + file);
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

    /// A link's target is what counts: agents put links.
    private static void checkPermissions(Path file) throws IOException {
        try {
            Set<PosixFilePermission> found =
                    Files.readAttributes(file, PosixFileAttributes.class).permissions();
            if (found.stream().anyMatch(OTHERS::contains)) {
                throw new IOException(
                        file
                                + " is "
                                + PosixFilePermissions.toString(found)
                                + ", so others may use it; run: chmod 0400 "
                                + file);
            }
        } catch (UnsupportedOperationException _) {
            throw new IOException(file + " lies where files have no permissions; move it");
        }
    }
}
