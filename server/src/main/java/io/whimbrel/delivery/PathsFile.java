package io.whimbrel.delivery;

import io.whimbrel.delivery.PathRests.Kept;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.time.Ticker;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
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
import java.util.ArrayList;
import java.util.List;

/// Keeps [PathRests] over a restart, in `state/paths.json` below the data folder. Thread-safe.
///
/// Written by a thread of its own, at most once in [#BETWEEN_WRITES] and only where something
/// changed, and at the stop; always as a whole, synced, then renamed into place. A crash loses the
/// last second. The file is a convenience: where it is missing, damaged or cannot be written, a
/// line in the log says so, and paths begin without rests.
///
/// At most [PathRests#PATHS_MOST] paths, and [#BYTES_MOST]; a path whose names exceed
/// [#NAME_CHARS_MOST] is left out, a file that is larger is as good as damaged.
public final class PathsFile implements AutoCloseable {
    static final String NAME = "state/paths.json";
    static final int VERSION = 1;
    static final int NAME_CHARS_MOST = 1_000;
    static final int BYTES_MOST = 8 * 1024 * 1024;

    private static final Duration BETWEEN_WRITES = Duration.ofSeconds(1);
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final Logger LOG = LoggerFactory.getLogger(PathsFile.class);

    private final Path file;
    private final PathRests rests;
    private final Metrics metrics;
    private final Ticker ticker;
    private long written;
    private boolean isFailing;

    /// The file is not what we would have written; the message says why.
    private static final class DamagedException extends Exception {
        private static final long serialVersionUID = 1L;

        DamagedException(String why) {
            super(why);
        }
    }

    /// Reads the file into `rests`, then keeps it up to date. To be made before delivery begins.
    public PathsFile(Path dataFolder, PathRests rests, Metrics metrics) {
        this.file = dataFolder.resolve(NAME);
        this.rests = rests;
        this.metrics = metrics;
        read();
        written = rests.changes();
        ticker = new Ticker("paths-1", BETWEEN_WRITES, this::writeIfChanged);
    }

    private void read() {
        try {
            rests.restore(parse(bytes()));
        } catch (NoSuchFileException _) {
            LOG.info("no {}: no egress path rests from before", file);
        } catch (IOException e) {
            LOG.warn("cannot read {}: {}; no egress path rests from before", file, e.toString());
        } catch (DamagedException e) {
            LOG.warn(
                    "{} is damaged: {}; no egress path rests from before, the file will be written"
                            + " anew",
                    file,
                    e.getMessage());
        }
    }

    private byte[] bytes() throws IOException, DamagedException {
        try (var in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(BYTES_MOST + 1);
            if (bytes.length > BYTES_MOST) {
                throw new DamagedException("more than " + BYTES_MOST + " bytes");
            }
            return bytes;
        }
    }

    private static List<Kept> parse(byte[] bytes) throws DamagedException {
        JsonNode root = tree(bytes);
        if (!root.path("version").asString("").equals(Integer.toString(VERSION))) {
            throw new DamagedException("no version " + VERSION);
        }
        if (!(root.path("paths") instanceof ArrayNode paths)) {
            throw new DamagedException("no list \"paths\"");
        }
        List<Kept> all = new ArrayList<>();
        for (JsonNode one : paths) {
            var path = new EgressPath(text(one, "pool"), new Site(text(one, "site")));
            all.add(new Kept(path, millis(one, "left-ms"), millis(one, "next-ms")));
        }
        return all;
    }

    private static JsonNode tree(byte[] bytes) throws DamagedException {
        try {
            return MAPPER.readTree(bytes);
        } catch (JacksonException _) {
            throw new DamagedException("no JSON");
        }
    }

    private static String text(JsonNode one, String field) throws DamagedException {
        String text = one.path(field).stringValue("");
        if (text.isEmpty()) {
            throw new DamagedException("a path without \"" + field + "\"");
        }
        return text;
    }

    private static Duration millis(JsonNode one, String field) throws DamagedException {
        JsonNode value = one.path(field);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
            throw new DamagedException("a path without \"" + field + "\"");
        }
        return Duration.ofMillis(value.intValue());
    }

    /// Called by the ticker; tries again the next time where it fails.
    synchronized void writeIfChanged() {
        if (rests.changes() != written) {
            write();
        }
    }

    private void write() {
        try {
            long changes = rests.changes();
            replace(MAPPER.writeValueAsBytes(json()));
            written = changes;
            isFailing = false;
        } catch (IOException e) {
            if (!isFailing) {
                LOG.warn(
                        "cannot write {}: {}; a restart would forget which egress paths rest, it"
                                + " is tried again",
                        file,
                        e.toString());
            }
            isFailing = true;
        } catch (RuntimeException bug) {
            metrics.bugs.inc();
            LOG.error("unexpected exception in the writing of {}", file, bug);
        }
    }

    private ObjectNode json() {
        ObjectNode root = MAPPER.createObjectNode().put("version", VERSION);
        ArrayNode paths = root.putArray("paths");
        for (Kept kept : rests.kept()) {
            EgressPath path = kept.path();
            if (path.toString().length() <= NAME_CHARS_MOST) {
                paths.addObject()
                        .put("pool", path.pool())
                        .put("site", path.site().name())
                        .put("left-ms", kept.left().toMillis())
                        .put("next-ms", kept.next().toMillis());
            }
        }
        return root;
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

    /// Writes a last time, so that what is left of each rest counts from here. To be called when
    /// delivery has ended.
    @Override
    public void close() {
        ticker.close();
        synchronized (this) {
            if (rests.changes() != written || !rests.kept().isEmpty()) {
                write();
            }
        }
    }
}
