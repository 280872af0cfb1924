package io.whimbrel.index;

import org.rocksdb.NativeLibraryLoader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Loads RocksDB's native code, which lies in its jar and must be a file to be loaded.
///
/// It is unpacked into the index's own folder, always under the same name: left to itself RocksDB
/// leaves 17 MB under a new name in the folder for temporary files with each kill -9. Where that
/// folder is mounted noexec, the folder for temporary files is tried.
final class NativeLibrary {

    /// How to load from a folder; a test has another.
    @FunctionalInterface
    interface Loader {
        void loadFrom(String folder) throws IOException;
    }

    private NativeLibrary() {}

    static void load(Path indexFolder) throws IOException {
        load(
                List.of(
                        indexFolder.resolve("native"),
                        Path.of(System.getProperty("java.io.tmpdir", "/tmp"))),
                NativeLibraryLoader.getInstance()::loadLibrary);
    }

    /// @throws IOException where it can be loaded from none of `folders`; names all of them
    static void load(List<Path> folders, Loader loader) throws IOException {
        var failures = new StringBuilder();
        for (Path folder : folders) {
            try {
                Files.createDirectories(folder);
                loader.loadFrom(folder.toString());
                return;
            } catch (IOException | RuntimeException | UnsatisfiedLinkError e) {
                failures.append("; ").append(folder).append(": ").append(e.getMessage());
            }
        }
        throw new IOException(
                "the index cannot load RocksDB's native library: it must be unpacked into a folder"
                        + " that is writable, has 20 MB free and is not mounted noexec; name one"
                        + " with -Djava.io.tmpdir=FOLDER"
                        + failures);
    }
}
