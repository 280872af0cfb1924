package io.whimbrel.shaping;

import java.util.ArrayList;
import java.util.List;

/// The counters that apply to one flow by one source. Guarded by the lock of the [Limiter]. The
/// arrays are replaced, never changed, for grants keep them.
final class Bound {
    private static final RateGate[] NO_RATES = {};
    private static final SlotGate[] NO_SLOTS = {};
    private static final Family[] NO_FAMILIES = {};

    static final Bound NOTHING = new Bound(List.of(), Flow.NONE, false);

    private final Family[] suspensions;
    private final int most;
    private final int carriedMost;
    private RateGate[] rates;
    private RateGate[] others;
    private SlotGate[] slots;

    private Bound(List<Family> families, Flow flow, boolean isForConnection) {
        List<Family> ends = new ArrayList<>();
        List<RateGate> taken = new ArrayList<>();
        List<RateGate> seen = new ArrayList<>();
        List<SlotGate> held = new ArrayList<>();
        int least = Integer.MAX_VALUE;
        int carried = Integer.MAX_VALUE;
        for (Family family : families) {
            if (!family.coversSource(flow)) {
                continue;
            }
            switch (family.kind()) {
                case SUSPENSION -> ends.add(family);
                case MESSAGES -> {
                    if (!isForConnection) {
                        taken.add(family.rateGate(family.values(flow)));
                    } else if (family.breadth() == Breadth.PATH) {
                        seen.add(family.rateGate(family.values(flow)));
                    }
                }
                case OPENINGS -> {
                    if (isForConnection && family.breadth() == Breadth.PATH) {
                        taken.add(family.rateGate(family.values(flow)));
                    }
                }
                case CONNECTIONS -> {
                    if (isForConnection) {
                        held.add(family.slotGate(family.values(flow)));
                    }
                }
                case TRANSACTIONS -> {
                    if (!isForConnection) {
                        held.add(family.slotGate(family.values(flow)));
                    }
                }
                case MESSAGES_PER_CONNECTION -> {
                    if (family.breadth() != Breadth.PATH) {
                        carried = isForConnection ? carried : Math.min(carried, family.most());
                    } else {
                        least = isForConnection ? Math.min(least, family.most()) : least;
                    }
                }
                case RECIPIENTS_PER_TRANSACTION ->
                        least = isForConnection ? least : Math.min(least, family.most());
                case BOUNCE -> {
                    // Carried out where results are.
                }
            }
        }
        this.most = least;
        this.carriedMost = carried;
        this.suspensions = ends.isEmpty() ? NO_FAMILIES : ends.toArray(NO_FAMILIES);
        this.rates = taken.isEmpty() ? NO_RATES : taken.toArray(NO_RATES);
        this.others = seen.isEmpty() ? NO_RATES : seen.toArray(NO_RATES);
        this.slots = held.isEmpty() ? NO_SLOTS : held.toArray(NO_SLOTS);
    }

    static Bound ofMessages(List<Family> families, Flow flow) {
        return new Bound(families, flow, false);
    }

    static Bound ofConnections(List<Family> families, Flow flow) {
        return new Bound(families, flow, true);
    }

    /// Those of new connections that are made for mail of `flow`, where limits name whose it is.
    static RateGate[] openings(List<Family> families, Flow flow) {
        return families.stream()
                .filter(it -> it.kind() == Family.Kind.OPENINGS)
                .filter(it -> it.breadth() != Breadth.PATH && it.coversSource(flow))
                .map(it -> it.rateGate(it.values(flow)))
                .toArray(RateGate[]::new);
    }

    /// Counters that were forgotten since are replaced by those that count now.
    void refresh() {
        rates = refreshed(rates);
        others = refreshed(others);
        for (int i = 0; i < slots.length; i++) {
            SlotGate gate = slots[i];
            if (gate.isForgotten()) {
                slots = slots.clone();
                slots[i] = gate.family().slotGate(gate.values());
            }
        }
    }

    private static RateGate[] refreshed(RateGate[] gates) {
        RateGate[] fresh = gates;
        for (int i = 0; i < fresh.length; i++) {
            RateGate gate = fresh[i];
            if (gate.isForgotten()) {
                fresh = fresh.clone();
                fresh[i] = gate.family().rateGate(gate.values());
            }
        }
        return fresh;
    }

    /// Restraints by which nothing goes.
    Family[] suspensions() {
        return suspensions;
    }

    /// Of messages, or of new connections.
    RateGate[] rates() {
        return rates;
    }

    /// Of messages, where the rates are those of new connections.
    RateGate[] others() {
        return others;
    }

    SlotGate[] slots() {
        return slots;
    }

    /// Messages in a connection that has carried such a message; else [Integer#MAX_VALUE].
    int carriedMost() {
        return carriedMost;
    }

    /// Recipients in a transaction, or messages in a connection; else [Integer#MAX_VALUE].
    int most() {
        return most;
    }
}
