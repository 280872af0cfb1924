package io.whimbrel.delivery;

import io.whimbrel.delivery.PathRests.Kept;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.state.StateFile;
import io.whimbrel.state.StateFile.DamagedException;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Keeps [PathRests] over a restart, in `state/paths.json` below the data folder. Thread-safe.
///
/// A crash loses the last second. At most [PathRests#PATHS_MOST] paths, and [#BYTES_MOST]; a path
/// whose names exceed [#NAME_CHARS_MOST] is left out.
public final class PathsFile implements AutoCloseable {
    static final String NAME = "state/paths.json";
    static final int VERSION = 1;
    static final int NAME_CHARS_MOST = 1_000;
    static final int BYTES_MOST = 8 * 1024 * 1024;

    private static final StateFile.Terms TERMS =
            new StateFile.Terms(
                    NAME,
                    VERSION,
                    BYTES_MOST,
                    Duration.ofSeconds(1),
                    "no egress path rests from before");

    private final PathRests rests;
    private final StateFile file;

    /// Reads the file into `rests`, then keeps it up to date. To be made before delivery begins.
    public PathsFile(Path dataFolder, PathRests rests, Metrics metrics) {
        this.rests = rests;
        this.file = new StateFile(dataFolder, TERMS, new Paths(rests), metrics);
    }

    /// The rests as JSON.
    private record Paths(PathRests rests) implements StateFile.Content {

        @Override
        public long changes() {
            return rests.changes();
        }

        @Override
        public void restore(JsonNode root) throws DamagedException {
            if (!(root.path("paths") instanceof ArrayNode paths)) {
                throw new DamagedException("no list \"paths\"");
            }
            List<Kept> all = new ArrayList<>();
            for (JsonNode one : paths) {
                // A file of before has no providers: what it says of them is lost, and soon old.
                var site = new Site(text(one, "site"), one.path("provider").stringValue(""));
                var path = new EgressPath(text(one, "pool"), site);
                all.add(new Kept(path, millis(one, "left-ms"), millis(one, "next-ms")));
            }
            rests.restore(all);
        }

        @Override
        public void writeTo(ObjectNode root) {
            ArrayNode paths = root.putArray("paths");
            for (Kept kept : rests.kept()) {
                EgressPath path = kept.path();
                String provider = path.site().provider();
                if (path.toString().length() + provider.length() <= NAME_CHARS_MOST) {
                    paths.addObject()
                            .put("pool", path.pool())
                            .put("site", path.site().name())
                            .put("provider", provider)
                            .put("left-ms", kept.left().toMillis())
                            .put("next-ms", kept.next().toMillis());
                }
            }
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

    void writeIfChanged() {
        file.writeIfChanged();
    }

    /// Writes a last time, so that what is left of each rest counts from here. To be called when
    /// delivery has ended.
    @Override
    public void close() {
        file.close(!rests.kept().isEmpty());
    }
}
