package io.whimbrel.shaping;

import io.whimbrel.shaping.Contenders.Mark;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.List;

/// The limits and restraints that may hold back one queue, looked up once. Valid while [#epoch] is
/// that of the [Limiter]; a decision by an older one is right too, but slow. Made by
/// [Limiter#gates], and to be kept by the queue. Thread-safe: what changes is guarded by the
/// limiter's lock.
public final class Gates {
    private final Flow flow;
    private final Object path;
    private final List<Family> families;
    private final long epoch;
    private final boolean dependsOnSource;

    /// Where it depends on the source.
    private final HashMap<FlowSource, Bound> bySource;

    private @Nullable Bound bound;
    private @Nullable Mark mark;

    /// @param families those that cover `flow`, whatever its source is
    Gates(Flow flow, Object path, List<Family> families, long epoch) {
        this.flow = flow;
        this.path = path;
        this.families = families;
        this.epoch = epoch;
        this.dependsOnSource = families.stream().anyMatch(Family::dependsOnSource);
        this.bySource = HashMap.newHashMap(dependsOnSource ? 2 : 0);
    }

    public long epoch() {
        return epoch;
    }

    /// Whether nothing applies.
    public boolean isEmpty() {
        return families.isEmpty();
    }

    Flow flow() {
        return flow;
    }

    Object path() {
        return path;
    }

    Bound bound(FlowSource source) {
        if (dependsOnSource) {
            Bound known = bySource.get(source);
            if (known == null) {
                Flow leaving = flow.from(source.name(), source.profile());
                known = Bound.ofMessages(families, leaving);
                bySource.put(source, known);
            }
            return known;
        }
        Bound any = bound;
        if (any == null) {
            any = Bound.ofMessages(families, flow);
            bound = any;
        }
        return any;
    }

    /// The queue waits in this place, and in no other.
    void waitBy(Mark place) {
        leave();
        mark = place;
    }

    /// The queue waits for no counter any more.
    void leave() {
        Mark place = mark;
        if (place != null) {
            place.leave();
            mark = null;
        }
    }
}
