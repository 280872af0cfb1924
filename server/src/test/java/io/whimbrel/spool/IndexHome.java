package io.whimbrel.spool;

import io.whimbrel.log.Position;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/// A folder for the index of one simulated disk, and the spool that has it open. A new start finds
/// it as a kill leaves it: with what the last checkpoint made durable.
final class IndexHome {
    private Optional<Path> folder = Optional.empty();
    private Optional<Spool> last = Optional.empty();

    /// A spool over `files`, driven by its caller.
    static Spool open(FaultyFiles files, long segmentBytes, long reserveBytes, InstantSource clock)
            throws IOException {
        return open(files, segmentBytes, reserveBytes, clock, Position.START);
    }

    /// @param released as in [Spool#open]
    static Spool open(
            FaultyFiles files,
            long segmentBytes,
            long reserveBytes,
            InstantSource clock,
            Position released)
            throws IOException {
        return open(files, segmentBytes, reserveBytes, clock, released, Spool.Drive.CALLER);
    }

    static Spool open(
            FaultyFiles files,
            long segmentBytes,
            long reserveBytes,
            InstantSource clock,
            Position released,
            Spool.Drive drive)
            throws IOException {
        IndexHome home = files.index;
        home.abandon();
        var settings =
                new SpoolSettings(
                        home.folder(),
                        segmentBytes,
                        Duration.ofMillis(20),
                        reserveBytes,
                        1 << 20,
                        32 << 20);
        var start = new Spool.Start(clock, released, files, drive);
        Spool spool = Spool.open(settings, start);
        home.last = Optional.of(spool);
        return spool;
    }

    /// Where the index lies is `index` in it.
    Path folder() throws IOException {
        if (folder.isEmpty()) {
            // Nobody asks here whether the disk keeps what it was told to.
            Path memory = Path.of("/dev/shm");
            Path made =
                    Files.isWritable(memory)
                            ? Files.createTempDirectory(memory, "whimbrel-index-")
                            : Files.createTempDirectory("whimbrel-index-");
            folder = Optional.of(made);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(made)));
        }
        return folder.get();
    }

    /// The process is dead.
    void abandon() {
        last.ifPresent(Spool::abandonIndex);
        last = Optional.empty();
    }

    /// The index is lost.
    void wipe() throws IOException {
        abandon();
        delete(folder().resolve("index"));
    }

    /// Nothing is left of it.
    void delete() {
        abandon();
        folder.ifPresent(IndexHome::delete);
        folder = Optional.empty();
    }

    private static void delete(Path path) {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(path)) {
            for (Path one : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(one);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
