package io.whimbrel.schedule;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueName;
import io.whimbrel.schedule.QueuedView.State;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.function.Function;

/// Counts recipients while walking over the queues. Confined to one thread.
final class Census {
    private static final int DOMAINS_MOST = 20;
    private static final int PATHS_MOST = 1000;

    /// Domains beyond are counted together: what rests on disk may have any number of them.
    static final int NAMES_MOST = 200_000;

    static final String OTHERS = "(all others)";

    private final Restrictions restrictions;
    private final EnumMap<State, Long> byState = new EnumMap<>(State.class);
    private final Map<String, Long> byTenant = new TreeMap<>();
    private final Map<String, Tally> byDomain = new HashMap<>();
    private final Map<EgressPath, Tally> byPath = new HashMap<>();

    /// Counts of one domain or path.
    private static final class Tally {
        private String site = "";
        private long waiting;
        private long inFlight;

        long recipients() {
            return waiting + inFlight;
        }
    }

    Census(Restrictions restrictions) {
        this.restrictions = restrictions;
        for (State state : State.values()) {
            byState.put(state, 0L);
        }
    }

    /// Recipients that rest. Those that are due wait for room; they count as scheduled.
    void addResting(EgressPath path, QueueName queue, long recipients) {
        Restriction restriction = restrictions.of(queue.stream(), queue.domain());
        State state = QueuedView.stateOf(restriction, false, SiteTable.isResolved(path));
        byState.merge(state, recipients, Long::sum);
        byTenant.merge(queue.stream().tenant(), recipients, Long::sum);
        Tally domain = domain(queue.domain());
        domain.site = path.site().name();
        domain.waiting += recipients;
    }

    void addWaiting(EgressPath path, ScheduledQueue queue) {
        if (queue.entries() == 0) {
            return;
        }
        boolean isResolved = SiteTable.isResolved(path);
        State ready = QueuedView.stateOf(queue.restriction(), true, isResolved);
        State timed = QueuedView.stateOf(queue.restriction(), false, isResolved);
        byState.merge(ready, queue.readyRecipients(), Long::sum);
        byState.merge(timed, queue.timedRecipients(), Long::sum);
        queue.forEachApart(entry -> {
            Restriction apart = queue.restriction().and(restrictions.ofMessage(entry));
            byState.merge(
                    QueuedView.stateOf(apart, true, isResolved),
                    (long) entry.recipients().size(),
                    Long::sum);
        });
        long recipients = queue.recipients();
        byTenant.merge(queue.stream().tenant(), recipients, Long::sum);
        Tally domain = domain(queue.domain());
        domain.site = path.site().name();
        domain.waiting += recipients;
        if (ready == State.READY) {
            byPath.computeIfAbsent(path, _ -> new Tally()).waiting += queue.readyRecipients();
        }
    }

    void addInFlight(EgressPath path, QueueEntry entry) {
        long recipients = entry.recipients().size();
        byState.merge(State.IN_FLIGHT, recipients, Long::sum);
        byTenant.merge(entry.message().envelope().stream().tenant(), recipients, Long::sum);
        Tally domain = domain(entry.domain());
        domain.inFlight += recipients;
        if (domain.site.isEmpty()) {
            domain.site = path.site().name();
        }
        if (SiteTable.isResolved(path)) {
            byPath.computeIfAbsent(path, _ -> new Tally()).inFlight += recipients;
        }
    }

    private Tally domain(DomainName domain) {
        String name = domain.value();
        boolean hasRoom = byDomain.size() < NAMES_MOST || byDomain.containsKey(name);
        return byDomain.computeIfAbsent(hasRoom ? name : OTHERS, _ -> new Tally());
    }

    QueueSummary summary(List<OperatorAction> inForce, Optional<Instant> oldest) {
        var domains = new ArrayList<QueueSummary.DomainCount>();
        for (Map.Entry<String, Tally> line : largest(byDomain, DOMAINS_MOST, name -> name)) {
            Tally tally = line.getValue();
            String site = line.getKey().equals(OTHERS) ? "" : tally.site;
            domains.add(
                    new QueueSummary.DomainCount(
                            line.getKey(), site, tally.recipients(), tally.inFlight));
        }
        var paths = new ArrayList<QueueSummary.PathCount>();
        for (Map.Entry<EgressPath, Tally> line :
                largest(byPath, PATHS_MOST, path -> path.site().name())) {
            Tally tally = line.getValue();
            if (tally.recipients() > 0) {
                paths.add(new QueueSummary.PathCount(line.getKey(), tally.waiting, tally.inFlight));
            }
        }
        return new QueueSummary(byState, domains, byTenant, inForce, oldest, paths);
    }

    /// The lines with most recipients, largest first, ties by name.
    private static <K> List<Map.Entry<K, Tally>> largest(
            Map<K, Tally> tallies, int most, Function<K, String> name) {
        Comparator<Map.Entry<K, Tally>> bySize =
                Comparator.comparingLong(line -> -line.getValue().recipients());
        Comparator<Map.Entry<K, Tally>> largestFirst =
                bySize.thenComparing(line -> name.apply(line.getKey()));
        // A million lines are not sorted for the sake of twenty: the smallest is dropped at once.
        var kept = new PriorityQueue<Map.Entry<K, Tally>>(largestFirst.reversed());
        for (Map.Entry<K, Tally> line : tallies.entrySet()) {
            kept.add(line);
            if (kept.size() > most) {
                kept.remove();
            }
        }
        var sorted = new ArrayList<>(kept);
        sorted.sort(largestFirst);
        return sorted;
    }
}
