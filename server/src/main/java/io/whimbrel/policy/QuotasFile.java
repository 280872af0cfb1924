package io.whimbrel.policy;

import io.whimbrel.mail.Rate.Window;
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

/// Keeps [Quotas] over a restart, in `state/quotas.json` below the data folder. Thread-safe.
///
/// Written by a thread of its own, at most once in [#BETWEEN_WRITES] and only where something
/// changed, and at the stop; always as a whole, synced, then renamed into place. A crash forgets
/// what was taken in the last [#BETWEEN_WRITES]: so much more than a quota may then be sent. Where
/// the file is missing, damaged or cannot be written, a line in the log says so, and quotas begin
/// unused; mail is never refused for it.
///
/// At most [#BYTES_MOST]; a file that is larger is as good as damaged.
public final class QuotasFile implements AutoCloseable {
    static final String NAME = "state/quotas.json";
    static final int VERSION = 1;
    static final int BYTES_MOST = 64 * 1024 * 1024;

    private static final Duration BETWEEN_WRITES = Duration.ofSeconds(5);
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final Logger LOG = LoggerFactory.getLogger(QuotasFile.class);

    private final Path file;
    private final Quotas quotas;
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

    /// Reads the file into `quotas`, then keeps it up to date. To be made before mail is taken.
    public QuotasFile(Path dataFolder, Quotas quotas, Metrics metrics) {
        this.file = dataFolder.resolve(NAME);
        this.quotas = quotas;
        this.metrics = metrics;
        read();
        written = quotas.changes();
        ticker = new Ticker("quotas-1", BETWEEN_WRITES, this::writeIfChanged);
    }

    private void read() {
        try {
            quotas.restore(parse(bytes()));
        } catch (NoSuchFileException _) {
            LOG.info("no {}: quotas begin unused", file);
        } catch (IOException e) {
            LOG.warn("cannot read {}: {}; quotas begin unused", file, e.toString());
        } catch (DamagedException e) {
            LOG.warn(
                    "{} is damaged: {}; quotas begin unused, the file will be written anew",
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

    private static List<KeptQuota> parse(byte[] bytes) throws DamagedException {
        JsonNode root = tree(bytes);
        if (!root.path("version").asString("").equals(Integer.toString(VERSION))) {
            throw new DamagedException("no version " + VERSION);
        }
        if (!(root.path("quotas") instanceof ArrayNode quotas)) {
            throw new DamagedException("no list \"quotas\"");
        }
        List<KeptQuota> all = new ArrayList<>();
        for (JsonNode one : quotas) {
            String tenant = one.path("tenant").stringValue("");
            if (tenant.isEmpty()) {
                throw new DamagedException("a quota without \"tenant\"");
            }
            long newest = number(one.path("newest"));
            all.add(new KeptQuota(tenant, kind(one), window(one), newest, counts(one)));
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

    private static QuotaKind kind(JsonNode one) throws DamagedException {
        String name = one.path("of").stringValue("");
        for (QuotaKind kind : QuotaKind.values()) {
            if (kind.noun().equals(name)) {
                return kind;
            }
        }
        throw new DamagedException("a quota without \"of\"");
    }

    private static Window window(JsonNode one) throws DamagedException {
        return Window.of(one.path("window").stringValue(""))
                .orElseThrow(() -> new DamagedException("a quota without \"window\""));
    }

    private static List<Long> counts(JsonNode one) throws DamagedException {
        if (!(one.path("counts") instanceof ArrayNode counts)
                || counts.size() > TenantUse.SLOTS + 1) {
            throw new DamagedException("a quota without \"counts\"");
        }
        List<Long> all = new ArrayList<>();
        for (JsonNode count : counts) {
            all.add(number(count));
        }
        return all;
    }

    /// Bounded so that no sum of them overflows.
    private static long number(JsonNode value) throws DamagedException {
        boolean isGood = value.isIntegralNumber() && value.canConvertToLong();
        if (!isGood || value.longValue() < 0 || value.longValue() > Long.MAX_VALUE >> 8) {
            throw new DamagedException("a number that is none");
        }
        return value.longValue();
    }

    /// Called by the ticker; tries again the next time where it fails.
    synchronized void writeIfChanged() {
        if (quotas.changes() != written) {
            write();
        }
    }

    private void write() {
        try {
            long changes = quotas.changes();
            replace(MAPPER.writeValueAsBytes(json()));
            written = changes;
            isFailing = false;
        } catch (IOException e) {
            if (!isFailing) {
                LOG.warn(
                        "cannot write {}: {}; a restart would forget what is used of quotas, it is"
                                + " tried again",
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
        ArrayNode all = root.putArray("quotas");
        for (KeptQuota kept : quotas.kept()) {
            ArrayNode counts =
                    all.addObject()
                            .put("tenant", kept.tenant())
                            .put("of", kept.kind().noun())
                            .put("window", kept.window().unit())
                            .put("newest", kept.newest())
                            .putArray("counts");
            kept.counts().forEach(counts::add);
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

    /// Writes a last time. To be called when no mail is taken any more.
    @Override
    public void close() {
        ticker.close();
        writeIfChanged();
    }
}
