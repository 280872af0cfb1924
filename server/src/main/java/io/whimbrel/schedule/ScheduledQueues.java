package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueScope;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;

/// The scheduled queues of one egress path, each made when it is needed, and what they count in
/// memory, together with what is in flight on their account. Guarded by the lock of the
/// [PathQueue]. Bounded as that is; an empty queue is removed by whoever emptied it.
///
/// A domain has one for each stream, and for each route that some recipients of the stream take by
/// themselves.
final class ScheduledQueues {
    private final SiteTable sites;
    private final Restrictions restrictions;
    private final MemoryBudget budget;
    private final HashMap<DomainName, HashMap<Lane, ScheduledQueue>> byDomain = new HashMap<>(2);
    private int size;
    private int waiting;

    /// What waits counts beyond one for each entry.
    private int weight;

    private int inFlight;

    /// What tells scheduled queues of one domain apart here.
    private record Lane(MailStream stream, String route) {}

    ScheduledQueues(SiteTable sites, Restrictions restrictions, MemoryBudget budget) {
        this.sites = sites;
        this.restrictions = restrictions;
        this.budget = budget;
    }

    /// That of `stream` for `destination`, new where there is none.
    ScheduledQueue of(MailStream stream, Destination destination) {
        DomainName domain = destination.domain();
        HashMap<Lane, ScheduledQueue> its = byDomain.computeIfAbsent(domain, _ -> new HashMap<>(2));
        var lane = new Lane(stream, destination.route());
        ScheduledQueue known = its.get(lane);
        if (known != null) {
            return known;
        }
        var created =
                new ScheduledQueue(
                        stream,
                        destination,
                        !isMain(stream, destination),
                        restrictions.of(stream, domain));
        its.put(lane, created);
        size++;
        return created;
    }

    /// Those for `destination`.
    List<ScheduledQueue> of(Destination destination) {
        HashMap<Lane, ScheduledQueue> its = byDomain.get(destination.domain());
        if (its == null) {
            return List.of();
        }
        var found = new ArrayList<ScheduledQueue>();
        for (ScheduledQueue queue : its.values()) {
            if (queue.destination().equals(destination)) {
                found.add(queue);
            }
        }
        return found;
    }

    /// Those that entries in `scope` can be in.
    List<ScheduledQueue> in(QueueScope scope) {
        var matching = new ArrayList<ScheduledQueue>();
        if (scope.domain().isPresent()) {
            HashMap<Lane, ScheduledQueue> its = byDomain.get(scope.domain().get());
            if (its != null) {
                addMatching(its.values(), scope, matching);
            }
        } else {
            byDomain.values().forEach(its -> addMatching(its.values(), scope, matching));
        }
        return matching;
    }

    private static void addMatching(
            Collection<ScheduledQueue> queues, QueueScope scope, List<ScheduledQueue> matching) {
        for (ScheduledQueue queue : queues) {
            if (queue.isIn(scope)) {
                matching.add(queue);
            }
        }
    }

    /// Those that their mail would not come to by what the [SiteTable] says now, but for recipients
    /// that take a route of their own.
    List<ScheduledQueue> strays() {
        List<ScheduledQueue> strays = in(QueueScope.ALL);
        strays.removeIf(this::isAtHome);
        return strays;
    }

    private boolean isAtHome(ScheduledQueue queue) {
        Destination before = queue.destination();
        Destination now = sites.destinations().of(queue.stream(), queue.domain(), before.route());
        return now.equals(before) && !queue.isAside() && isMain(queue.stream(), now);
    }

    /// Whether all recipients of the stream and domain go there, but for those that take a route of
    /// their own.
    private boolean isMain(MailStream stream, Destination destination) {
        return sites.destinations().of(stream, destination.domain()).equals(destination);
    }

    /// Takes `queue` off the accounts; what is in it leaves with it.
    void remove(ScheduledQueue queue) {
        queue.leave();
        size--;
        waiting -= queue.entries();
        weight -= queue.weight();
        budget.add(-queue.entries());
        HashMap<Lane, ScheduledQueue> its = byDomain.get(queue.domain());
        if (its != null) {
            its.remove(new Lane(queue.stream(), queue.destination().route()));
            if (its.isEmpty()) {
                byDomain.remove(queue.domain());
            }
        }
    }

    /// Follows up a change of the entries of `queue`.
    void recount(ScheduledQueue queue) {
        int change = queue.countChange();
        waiting += change;
        weight += queue.weightChange();
        budget.add(change);
    }

    /// Entries were taken out of a queue to be tried, or are no longer in flight.
    void addInFlight(int entries) {
        inFlight += entries;
        budget.add(entries);
    }

    /// How many there are.
    int size() {
        return size;
    }

    /// Whether there is none, and nothing is in flight.
    boolean isIdle() {
        return byDomain.isEmpty() && inFlight == 0;
    }

    /// Entries in memory, waiting and in flight.
    int entries() {
        return waiting + inFlight;
    }

    /// Entries in memory by weight; those in flight, which are few, by number.
    int load() {
        return waiting + weight + inFlight;
    }

    /// How many entries each may keep so that the load is `most`; what is in flight stays.
    int level(int most) {
        long kept = (long) most * entries() / load();
        int left = (int) Math.max(0, kept - inFlight);
        int[] sizes = in(QueueScope.ALL).stream().mapToInt(ScheduledQueue::entries).toArray();
        Arrays.sort(sizes);
        for (int i = 0; i < sizes.length; i++) {
            int level = left / (sizes.length - i);
            if (sizes[i] > level) {
                return level;
            }
            left -= sizes[i];
        }
        return Integer.MAX_VALUE;
    }
}
