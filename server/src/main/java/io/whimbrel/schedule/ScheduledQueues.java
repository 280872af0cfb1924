package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueScope;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

    /// Most paths are for one domain and one stream; see [#with].
    private Map<DomainName, Map<Lane, ScheduledQueue>> byDomain = Map.of();

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
        Map<Lane, ScheduledQueue> its = byDomain.getOrDefault(domain, Map.of());
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
        byDomain = with(byDomain, domain, with(its, lane, created));
        size++;
        return created;
    }

    /// Those for `destination`.
    List<ScheduledQueue> of(Destination destination) {
        Map<Lane, ScheduledQueue> its = byDomain.get(destination.domain());
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
            Map<Lane, ScheduledQueue> its = byDomain.get(scope.domain().get());
            if (its != null) {
                addMatching(its, scope, matching);
            }
        } else {
            // Views of the values would stay with the maps.
            byDomain.forEach((_, its) -> addMatching(its, scope, matching));
        }
        return matching;
    }

    private static void addMatching(
            Map<Lane, ScheduledQueue> queues, QueueScope scope, List<ScheduledQueue> matching) {
        queues.forEach((_, queue) -> {
            if (queue.isIn(scope)) {
                matching.add(queue);
            }
        });
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
        Map<Lane, ScheduledQueue> its = byDomain.get(queue.domain());
        if (its != null) {
            var lane = new Lane(queue.stream(), queue.destination().route());
            Map<Lane, ScheduledQueue> left = without(its, lane);
            byDomain =
                    left.isEmpty()
                            ? without(byDomain, queue.domain())
                            : with(byDomain, queue.domain(), left);
        }
    }

    /// `map` with one more, or with another value: another map where it had none or one, which is
    /// then one that takes little room.
    private static <K, V> Map<K, V> with(Map<K, V> map, K key, V value) {
        if (map.isEmpty() || (map.size() == 1 && map.containsKey(key))) {
            return Map.of(key, value);
        }
        Map<K, V> many = map.size() == 1 ? new HashMap<>(map) : map;
        many.put(key, value);
        return many;
    }

    private static <K, V> Map<K, V> without(Map<K, V> map, K key) {
        if (!map.containsKey(key)) {
            return map;
        }
        if (map.size() == 1) {
            return Map.of();
        }
        map.remove(key);
        return map.size() == 1 ? Map.copyOf(map) : map;
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
