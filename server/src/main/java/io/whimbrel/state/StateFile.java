package io.whimbrel.state;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.time.Ticker;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/// Keeps a [Content] over a restart, in a file below the data folder. Thread-safe.
///
/// Written by a thread of its own, at most once in a while and only where something changed, and at
/// the stop; always as a whole, synced, then renamed into place. A crash forgets what changed
/// since. Where the file is missing, damaged or cannot be written, a line in the log says so, and
/// the content begins empty.
public final class StateFile implements AutoCloseable {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final Logger LOG = LoggerFactory.getLogger(StateFile.class);

    private final Path file;
    private final Terms terms;
    private final Content content;
    private final Metrics metrics;
    private final Ticker ticker;
    private long written;
    private boolean isFailing;

    /// What is kept.
    public interface Content {

        /// Grows with every change of what [#writeTo] says.
        long changes();

        /// Takes what a file says.
        ///
        /// @throws DamagedException where it is not what [#writeTo] would have written; nothing is
        ///   taken then
        void restore(JsonNode root) throws DamagedException;

        void writeTo(ObjectNode root);
    }

    /// How it is kept. Immutable.
    ///
    /// @param name below the data folder
    /// @param version of the format
    /// @param bytesMost a file that is larger is as good as damaged
    /// @param betweenWrites how often it is written at most
    /// @param without what is so without the file, for the log
    public record Terms(
            String name, int version, int bytesMost, Duration betweenWrites, String without) {}

    /// The file is not what we would have written; the message says why.
    public static final class DamagedException extends Exception {
        private static final long serialVersionUID = 1L;

        public DamagedException(String why) {
            super(why);
        }
    }

    /// Reads the file into `content`, then keeps it up to date. To be made before `content` is
    /// used.
    public StateFile(Path dataFolder, Terms terms, Content content, Metrics metrics) {
        this.file = dataFolder.resolve(terms.name);
        this.terms = terms;
        this.content = content;
        this.metrics = metrics;
        read();
        written = content.changes();
        ticker = new Ticker(terms.name, terms.betweenWrites, this::writeIfChanged);
    }

    private void read() {
        try {
            JsonNode root = tree(bytes());
            if (!root.path("version").asString("").equals(Integer.toString(terms.version))) {
                throw new DamagedException("no version " + terms.version);
            }
            content.restore(root);
        } catch (NoSuchFileException _) {
            LOG.info("no {}: {}", file, terms.without);
        } catch (IOException e) {
            LOG.warn("cannot read {}: {}; {}", file, e.toString(), terms.without);
        } catch (DamagedException e) {
            LOG.warn(
                    "{} is damaged: {}; {}, and the file will be written anew",
                    file,
                    e.getMessage(),
                    terms.without);
        }
    }

    private byte[] bytes() throws IOException, DamagedException {
        try (var in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(terms.bytesMost + 1);
            if (bytes.length > terms.bytesMost) {
                throw new DamagedException("more than " + terms.bytesMost + " bytes");
            }
            return bytes;
        }
    }

    private static JsonNode tree(byte[] bytes) throws DamagedException {
        try {
            return MAPPER.readTree(bytes);
        } catch (JacksonException _) {
            throw new DamagedException("no JSON");
        }
    }

    /// Called by the ticker; tries again the next time where it fails.
    public synchronized void writeIfChanged() {
        if (content.changes() != written) {
            write();
        }
    }

    private void write() {
        try {
            long changes = content.changes();
            ObjectNode root = MAPPER.createObjectNode().put("version", terms.version);
            content.writeTo(root);
            replace(MAPPER.writeValueAsBytes(root));
            written = changes;
            isFailing = false;
        } catch (IOException e) {
            if (!isFailing) {
                LOG.warn(
                        "cannot write {}: {}; it is tried again, and a restart meanwhile would"
                                + " mean: {}",
                        file,
                        e.toString(),
                        terms.without);
            }
            isFailing = true;
        } catch (RuntimeException bug) {
            metrics.bugs.inc();
            LOG.error("unexpected exception in the writing of {}", file, bug);
        }
    }

    private void replace(byte[] bytes) throws IOException {
        Path folder = file.resolveSibling(".").normalize();
        Files.createDirectories(folder);
        Path unfinished = file.resolveSibling(file.getFileName() + ".new");
        try (var out =
                FileChannel.open(
                        unfinished,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                out.write(left);
            }
            out.force(true);
        }
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        try (var entries = FileChannel.open(folder, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }

    /// Writes a last time where something changed. To be called when nothing changes any more.
    @Override
    public void close() {
        close(false);
    }

    /// As [#close()].
    ///
    /// @param always also where nothing changed
    public void close(boolean always) {
        ticker.close();
        synchronized (this) {
            if (always || content.changes() != written) {
                write();
            }
        }
    }
}
