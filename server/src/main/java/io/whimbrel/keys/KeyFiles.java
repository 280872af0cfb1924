package io.whimbrel.keys;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/// Private keys in files that nobody else can read. Stateless.
///
/// A file is read where it has mode 0400 or 0600 and belongs to the process's user or root, or has
/// 0440 or 0640, belongs to root and to a group of the process, as packages install them. No folder
/// above it may be writable by others, but sticky ones of root. Symbolic links are followed.
/// Failures name the file and the remedy, and never show content.
public final class KeyFiles {
    private static final int BYTES_MAX = 64 << 10;

    private static final FileAttribute<Set<PosixFilePermission>> OWNER_READS =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r--------"));
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ENTERS =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private KeyFiles() {}

    /// @throws IOException where there is no such file, others may read or replace it, or it is no
    ///   key
    public static SigningKey read(Path file) throws IOException {
        check(file, ProcessUser.current());
        return PemKey.parse(text(file), file.toString());
    }

    /// Why the file, or a folder above it, is open to others.
    ///
    /// @throws IOException with the complaint
    static void check(Path file, ProcessUser user) throws IOException {
        refuse(FileAccess.of(file).complaintAsKey(user));
        checkFolders(file.toRealPath(), user);
        // Whoever can replace the link chooses the key.
        checkFolders(parent(file).toRealPath().resolve(file.getFileName()), user);
    }

    private static void checkFolders(Path real, ProcessUser user) throws IOException {
        Path folder = real.getParent();
        while (folder != null) {
            refuse(FileAccess.of(folder).complaintAsFolder(user));
            folder = folder.getParent();
        }
    }

    private static void refuse(Optional<String> complaint) throws IOException {
        if (complaint.isPresent()) {
            throw new IOException(complaint.get());
        }
    }

    private static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(BYTES_MAX + 1);
            if (bytes.length > BYTES_MAX) {
                throw new IOException(
                        file
                                + " is larger than "
                                + BYTES_MAX
                                + " bytes, and no key; correct the"
                                + " path");
            }
            return new String(bytes, ISO_8859_1);
        } catch (AccessDeniedException _) {
            throw new IOException(
                    file + " may not be read by whimbrel's user; `chown` it, with mode 0400");
        }
    }

    /// Writes `key` to a new file of mode 0400, whole or not at all; its folder is made where it is
    /// missing, for the owner only. Where root does so, they belong to whom the folder above
    /// belongs to.
    ///
    /// @throws IOException where the file exists, or cannot be written
    public static void create(Path file, SigningKey key) throws IOException {
        Path folder = parent(file);
        createFolder(folder);
        Path unfinished = folder.resolve("." + file.getFileName() + ".new");
        // Of a process that was killed: a key that nobody uses.
        Files.deleteIfExists(unfinished);
        try {
            write(unfinished, PemKey.render(key).getBytes(US_ASCII));
            giveToOwnerOf(folder, unfinished);
            // A rename would replace what is there.
            Files.createLink(file, unfinished);
        } catch (FileAlreadyExistsException _) {
            throw new IOException(file + " exists already; keys are never written over");
        } finally {
            Files.deleteIfExists(unfinished);
        }
        sync(folder);
    }

    private static void write(Path file, byte[] bytes) throws IOException {
        Set<StandardOpenOption> options =
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (var out = FileChannel.open(file, options, OWNER_READS)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                out.write(left);
            }
            out.force(true);
        }
    }

    /// Does nothing where it is there.
    static void createFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path above = parent(folder);
        createFolder(above);
        try {
            Files.createDirectory(folder, OWNER_ENTERS);
        } catch (FileAlreadyExistsException e) {
            if (Files.isDirectory(folder)) {
                return;
            }
            throw new IOException(folder + " is no folder", e);
        }
        giveToOwnerOf(above, folder);
        sync(above);
    }

    /// So that a server which does not run as root can use what root has made for it.
    static void giveToOwnerOf(Path folder, Path file) throws IOException {
        if (!ProcessUser.current().isRoot()) {
            return;
        }
        FileAccess wanted = FileAccess.of(folder);
        FileAccess now = FileAccess.of(file);
        if (now.owner() != wanted.owner()) {
            Files.setAttribute(file, "unix:gid", wanted.group(), LinkOption.NOFOLLOW_LINKS);
            Files.setAttribute(file, "unix:uid", wanted.owner(), LinkOption.NOFOLLOW_LINKS);
        }
    }

    /// What was created or renamed in `folder` is there after a power cut.
    static void sync(Path folder) throws IOException {
        try (var entries = FileChannel.open(folder, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }

    private static Path parent(Path file) {
        Path absolute = file.toAbsolutePath();
        return Optional.ofNullable(absolute.getParent()).orElse(absolute);
    }
}
