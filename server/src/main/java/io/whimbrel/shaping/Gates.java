package io.whimbrel.shaping;

import io.whimbrel.shaping.Contenders.Contender;
import io.whimbrel.shaping.Contenders.Mark;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The limits and restraints that may hold back one queue, looked up once. Valid while [#epoch] is
/// that of the [Limiter], whose [Limiter#gates] makes it, and to be kept by the queue as long: a
/// decision by an older one is slow, and does not see what is new where nothing applied before.
/// Thread-safe: what changes is guarded by the limiter's lock.
public final class Gates {
    private final Flow flow;
    private final Object path;
    private final List<Family> families;
    private final long epoch;
    private final boolean dependsOnSource;

    /// Only where more than one source was asked for.
    private Map<FlowSource, Bound> bySource = Map.of();

    /// The latest, and for which source.
    private @Nullable Bound bound;

    private FlowSource boundSource = FlowSource.NONE;
    private @Nullable Mark mark;

    /// When it was told to ask again, while there is a mark.
    private long untilMicros;

    /// @param families those that cover `flow`, whatever its source is
    Gates(Flow flow, Object path, List<Family> families, long epoch) {
        this.flow = flow;
        this.path = path;
        this.families = families;
        this.epoch = epoch;
        this.dependsOnSource = families.stream().anyMatch(Family::dependsOnSource);
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
        FlowSource wanted = dependsOnSource ? source : FlowSource.NONE;
        Bound latest = bound;
        if (latest != null && boundSource.equals(wanted)) {
            return latest;
        }
        Bound found = known(wanted);
        bound = found;
        boundSource = wanted;
        return found;
    }

    private Bound known(FlowSource source) {
        Bound latest = bound;
        if (latest != null && bySource.isEmpty()) {
            bySource = new HashMap<>(4);
            bySource.put(boundSource, latest);
        }
        Bound found = bySource.get(source);
        if (found == null) {
            Flow leaving = dependsOnSource ? flow.from(source.name(), source.profile()) : flow;
            found = Bound.ofMessages(families, leaving);
            if (latest != null) {
                bySource.put(source, found);
            }
        }
        return found;
    }

    /// The queue waits in this place, and in no other.
    void waitBy(Mark place, long until) {
        leave();
        mark = place;
        untilMicros = until;
    }

    /// When it was told to ask again, where it waits as a part of `asking`; else [Long#MIN_VALUE].
    long toldBy(Contender asking) {
        Mark place = mark;
        return place != null && place.contender() == asking ? untilMicros : Long.MIN_VALUE;
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
