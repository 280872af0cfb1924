package io.whimbrel.pickup;

import io.whimbrel.pickup.PickupSettings.Access;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Set;

/// The folders of a pickup folder, and how a file gets into it. Immutable, stateless.
///
/// ```
/// tmp/    files that are being written
/// new/    complete files, renamed from tmp/ (or from anywhere on the same file system)
/// work/   what the server has in hand; nobody else may enter
/// bad/    what it refused, each beside its reason; nobody else may enter
/// ```
///
/// Where everyone may leave mail, tmp/ and new/ are drop boxes of mode 1733: whoever knows the name
/// of a file reaches it, and nobody can list names. So a file's name is its secret: 128 random
/// bits.
///
/// @param folder absolute
public record DropBox(Path folder) {
    private static final Set<PosixFilePermission> CLOSED =
            PosixFilePermissions.fromString("rwx------");

    private static final Set<PosixFilePermission> PASSABLE =
            PosixFilePermissions.fromString("rwx--x--x");

    /// The server runs as another user than who leaves mail; root among them.
    private static final Set<PosixFilePermission> READABLE =
            PosixFilePermissions.fromString("rw-r--r--");

    private static final int DROP_BOX_MODE = 01733;

    Path incomplete() {
        return folder.resolve("tmp");
    }

    public Path arrived() {
        return folder.resolve("new");
    }

    Path work() {
        return folder.resolve("work");
    }

    public Path bad() {
        return folder.resolve("bad");
    }

    /// Makes what is missing, and gives all folders their modes; for their owner.
    ///
    /// @throws IOException where that cannot be; the message names the folder and the remedy
    public void make(Access openTo) throws IOException {
        try {
            boolean isOpen = openTo == Access.EVERYONE;
            make(folder, isOpen ? PASSABLE : CLOSED);
            for (Path inner : new Path[] {incomplete(), arrived()}) {
                make(inner, CLOSED);
                if (isOpen) {
                    Files.setAttribute(inner, "unix:mode", DROP_BOX_MODE);
                }
            }
            make(work(), CLOSED);
            make(bad(), CLOSED);
        } catch (IOException e) {
            throw new IOException(
                    "cannot make the pickup folder "
                            + folder
                            + " ("
                            + e.getMessage()
                            + "): make it yourself, owned by the server's user, or name another in"
                            + " pickup.folder",
                    e);
        }
    }

    private static void make(Path one, Set<PosixFilePermission> mode) throws IOException {
        if (!Files.isDirectory(one)) {
            Files.createDirectories(one, PosixFilePermissions.asFileAttribute(mode));
        }
        // Also where the umask took something away, or the setting has changed.
        Files.setPosixFilePermissions(one, mode);
    }

    /// Begins a file; the caller closes it.
    Drop begin(Instant now, SecureRandom random) throws IOException {
        byte[] secret = new byte[16];
        random.nextBytes(secret);
        // Names that begin with the time keep the order, about, in which files came.
        String name = Long.toHexString(now.toEpochMilli()) + "." + HexFormat.of().formatHex(secret);
        return new Drop(this, name);
    }

    /// Writes a message, durably.
    ///
    /// @return the name of its file
    /// @throws BadMessageException where the message turns out to be none; nothing is left then
    public String leave(FixedMail mail, Instant now) throws IOException {
        try (Drop drop = begin(now, new SecureRandom())) {
            mail.withEnvelopeInFront().writeTo(drop.out()::write);
            drop.commit();
            return drop.name();
        }
    }

    /// A file that is being written. Confined to one thread.
    static final class Drop implements AutoCloseable {
        private final DropBox box;
        private final String name;
        private final Path path;
        private final FileChannel file;
        private final OutputStream out;
        private boolean isCommitted;

        Drop(DropBox box, String name) throws IOException {
            this.box = box;
            this.name = name;
            this.path = box.incomplete().resolve(name);
            this.file =
                    FileChannel.open(
                            path,
                            Set.of(
                                    StandardOpenOption.CREATE_NEW,
                                    StandardOpenOption.WRITE,
                                    LinkOption.NOFOLLOW_LINKS),
                            PosixFilePermissions.asFileAttribute(READABLE));
            this.out = new BufferedOutputStream(Channels.newOutputStream(file), 1 << 16);
        }

        String name() {
            return name;
        }

        OutputStream out() {
            return out;
        }

        /// Returns when the file is on the disk under its final name.
        void commit() throws IOException {
            out.flush();
            Files.setPosixFilePermissions(path, READABLE);
            file.force(true);
            Files.move(path, box.arrived().resolve(name), StandardCopyOption.ATOMIC_MOVE);
            isCommitted = true;
            sync(box.arrived());
        }

        /// Removes what was not completed.
        @Override
        public void close() throws IOException {
            file.close();
            if (!isCommitted) {
                Files.deleteIfExists(path);
            }
        }
    }

    /// Makes the names in a folder durable, as far as its mode lets us: in a drop box only the
    /// owner can.
    static void sync(Path folder) throws IOException {
        try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
            names.force(true);
        } catch (AccessDeniedException _) {
            // The journal of the file system does it, seconds later.
        }
    }
}
