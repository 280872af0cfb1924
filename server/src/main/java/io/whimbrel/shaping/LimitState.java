package io.whimbrel.shaping;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// Of the counters of a [Limiter] those whose windows are of a minute or longer, for they matter
/// after a restart. Thread-safe, under the lock of the limiter.
final class LimitState {
    static final long LENGTH_LEAST = 60_000_000;

    /// Beyond, those that are used least are left out.
    static final int WINDOWS_MOST = 20_000;

    private static final int SLICE = 200;

    private final LimitTable table;
    private final Object lock;
    private volatile long changes;

    LimitState(LimitTable table, Object lock) {
        this.table = table;
        this.lock = lock;
    }

    /// Something is about to be counted by these, or taken back; the lock is held.
    void count(RateGate[] gates) {
        for (RateGate gate : gates) {
            if (gate.window().shape().lengthMicros() >= LENGTH_LEAST) {
                long next = changes + 1;
                changes = next;
                return;
            }
        }
    }

    long changes() {
        return changes;
    }

    /// What counts now. The lock is held for a few counters at a time.
    List<KeptWindow> kept(long now) {
        List<RateGate> gates = busiest(now);
        List<KeptWindow> kept = new ArrayList<>(gates.size());
        for (int i = 0; i < gates.size(); i += SLICE) {
            synchronized (lock) {
                for (RateGate gate : gates.subList(i, Math.min(i + SLICE, gates.size()))) {
                    long[] ages = gate.window().ages(now, KeptWindow.PAIRS_MOST);
                    if (ages.length > 0) {
                        List<Long> all = Arrays.stream(ages).boxed().toList();
                        kept.add(new KeptWindow(gate.family().key(), gate.values(), all));
                    }
                }
            }
        }
        return kept;
    }

    private List<RateGate> busiest(long now) {
        record Used(RateGate gate, double share) {}
        List<RateGate> gates = new ArrayList<>();
        synchronized (lock) {
            for (Family family : table.limits()) {
                if (family.lengthMicros() >= LENGTH_LEAST) {
                    gates.addAll(family.rateGates());
                }
            }
        }
        if (gates.size() <= WINDOWS_MOST) {
            return gates;
        }
        List<Used> all = new ArrayList<>(gates.size());
        for (int i = 0; i < gates.size(); i += SLICE) {
            synchronized (lock) {
                for (RateGate gate : gates.subList(i, Math.min(i + SLICE, gates.size()))) {
                    SlidingWindow window = gate.window();
                    double used = window.used(now);
                    all.add(new Used(gate, used / window.shape().count()));
                }
            }
        }
        all.sort(Comparator.comparingDouble(Used::share).reversed());
        return all.stream().limit(WINDOWS_MOST).map(Used::gate).toList();
    }

    /// Goes on from what was kept; what no limit counts any more is left out.
    ///
    /// @param passed microseconds since then
    void restore(List<KeptWindow> kept, long passed, long now) {
        synchronized (lock) {
            for (KeptWindow one : kept) {
                Family family = table.limit(one.key());
                if (family != null
                        && family.lengthMicros() >= LENGTH_LEAST
                        && one.values().size() == one.key().per().size()) {
                    family.rateGate(one.values()).window().restore(now, one.after(passed));
                }
            }
        }
    }
}
