package io.whimbrel.delivery;

import io.whimbrel.egress.EgressPath;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// The rests of egress paths that have failed since a host of theirs last went through with a
/// transaction: when the last one ends, and how long the next one will be. Thread-safe.
///
/// At most [#PATHS_MOST] paths; at the limit the one whose last failure is longest ago is
/// forgotten, so that its next rest is a first one again.
public final class PathRests {
    static final Duration REST_FIRST = Duration.ofSeconds(1);

    /// Short, because it comes on top of each entry's own retry time.
    static final Duration REST_MOST = Duration.ofSeconds(5);

    static final int PATHS_MOST = 2_000;

    private final InstantSource clock;

    /// The one whose failure is longest ago comes first.
    private final SequencedMap<EgressPath, Rest> rests = new LinkedHashMap<>();

    private long changes;

    private record Rest(Instant ends, Duration next) {}

    /// What outlives the process. Immutable.
    ///
    /// @param left of the last rest, zero where it is over
    /// @param next how long the next one will be
    record Kept(EgressPath path, Duration left, Duration next) {}

    /// @param clock monotonic, as the node's is: a rest must not end by a jump
    public PathRests(InstantSource clock) {
        this.clock = clock;
    }

    /// The path has failed, and rests from now on.
    ///
    /// @return for how long: the first time [#REST_FIRST], then twice as long each time, up to
    ///   [#REST_MOST]
    synchronized Duration begin(EgressPath path) {
        Rest last = rests.remove(path);
        Duration rest = last == null ? REST_FIRST : last.next;
        put(path, rest, rest.multipliedBy(2));
        changes++;
        return rest;
    }

    /// A host of the path has gone through with a transaction.
    synchronized void forget(EgressPath path) {
        if (rests.remove(path) != null) {
            changes++;
        }
    }

    /// What is left of the rest of this path; zero where it does not rest.
    synchronized Duration left(EgressPath path) {
        Rest last = rests.get(path);
        return last == null ? Duration.ZERO : left(last, clock.instant());
    }

    /// Grows with each failure and each success after one.
    synchronized long changes() {
        return changes;
    }

    /// All of them, the one whose failure is longest ago first.
    synchronized List<Kept> kept() {
        Instant now = clock.instant();
        List<Kept> all = new ArrayList<>(rests.size());
        rests.forEach((path, rest) -> all.add(new Kept(path, left(rest, now), rest.next)));
        return all;
    }

    /// Goes on with what [#kept] gave to an earlier process: what was left then is left now.
    synchronized void restore(List<Kept> all) {
        for (Kept kept : all) {
            put(kept.path(), atMost(kept.left(), REST_MOST), kept.next());
        }
    }

    private void put(EgressPath path, Duration left, Duration next) {
        // Never zero: that, doubled, would let the path try without any pause for ever.
        Duration bounded = next.compareTo(REST_FIRST) < 0 ? REST_FIRST : atMost(next, REST_MOST);
        rests.putLast(path, new Rest(clock.instant().plus(left), bounded));
        if (rests.size() > PATHS_MOST) {
            rests.pollFirstEntry();
        }
    }

    private static Duration left(Rest rest, Instant now) {
        return now.isBefore(rest.ends) ? Duration.between(now, rest.ends) : Duration.ZERO;
    }

    private static Duration atMost(Duration wanted, Duration most) {
        return wanted.compareTo(most) > 0 ? most : wanted;
    }
}
