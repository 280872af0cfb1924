package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/// By which egress path the mail of a destination leaves. Thread-safe; reads take no lock, so a
/// queue may read it while its own lock is held.
///
/// A line that is older than its time to live stays in use until a newer answer comes: failed DNS
/// never moves mail. Lines that no mail needs are swept when they are stale, or when there are more
/// than [#IDLE_MOST] lines.
final class SiteTable {
    /// The path of destinations whose site is not known; no pool has an empty name.
    static final EgressPath UNRESOLVED = new EgressPath("", new Site(""));

    private static final int IDLE_MOST = 100_000;
    private static final Known UNKNOWN = new Known(UNRESOLVED, Long.MIN_VALUE);

    /// Nearly every domain has one line: its mail leaves by one pool and no route of its own.
    private final ConcurrentHashMap<DomainName, List<Line>> byDomain = new ConcurrentHashMap<>();

    private volatile Destinations destinations;

    SiteTable(Destinations destinations) {
        this.destinations = destinations;
    }

    private record Line(Destination destination, Known known) {}

    /// What is known of one destination.
    ///
    /// @param staleAtMillis epoch milliseconds from when on DNS should be asked again
    record Known(EgressPath path, long staleAtMillis) {
        boolean isStale(long nowMillis) {
            return staleAtMillis <= nowMillis;
        }
    }

    static boolean isResolved(EgressPath path) {
        return !path.pool().isEmpty();
    }

    Destinations destinations() {
        return destinations;
    }

    /// What waits already stays where it is for now.
    void follow(Destinations others) {
        destinations = others;
    }

    Destination destination(QueueEntry entry) {
        return destinations.of(entry.stream(), entry.domain(), entry.route());
    }

    /// Unresolved and stale where nothing is known.
    Known of(Destination destination) {
        return find(byDomain.getOrDefault(destination.domain(), List.of()), destination);
    }

    /// By which paths mail of `domain` leaves, as far as they are known.
    List<EgressPath> paths(DomainName domain) {
        return byDomain.getOrDefault(domain, List.of()).stream()
                .map(line -> line.known().path())
                .distinct()
                .toList();
    }

    /// @return what was known before
    Known put(Destination destination, EgressPath path, long staleAtMillis) {
        var line = new Line(destination, new Known(path, staleAtMillis));
        var before = new Known[] {UNKNOWN};
        byDomain.compute(
                destination.domain(),
                (_, lines) -> {
                    if (lines == null) {
                        return List.of(line);
                    }
                    before[0] = find(lines, destination);
                    return with(lines, line);
                });
        return before[0];
    }

    /// Keeps a line that could not be renewed for a while longer.
    void postpone(Destination destination, long staleAtMillis) {
        byDomain.computeIfPresent(
                destination.domain(),
                (_, lines) -> {
                    Known known = find(lines, destination);
                    return known.equals(UNKNOWN)
                            ? lines
                            : with(
                                    lines,
                                    new Line(destination, new Known(known.path(), staleAtMillis)));
                });
    }

    void remove(Destination destination) {
        byDomain.computeIfPresent(
                destination.domain(),
                (_, lines) -> {
                    List<Line> others = without(lines, destination);
                    return others.isEmpty() ? null : List.copyOf(others);
                });
    }

    /// Destinations whose lines may go if no mail needs them.
    List<Destination> expendable(long nowMillis) {
        boolean isFull = byDomain.size() > IDLE_MOST;
        var expendable = new ArrayList<Destination>();
        for (List<Line> lines : byDomain.values()) {
            for (Line line : lines) {
                if (isFull || line.known().isStale(nowMillis)) {
                    expendable.add(line.destination());
                }
            }
        }
        return expendable;
    }

    private static Known find(List<Line> lines, Destination destination) {
        for (Line line : lines) {
            if (line.destination().equals(destination)) {
                return line.known();
            }
        }
        return UNKNOWN;
    }

    private static List<Line> with(List<Line> lines, Line line) {
        List<Line> others = without(lines, line.destination());
        others.add(line);
        return List.copyOf(others);
    }

    private static List<Line> without(List<Line> lines, Destination destination) {
        var others = new ArrayList<Line>(lines);
        others.removeIf(line -> line.destination().equals(destination));
        return others;
    }
}
