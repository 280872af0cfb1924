package io.whimbrel.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/// The seam under the spool: one folder with segments, spares, a lock, and a folder `quarantine`.
/// The product uses [OnDisk]; tests put a disk under it that loses and tears what no sync covered.
/// Thread-safe.
public interface SpoolFiles extends Closeable {
    String QUARANTINE = "quarantine/";

    /// Keeps every other process out until [#close].
    ///
    /// @throws IOException where another one has it; the message says what to do
    void lock() throws IOException;

    /// Names of the plain files in the folder, in no order.
    List<String> list() throws IOException;

    /// Makes an empty file, in the place of one that has the name. Names that begin with
    /// [#QUARANTINE] lie in that folder.
    SpoolFile create(String name) throws IOException;

    SpoolFile open(String name) throws IOException;

    /// Atomic; durable after [#syncFolder].
    void rename(String from, String to) throws IOException;

    void delete(String name) throws IOException;

    /// Makes durable which names exist and what they name, quarantine included.
    void syncFolder() throws IOException;

    /// Bytes that this process may still allocate.
    long usableBytes() throws IOException;

    /// Size of the disk.
    long totalBytes() throws IOException;

    /// Unlocks.
    @Override
    void close() throws IOException;

    /// An open file. Thread-safe: every access names its position.
    interface SpoolFile extends Closeable {

        /// Writes all that remains in `bytes`.
        void write(ByteBuffer bytes, long position) throws IOException;

        /// Fills `bytes`, or less at the end of the file.
        void read(ByteBuffer bytes, long position) throws IOException;

        /// Waits until what was written is on stable storage. After a failure nothing written since
        /// the last success may be trusted, and trying again proves nothing: Linux marks pages that
        /// it could not write as clean.
        void sync() throws IOException;

        long size() throws IOException;

        @Override
        void close() throws IOException;
    }

    /// The spool's folder on a disk, only looked at: nothing in it changes but its lock. What is
    /// kept for people lies in another folder.
    final class ReadOnly implements SpoolFiles {
        private final OnDisk disk;
        private final OnDisk aside;
        private final LongConsumer whenRead;

        /// @param folder must be there
        /// @param aside made where it is missing
        /// @param whenRead told of bytes that were read
        public ReadOnly(Path folder, Path aside, LongConsumer whenRead) throws IOException {
            if (!Files.isDirectory(folder)) {
                throw new IOException(
                        "there is no spool in "
                                + folder
                                + "; name the data folder of a node, which has a folder spool in"
                                + " it");
            }
            this.disk = new OnDisk(folder);
            this.aside = new OnDisk(aside);
            this.whenRead = whenRead;
        }

        @Override
        public void lock() throws IOException {
            disk.lock();
        }

        @Override
        public List<String> list() throws IOException {
            return disk.list();
        }

        @Override
        public SpoolFile create(String name) throws IOException {
            return aside.create(name);
        }

        @Override
        public SpoolFile open(String name) throws IOException {
            Path path = disk.folder.resolve(name);
            var file = new OnDisk.DiskFile(FileChannel.open(path, StandardOpenOption.READ));
            return new WatchedFile(file, whenRead);
        }

        @Override
        public void rename(String from, String to) throws IOException {
            throw changed(from);
        }

        @Override
        public long totalBytes() throws IOException {
            return disk.totalBytes();
        }

        /// What a start would tidy away stays.
        @Override
        public void delete(String name) {}

        @Override
        public void syncFolder() {}

        @Override
        public long usableBytes() throws IOException {
            return aside.usableBytes();
        }

        @Override
        public void close() throws IOException {
            disk.close();
        }

        private static IOException changed(String name) {
            return new IOException(name + " is only looked at and cannot be changed");
        }

        private record WatchedFile(SpoolFile file, LongConsumer whenRead) implements SpoolFile {

            @Override
            public void write(ByteBuffer bytes, long position) throws IOException {
                throw changed("a segment");
            }

            @Override
            public void read(ByteBuffer bytes, long position) throws IOException {
                int before = bytes.remaining();
                file.read(bytes, position);
                whenRead.accept(before - bytes.remaining());
            }

            @Override
            public void sync() {}

            @Override
            public long size() throws IOException {
                return file.size();
            }

            @Override
            public void close() throws IOException {
                file.close();
            }
        }
    }

    /// The spool's folder on a disk.
    final class OnDisk implements SpoolFiles {
        private static final String LOCK = "lock";

        private final Path folder;
        private final FileStore store;

        /// Open from the start: a process without free descriptors must still be able to go on to
        /// its next segment, or a shortage that passes would look like a disk that fails.
        private final FileChannel opened;

        private Optional<FileChannel> quarantine = Optional.empty();
        private Optional<FileChannel> lock = Optional.empty();

        /// Makes the folder where it is missing, durably.
        public OnDisk(Path folder) throws IOException {
            this.folder = folder.toAbsolutePath();
            makeFolder(this.folder);
            store = Files.getFileStore(this.folder);
            opened = FileChannel.open(this.folder, StandardOpenOption.READ);
            if (Files.isDirectory(this.folder.resolve(QUARANTINE))) {
                openQuarantine();
            }
        }

        /// Does nothing where it is ours already.
        @Override
        public synchronized void lock() throws IOException {
            if (lock.isPresent()) {
                return;
            }
            Path path = folder.resolve(LOCK);
            FileChannel channel =
                    FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!tryLock(channel)) {
                channel.close();
                throw new IOException(
                        "another process uses the spool in "
                                + folder
                                + " (it holds "
                                + path
                                + "); stop it, or set another folder");
            }
            lock = Optional.of(channel);
        }

        @Override
        public List<String> list() throws IOException {
            try (Stream<Path> files = Files.list(folder)) {
                return files.filter(Files::isRegularFile)
                        .map(file -> String.valueOf(file.getFileName()))
                        .toList();
            }
        }

        @Override
        public SpoolFile create(String name) throws IOException {
            if (name.startsWith(QUARANTINE)) {
                makeQuarantine();
            }
            return new DiskFile(
                    FileChannel.open(
                            folder.resolve(name),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE));
        }

        @Override
        public SpoolFile open(String name) throws IOException {
            return new DiskFile(
                    FileChannel.open(
                            folder.resolve(name),
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE));
        }

        @Override
        public void rename(String from, String to) throws IOException {
            Files.move(folder.resolve(from), folder.resolve(to), StandardCopyOption.ATOMIC_MOVE);
        }

        @Override
        public void delete(String name) throws IOException {
            Files.deleteIfExists(folder.resolve(name));
        }

        @Override
        public void syncFolder() throws IOException {
            opened.force(true);
            Optional<FileChannel> known = quarantine();
            if (known.isPresent()) {
                known.get().force(true);
            }
        }

        @Override
        public long usableBytes() throws IOException {
            return store.getUsableSpace();
        }

        @Override
        public long totalBytes() throws IOException {
            return Files.getFileStore(folder).getTotalSpace();
        }

        @Override
        public synchronized void close() throws IOException {
            opened.close();
            if (quarantine.isPresent()) {
                quarantine.get().close();
            }
            if (lock.isPresent()) {
                lock.get().close();
                lock = Optional.empty();
            }
        }

        /// Anew where somebody has moved it away.
        private synchronized void makeQuarantine() throws IOException {
            Path path = folder.resolve(QUARANTINE);
            if (quarantine.isEmpty() || !Files.isDirectory(path)) {
                makeFolder(path);
                openQuarantine();
            }
        }

        private synchronized void openQuarantine() throws IOException {
            Path path = folder.resolve(QUARANTINE);
            FileChannel fresh = FileChannel.open(path, StandardOpenOption.READ);
            Optional<FileChannel> before = quarantine;
            quarantine = Optional.of(fresh);
            if (before.isPresent()) {
                before.get().close();
            }
        }

        private synchronized Optional<FileChannel> quarantine() {
            return quarantine;
        }

        private static boolean tryLock(FileChannel channel) throws IOException {
            try {
                FileLock taken = channel.tryLock();
                return taken != null;
            } catch (OverlappingFileLockException _) {
                return false;
            }
        }

        private static void makeFolder(Path path) throws IOException {
            if (Files.isDirectory(path)) {
                return;
            }
            Path parent = path.getParent();
            if (parent != null) {
                makeFolder(parent);
            }
            Files.createDirectories(path);
            if (parent != null) {
                sync(parent);
            }
        }

        private static void sync(Path directory) throws IOException {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }

        /// No thread that uses the channel is ever interrupted: an interrupt would close it.
        private record DiskFile(FileChannel channel) implements SpoolFile {

            @Override
            public void write(ByteBuffer bytes, long position) throws IOException {
                long at = position;
                while (bytes.hasRemaining()) {
                    at += channel.write(bytes, at);
                }
            }

            @Override
            public void read(ByteBuffer bytes, long position) throws IOException {
                long at = position;
                while (bytes.hasRemaining()) {
                    int count = channel.read(bytes, at);
                    if (count < 0) {
                        return;
                    }
                    at += count;
                }
            }

            @Override
            public void sync() throws IOException {
                channel.force(false);
            }

            @Override
            public long size() throws IOException {
                return channel.size();
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        }
    }
}
