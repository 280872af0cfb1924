package io.whimbrel.shaping;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// One number of a limit, or one restraint, with its counters: one for each combination of values.
/// Guarded by the lock of the [Limiter]; the texts may be read without.
final class Family {
    private final Key key;
    private final Breadth breadth;
    private final boolean dependsOnSource;
    private final ArrayDeque<Gate> census;
    private final List<Dimension> per = new ArrayList<>();
    private final HashMap<List<String>, RateGate> rates = new HashMap<>(2);
    private final HashMap<List<String>, SlotGate> slots = new HashMap<>(2);
    private volatile Terms terms;

    /// What a number says.
    enum Kind {
        MESSAGES,
        OPENINGS,
        CONNECTIONS,
        TRANSACTIONS,
        MESSAGES_PER_CONNECTION,
        RECIPIENTS_PER_TRANSACTION,
        SUSPENSION,
        BOUNCE
    }

    /// What makes two the same over a change of the configuration. Immutable.
    ///
    /// @param name the rate, or the id of the restraint behind `!`, else `""`
    record Key(LimitScope scope, Set<Dimension> per, Kind kind, String name) {}

    /// What may change meanwhile. Immutable.
    ///
    /// @param text of the number: `20/s`, `10 connections`
    /// @param shape of a rate
    /// @param most of what is no rate
    /// @param until when it ends by itself, [Long#MAX_VALUE] for never
    record Terms(String text, String origin, @Nullable WindowShape shape, int most, long until) {}

    /// @param census where each counter that is made is added
    Family(Key key, Terms terms, ArrayDeque<Gate> census) {
        this.key = key;
        this.census = census;
        this.terms = terms;
        Set<Dimension> told = EnumSet.noneOf(Dimension.class);
        told.addAll(key.scope.conditions().keySet());
        told.addAll(key.per);
        this.breadth = Breadth.of(told);
        this.dependsOnSource = told.contains(Dimension.SOURCE) || told.contains(Dimension.PROFILE);
        for (Dimension dimension : Dimension.values()) {
            if (key.per.contains(dimension)) {
                per.add(dimension);
            }
        }
    }

    Key key() {
        return key;
    }

    Kind kind() {
        return key.kind;
    }

    /// Of a rate, how long its window is; else 0.
    long lengthMicros() {
        WindowShape shape = terms.shape;
        return shape == null ? 0 : shape.lengthMicros();
    }

    Breadth breadth() {
        return breadth;
    }

    boolean dependsOnSource() {
        return dependsOnSource;
    }

    boolean isRestraint() {
        return key.name.startsWith("!");
    }

    String origin() {
        return terms.origin;
    }

    int most() {
        return terms.most;
    }

    long until() {
        return terms.until;
    }

    /// Whether it is a restraint that has ended.
    boolean isOver(long now) {
        return terms.until <= now;
    }

    /// Goes on with other terms; counts stay.
    void change(Terms next) {
        WindowShape shape = next.shape;
        if (shape != null && !shape.equals(terms.shape)) {
            rates.values().forEach(gate -> gate.reshape(shape));
        }
        terms = next;
    }

    /// Takes over what another of the same scope counted by another rate.
    void inherit(Family other) {
        other.rates.forEach((values, gate) -> rateGate(values).window().absorb(gate.window()));
    }

    /// As people read it: `20/s for source t1, provider google`.
    String text(List<String> values) {
        LimitScope scope = key.scope;
        for (int i = 0; i < values.size(); i++) {
            scope = scope.and(per.get(i), values.get(i));
        }
        return terms.text + " for " + scope;
    }

    /// As [#text(List)], for each of what it counts by.
    String textForAll() {
        var text = new StringBuilder(text(List.of()));
        String before = " for each ";
        for (Dimension dimension : per) {
            text.append(before).append(dimension.key());
            before = " and ";
        }
        return text.toString();
    }

    /// Whether it covers `flow`, whatever its source is.
    boolean coversBesideSource(Flow flow) {
        for (Map.Entry<Dimension, String> condition : key.scope.conditions().entrySet()) {
            if (!isOfSource(condition.getKey())
                    && !flow.value(condition.getKey()).equals(condition.getValue())) {
                return false;
            }
        }
        // What belongs to no provider has nothing in common; nor has what is of no campaign.
        return !(per.contains(Dimension.PROVIDER) && flow.provider().isEmpty())
                && !(per.contains(Dimension.CAMPAIGN) && flow.campaign().isEmpty());
    }

    /// Whether the source of `flow` is one that it covers.
    boolean coversSource(Flow flow) {
        Map<Dimension, String> conditions = key.scope.conditions();
        return !dependsOnSource
                || (is(conditions.get(Dimension.SOURCE), flow.source())
                        && is(conditions.get(Dimension.PROFILE), flow.profile()));
    }

    private static boolean is(@Nullable String condition, String value) {
        return condition == null || condition.equals(value);
    }

    private static boolean isOfSource(Dimension dimension) {
        return dimension == Dimension.SOURCE || dimension == Dimension.PROFILE;
    }

    List<String> values(Flow flow) {
        return switch (per.size()) {
            case 0 -> List.of();
            case 1 -> List.of(flow.value(per.get(0)));
            default -> {
                List<String> values = new ArrayList<>(per.size());
                for (Dimension dimension : per) {
                    values.add(flow.value(dimension));
                }
                yield List.copyOf(values);
            }
        };
    }

    /// The counter of a rate.
    RateGate rateGate(List<String> values) {
        RateGate known = rates.get(values);
        if (known != null) {
            return known;
        }
        WindowShape shape = terms.shape;
        if (shape == null) {
            throw new IllegalStateException("no rate: " + terms.text);
        }
        var created = new RateGate(this, values, shape);
        rates.put(values, created);
        census.add(created);
        return created;
    }

    /// The counter of slots.
    SlotGate slotGate(List<String> values) {
        SlotGate known = slots.get(values);
        if (known != null) {
            return known;
        }
        var created = new SlotGate(this, values);
        slots.put(values, created);
        census.add(created);
        return created;
    }

    Collection<RateGate> rateGates() {
        return rates.values();
    }

    Collection<SlotGate> slotGates() {
        return slots.values();
    }

    void forget(Gate gate) {
        gate.forget();
        switch (gate) {
            case RateGate rate -> rates.remove(rate.values());
            case SlotGate slot -> slots.remove(slot.values());
        }
    }

    /// It is no more, with all its counters.
    void dissolve(Wakes wakes) {
        rates.values().forEach(RateGate::forget);
        slots.values().forEach(gate -> gate.dissolve(wakes));
    }

    /// For operators, without making a counter.
    LimitView view(Flow flow, long now) {
        List<String> values = values(flow);
        boolean isKnown = !values.contains("");
        String text = isKnown ? text(values) : textForAll();
        return switch (key.kind) {
            case MESSAGES, OPENINGS -> viewOfRate(text, rates.get(values), now);
            case CONNECTIONS, TRANSACTIONS -> {
                SlotGate gate = slots.get(values);
                int used = gate == null ? 0 : gate.used();
                long free = used < terms.most ? now : terms.until;
                yield new LimitView(text, terms.origin, used, terms.most, free, 0);
            }
            case MESSAGES_PER_CONNECTION, RECIPIENTS_PER_TRANSACTION ->
                    new LimitView(text, terms.origin, 0, terms.most, now, 0);
            case SUSPENSION -> new LimitView(text, terms.origin, 0, 0, terms.until, 0);
            case BOUNCE -> new LimitView(text, terms.origin, 0, Long.MAX_VALUE, now, 0);
        };
    }

    private LimitView viewOfRate(String text, @Nullable RateGate gate, long now) {
        WindowShape shape = terms.shape;
        long most = shape == null ? 0 : shape.count();
        double perSecond =
                shape != null && key.kind == Kind.MESSAGES
                        ? most * 1e6 / (shape.lengthMicros() - Grant.USABLE_MICROS)
                        : 0;
        if (gate == null) {
            return new LimitView(text, terms.origin, 0, most, now, perSecond);
        }
        SlidingWindow window = gate.window();
        long free = isOver(now) ? now : window.freeAt(now);
        return new LimitView(text, terms.origin, window.used(now), most, free, perSecond);
    }
}
