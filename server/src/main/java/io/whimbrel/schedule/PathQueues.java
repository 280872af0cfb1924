package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The queue of each egress path, made when it is needed and forgotten when it is idle.
/// Thread-safe, without a lock of its own.
final class PathQueues {
    private final SiteTable sites;
    private final Restrictions restrictions;
    private final MemoryBudget budget;
    private final ConcurrentHashMap<EgressPath, PathQueue> byPath = new ConcurrentHashMap<>();
    private final PathQueue unresolved;

    PathQueues(SiteTable sites, Restrictions restrictions, MemoryBudget budget) {
        this.sites = sites;
        this.restrictions = restrictions;
        this.budget = budget;
        this.unresolved = new PathQueue(SiteTable.UNRESOLVED, true, sites, restrictions, budget);
    }

    /// Of the domains whose site is not known.
    PathQueue unresolved() {
        return unresolved;
    }

    Optional<PathQueue> find(EgressPath path) {
        return SiteTable.isResolved(path)
                ? Optional.ofNullable(byPath.get(path))
                : Optional.of(unresolved);
    }

    PathQueue of(EgressPath path) {
        if (!SiteTable.isResolved(path)) {
            return unresolved;
        }
        PathQueue known = byPath.get(path);
        return known != null
                ? known
                : byPath.computeIfAbsent(
                        path, _ -> new PathQueue(path, false, sites, restrictions, budget));
    }

    /// Where mail for `destination` waits.
    PathQueue of(Destination destination) {
        return of(sites.of(destination).path());
    }

    /// Where what rests in `queue` comes back to.
    PathQueue of(QueueName queue) {
        return of(sites.destinations().of(queue.stream(), queue.domain()));
    }

    /// Where `entry` waits.
    PathQueue of(QueueEntry entry) {
        return of(sites.destination(entry));
    }

    /// Where entries in `scope` may wait. Exact while no domain moves.
    List<PathQueue> in(QueueScope scope) {
        if (scope.domain().isPresent()) {
            var some = new ArrayList<PathQueue>();
            for (EgressPath path : sites.paths(scope.domain().get())) {
                find(path).ifPresent(some::add);
            }
            if (!some.contains(unresolved)) {
                some.add(unresolved);
            }
            return some;
        }
        var all = new ArrayList<PathQueue>(byPath.values());
        all.add(unresolved);
        return all;
    }

    /// Paths that have a queue.
    int count() {
        return byPath.size();
    }

    /// Forgets `queue` if nothing waits and nothing is in flight there.
    void closeIfIdle(PathQueue queue) {
        if (queue.closeIfIdle()) {
            byPath.remove(queue.path(), queue);
        }
    }
}
