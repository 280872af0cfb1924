package io.whimbrel.shaping;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.shaping.Family.Kind;
import io.whimbrel.state.StateFile;
import io.whimbrel.state.StateFile.DamagedException;
import io.whimbrel.time.WallLead;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Keeps what a [Limiter] counts by the hour and by the day over a restart, in `state/limits.json`
/// below the data folder. Thread-safe.
///
/// What was counted is as old after a restart as it would be without: the time in between passes,
/// by the wall clock, and none where that was set back; where it was set before, while we ran, that
/// changes nothing. A crash forgets the last two seconds. At most [LimitState#WINDOWS_MOST]
/// counters, those that are used most, and [#BYTES_MOST].
public final class LimiterFile implements AutoCloseable {
    static final String NAME = "state/limits.json";
    static final int VERSION = 1;
    static final int BYTES_MOST = 64 * 1024 * 1024;

    private static final StateFile.Terms TERMS =
            new StateFile.Terms(
                    NAME,
                    VERSION,
                    BYTES_MOST,
                    Duration.ofSeconds(2),
                    "limits by the hour and by the day begin unused");

    private final StateFile file;

    /// Reads the file into `limiter`, then keeps it up to date. To be made when the limiter has its
    /// limits, and before mail goes.
    ///
    /// @param clock by which the limiter's instants are said too
    /// @param lead of the wall clock before it
    public LimiterFile(
            Path dataFolder, Limiter limiter, InstantSource clock, WallLead lead, Metrics metrics) {
        var counts = new Counts(limiter.state(), clock, lead);
        this.file = new StateFile(dataFolder, TERMS, counts, metrics);
    }

    /// What is counted, as JSON.
    record Counts(LimitState state, InstantSource clock, WallLead lead)
            implements StateFile.Content {

        @Override
        public long changes() {
            return state.changes() + lead.steps();
        }

        @Override
        public void restore(JsonNode root) throws DamagedException {
            long now = micros(clock.instant());
            long written = number(root.path("written"));
            if (!(root.path("windows") instanceof ArrayNode windows)
                    || windows.size() > LimitState.WINDOWS_MOST) {
                throw new DamagedException("no list \"windows\"");
            }
            List<KeptWindow> all = new ArrayList<>();
            for (JsonNode one : windows) {
                all.add(window(one));
            }
            state.restore(all, Math.max(0, now - written), now);
        }

        @Override
        public void writeTo(ObjectNode root) {
            long now = micros(clock.instant());
            // By the wall clock, for that is all that the next process has in common with us.
            root.put("written", Math.max(0, now + lead.now().toNanos() / 1_000));
            ArrayNode windows = root.putArray("windows");
            for (KeptWindow kept : state.kept(now)) {
                Family.Key key = kept.key();
                ObjectNode one = windows.addObject();
                one.put("of", word(key.kind())).put("rate", key.name());
                ObjectNode scope = one.putObject("scope");
                key.scope().conditions().forEach((what, value) -> scope.put(what.key(), value));
                ArrayNode per = one.putArray("per");
                for (Dimension dimension : Dimension.values()) {
                    if (key.per().contains(dimension)) {
                        per.add(dimension.key());
                    }
                }
                ArrayNode values = one.putArray("values");
                kept.values().forEach(values::add);
                ArrayNode ages = one.putArray("ages");
                kept.ages().forEach(ages::add);
            }
        }
    }

    private static KeptWindow window(JsonNode one) throws DamagedException {
        Map<Dimension, String> conditions = new EnumMap<>(Dimension.class);
        for (Map.Entry<String, JsonNode> entry : one.path("scope").properties()) {
            conditions.put(dimension(entry.getKey()), text(entry.getValue()));
        }
        Set<Dimension> per = EnumSet.noneOf(Dimension.class);
        for (JsonNode each : list(one, "per", Dimension.values().length)) {
            per.add(dimension(text(each)));
        }
        List<String> values = new ArrayList<>();
        for (JsonNode value : list(one, "values", Dimension.values().length)) {
            values.add(text(value));
        }
        var scope = new LimitScope(conditions);
        var key = new Family.Key(scope, Set.copyOf(per), kind(one), text(one.path("rate")));
        return new KeptWindow(key, values, ages(one));
    }

    /// Ages must fall, so that what is restored is in order.
    private static List<Long> ages(JsonNode one) throws DamagedException {
        ArrayNode list = list(one, "ages", 2 * KeptWindow.PAIRS_MOST);
        List<Long> ages = new ArrayList<>();
        long before = Long.MAX_VALUE;
        for (int i = 0; i + 1 < list.size(); i += 2) {
            long age = number(list.path(i));
            long count = number(list.path(i + 1));
            if (age > before || count < 1) {
                throw new DamagedException("ages out of order");
            }
            before = age;
            ages.add(age);
            ages.add(count);
        }
        return ages;
    }

    private static ArrayNode list(JsonNode one, String field, int most) throws DamagedException {
        if (one.path(field) instanceof ArrayNode list && list.size() <= most) {
            return list;
        }
        throw new DamagedException("a window without \"" + field + "\"");
    }

    private static Dimension dimension(String name) throws DamagedException {
        return Dimension.of(name)
                .orElseThrow(() -> new DamagedException("a dimension that is none"));
    }

    private static String text(JsonNode value) throws DamagedException {
        if (!value.isString()) {
            throw new DamagedException("a text that is none");
        }
        return value.stringValue();
    }

    private static Kind kind(JsonNode one) throws DamagedException {
        return switch (text(one.path("of"))) {
            case "messages" -> Kind.MESSAGES;
            case "connections" -> Kind.OPENINGS;
            default -> throw new DamagedException("a window of nothing that is known");
        };
    }

    private static String word(Kind kind) {
        return kind == Kind.MESSAGES ? "messages" : "connections";
    }

    /// Bounded so that no sum of them overflows.
    private static long number(JsonNode value) throws DamagedException {
        boolean isGood = value.isIntegralNumber() && value.canConvertToLong();
        if (!isGood || value.longValue() < 0 || value.longValue() > Long.MAX_VALUE >> 8) {
            throw new DamagedException("a number that is none");
        }
        return value.longValue();
    }

    private static long micros(Instant instant) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
    }

    void writeIfChanged() {
        file.writeIfChanged();
    }

    /// Writes a last time. To be called when no mail goes any more.
    @Override
    public void close() {
        file.close();
    }
}
