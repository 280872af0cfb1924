package io.whimbrel.shaping;

import io.whimbrel.mail.Rate;
import io.whimbrel.shaping.Family.Kind;
import io.whimbrel.shaping.Family.Terms;
import io.whimbrel.shaping.Restraint.Force;

import org.jspecify.annotations.Nullable;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/// All limits and restraints, found by what they are about. Guarded by the lock of the [Limiter].
final class LimitTable {
    /// What tells most comes first: each limit is found by one of its conditions.
    private static final List<Dimension> FOUND_BY =
            List.of(
                    Dimension.DOMAIN,
                    Dimension.SITE,
                    Dimension.CAMPAIGN,
                    Dimension.TENANT,
                    Dimension.PROVIDER,
                    Dimension.POOL);

    private static final int LINES_LEAST = 1_000;

    private final LinkedHashMap<String, Restraint> restraints = new LinkedHashMap<>();
    private final Map<Dimension, HashMap<String, List<Family>>> byValue =
            new EnumMap<>(Dimension.class);
    private final ArrayDeque<Gate> census = new ArrayDeque<>();
    private final Set<SlotGate> awaited = new HashSet<>();

    /// Where each path waits to open a connection; some may have passed it over meanwhile.
    private final Map<Object, Set<SlotGate>> lines = new HashMap<>();

    /// How many of these there may be before those that say nothing any more are thrown away.
    private int linesMost = LINES_LEAST;

    private Map<Family.Key, Family> limits = new LinkedHashMap<>();
    private final LinkedHashMap<String, Family> forces = new LinkedHashMap<>();
    private List<Family> everywhere = new ArrayList<>();

    /// Those that were not there before take over what others of the same scope counted.
    void reload(List<LimitSettings> settings, Wakes wakes) {
        var loading = new Loading(limits);
        for (LimitSettings one : settings) {
            loading.add(one);
        }
        limits = loading.finish(wakes);
        index();
    }

    /// The making of a new set of limits out of an old one.
    private final class Loading {
        private final Map<Family.Key, Family> old;
        private final LinkedHashMap<Family.Key, Family> next = new LinkedHashMap<>();

        /// By the length of their window instead of their rate.
        private final Map<Family.Key, Family> byLength = new HashMap<>();

        Loading(Map<Family.Key, Family> old) {
            this.old = old;
            for (Family family : old.values()) {
                if (family.lengthMicros() > 0) {
                    byLength.put(keyByLength(family), family);
                }
            }
        }

        void add(LimitSettings one) {
            for (Rate rate : one.rates()) {
                WindowShape shape = WindowShape.of(rate).longerBy(Grant.USABLE_MICROS);
                put(one, Kind.MESSAGES, rate.toString(), rate.toString(), shape);
            }
            boolean isOfConnection =
                    one.per().stream().allMatch(Dimension::isOfConnection)
                            && isOfConnection(one.scope());
            if (one.newConnections().isPresent()) {
                Rate rate = one.newConnections().get();
                String text = rate + " new connections";
                put(one, Kind.OPENINGS, rate.toString(), text, WindowShape.of(rate));
            }
            put(
                    one,
                    isOfConnection ? Kind.CONNECTIONS : Kind.TRANSACTIONS,
                    one.connections(),
                    isOfConnection ? " connections" : " transactions at once");
            put(
                    one,
                    Kind.MESSAGES_PER_CONNECTION,
                    one.messagesPerConnection(),
                    " messages per connection");
            put(
                    one,
                    Kind.RECIPIENTS_PER_TRANSACTION,
                    one.recipientsPerTransaction(),
                    " recipients per transaction");
        }

        private void put(
                LimitSettings one, Kind kind, String name, String text, WindowShape shape) {
            var terms = new Terms(text, one.origin(), shape, 0, Long.MAX_VALUE);
            var key = new Family.Key(one.scope(), one.per(), kind, name);
            if (!next.containsKey(key)) {
                next.put(key, family(key, terms));
            }
        }

        private void put(LimitSettings one, Kind kind, OptionalInt number, String noun) {
            if (number.isEmpty()) {
                return;
            }
            int most = number.getAsInt();
            var terms = new Terms(most + noun, one.origin(), null, most, Long.MAX_VALUE);
            var key = new Family.Key(one.scope(), one.per(), kind, "");
            Family same = next.get(key);
            if (same == null) {
                next.put(key, family(key, terms));
            } else if (most < same.most()) {
                same.change(terms);
            }
        }

        private Family family(Family.Key key, Terms terms) {
            Family known = old.get(key);
            if (known != null) {
                known.change(terms);
                return known;
            }
            var created = new Family(key, terms, census);
            Family similar = byLength.get(keyByLength(created));
            if (similar != null && created.lengthMicros() > 0) {
                created.inherit(similar);
            }
            return created;
        }

        Map<Family.Key, Family> finish(Wakes wakes) {
            for (Family family : old.values()) {
                if (next.get(family.key()) != family) {
                    family.dissolve(wakes);
                }
            }
            return next;
        }

        private static Family.Key keyByLength(Family family) {
            Family.Key key = family.key();
            return new Family.Key(key.scope(), key.per(), key.kind(), "" + family.lengthMicros());
        }
    }

    private static boolean isOfConnection(LimitScope scope) {
        return scope.conditions().keySet().stream().allMatch(Dimension::isOfConnection);
    }

    void restrain(Restraint restraint, Wakes wakes) {
        restraints.put(restraint.id(), restraint);
        Terms terms = terms(restraint);
        var key =
                new Family.Key(restraint.scope(), Set.of(), kind(restraint), "!" + restraint.id());
        Family known = forces.get(restraint.id());
        if (known != null && known.key().equals(key)) {
            known.change(terms);
        } else {
            if (known != null) {
                known.dissolve(wakes);
            }
            forces.put(restraint.id(), new Family(key, terms, census));
        }
        index();
    }

    private static Kind kind(Restraint restraint) {
        return switch (restraint.force()) {
            case Force.Suspend _ -> Kind.SUSPENSION;
            case Force.Slow _ -> Kind.MESSAGES;
            case Force.Narrow _ ->
                    isOfConnection(restraint.scope()) ? Kind.CONNECTIONS : Kind.TRANSACTIONS;
            case Force.Bounce _ -> Kind.BOUNCE;
        };
    }

    private static Terms terms(Restraint one) {
        String origin = one.origin();
        if (!one.reason().isEmpty()) {
            origin += ": " + one.reason();
        }
        long until = micros(one.until());
        return switch (one.force()) {
            case Force.Suspend _ ->
                    new Terms("suspended until " + one.until(), origin, null, 0, until);
            case Force.Slow(double perSecond) -> {
                String text = "slowed to " + perSecond + "/s until " + one.until();
                WindowShape shape = WindowShape.of(perSecond).longerBy(Grant.USABLE_MICROS);
                yield new Terms(text, origin, shape, 0, until);
            }
            case Force.Narrow(int connections) -> {
                String text = "narrowed to " + connections + " at once until " + one.until();
                yield new Terms(text, origin, null, connections, until);
            }
            case Force.Bounce _ ->
                    new Terms("returned until " + one.until(), origin, null, 0, until);
        };
    }

    private static long micros(Instant instant) {
        // Far beyond what microseconds of a long can say is never.
        if (instant.getEpochSecond() >= Long.MAX_VALUE / 2_000_000) {
            return Long.MAX_VALUE;
        }
        return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
    }

    /// @return whether there was one
    boolean lift(String id, Wakes wakes) {
        Restraint gone = restraints.remove(id);
        Family force = forces.remove(id);
        if (gone == null || force == null) {
            return false;
        }
        force.dissolve(wakes);
        index();
        return true;
    }

    /// Lifts those that have ended.
    ///
    /// @return whether there were any
    boolean liftEnded(long now, Wakes wakes) {
        List<String> ended = new ArrayList<>();
        forces.forEach((id, family) -> {
            if (family.isOver(now)) {
                ended.add(id);
            }
        });
        for (String id : ended) {
            lift(id, wakes);
        }
        return !ended.isEmpty();
    }

    List<Restraint> restraints() {
        return List.copyOf(restraints.values());
    }

    int restraintCount() {
        return restraints.size();
    }

    private void index() {
        byValue.clear();
        everywhere = new ArrayList<>();
        limits.values().forEach(this::index);
        forces.values().forEach(this::index);
    }

    private void index(Family family) {
        Map<Dimension, String> conditions = family.key().scope().conditions();
        for (Dimension dimension : FOUND_BY) {
            String value = conditions.get(dimension);
            if (value != null) {
                byValue.computeIfAbsent(dimension, _ -> new HashMap<>())
                        .computeIfAbsent(value, _ -> new ArrayList<>())
                        .add(family);
                return;
            }
        }
        everywhere.add(family);
    }

    /// All that cover `flow`, whatever its source is.
    List<Family> covering(Flow flow) {
        List<Family> found = new ArrayList<>();
        addCovering(everywhere, flow, found);
        for (Map.Entry<Dimension, HashMap<String, List<Family>>> entry : byValue.entrySet()) {
            List<Family> some = entry.getValue().get(flow.value(entry.getKey()));
            if (some != null) {
                addCovering(some, flow, found);
            }
        }
        return List.copyOf(found);
    }

    private static void addCovering(List<Family> some, Flow flow, List<Family> found) {
        for (Family family : some) {
            if (family.coversBesideSource(flow)) {
                found.add(family);
            }
        }
    }

    Collection<Family> limits() {
        return limits.values();
    }

    @Nullable Family limit(Family.Key key) {
        return limits.get(key);
    }

    /// Every place where connections are counted, of limits and restraints.
    List<SlotGate> connectionGates() {
        List<SlotGate> all = new ArrayList<>();
        for (Collection<Family> families : List.of(limits.values(), forces.values())) {
            for (Family family : families) {
                if (family.kind() == Kind.CONNECTIONS) {
                    all.addAll(family.slotGates());
                }
            }
        }
        return all;
    }

    int counters() {
        return census.size();
    }

    /// Somebody waits for a slot.
    void await(SlotGate gate) {
        awaited.add(gate);
    }

    /// `path` waits for a slot to open a connection.
    void await(SlotGate gate, Object path) {
        await(gate);
        lines.computeIfAbsent(path, _ -> new HashSet<>(2)).add(gate);
        if (lines.size() > linesMost) {
            lines.forEach((waiter, its) -> its.removeIf(one -> !one.isAwaitedBy(waiter)));
            lines.values().removeIf(Set::isEmpty);
            linesMost = Math.max(LINES_LEAST, 2 * lines.size());
        }
    }

    /// `path` has a connection: it takes its place in no other line, and what was reserved for it
    /// goes to the next.
    void leaveLines(Object path, long now, Wakes wakes) {
        Set<SlotGate> its = lines.remove(path);
        if (its != null) {
            for (SlotGate gate : its) {
                gate.renounce(path);
                gate.promote(now, wakes);
            }
        }
    }

    /// Passes on slots that were reserved for nothing, and forgets counters that hold nothing, of
    /// the next `most`.
    void sweep(long now, int most, Wakes wakes) {
        awaited.forEach(gate -> gate.promote(now, wakes));
        awaited.removeIf(gate -> !gate.isAwaited());
        int looked = Math.min(most, census.size());
        for (int i = 0; i < looked; i++) {
            Gate gate = census.removeFirst();
            if (gate.isForgotten()) {
                continue;
            }
            if (gate.isIdle(now)) {
                gate.family().forget(gate);
            } else {
                census.addLast(gate);
            }
        }
    }
}
