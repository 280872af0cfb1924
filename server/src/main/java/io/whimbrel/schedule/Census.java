package io.whimbrel.schedule;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueCount;
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

/// Counts recipients while walking over the queues: all of them, and apart from that those that
/// wait in memory. Both look at what moves, so what waited may have left meanwhile; no count is
/// below zero for that, and states add up to all. Confined to one thread.
final class Census {
    private static final int LARGEST_MOST = 20;
    private static final int TENANTS_MOST = 1000;
    private static final int PATHS_MOST = 1000;

    /// Names beyond are counted together: what rests on disk may have any number of them.
    static final int NAMES_MOST = 200_000;

    static final String OTHERS = "(all others)";

    /// What waited and has left meanwhile was in one of these, more likely in the first.
    private static final List<State> LEFT_FIRST =
            List.of(State.READY, State.RESOLVING, State.SCHEDULED, State.SUSPENDED, State.HELD);

    private final Restrictions restrictions;
    private final EnumMap<State, Long> byState = new EnumMap<>(State.class);
    private final Tally all = new Tally();
    private final Tallies<String> byTenant = new Tallies<>(OTHERS);
    private final Tallies<Campaign> byCampaign = new Tallies<>(new Campaign("", OTHERS));
    private final Tallies<String> byDomain = new Tallies<>(OTHERS);
    private final Map<EgressPath, Tally> byPath = new HashMap<>();

    private record Campaign(String tenant, String name) {
        static final Comparator<Campaign> ORDER =
                Comparator.comparing(Campaign::tenant).thenComparing(Campaign::name);
    }

    /// Counts of one name or path.
    private static final class Tally {
        private String site = "";
        private long recipients;
        private long resting;
        private long waiting;
        private long inFlight;

        void add(QueueCount count) {
            recipients += count.recipients();
            resting += count.resting();
        }

        /// Recipients that neither wait nor rest; below zero where some that waited have left.
        long others() {
            return recipients - resting - waiting;
        }
    }

    /// Counts by name, of the first names that come; the others in one.
    private static final class Tallies<K> {
        private final Map<K, Tally> byName = new HashMap<>();
        private final K others;

        Tallies(K others) {
            this.others = others;
        }

        Tally of(K name) {
            boolean hasRoom = byName.size() < NAMES_MOST || byName.containsKey(name);
            return byName.computeIfAbsent(hasRoom ? name : others, _ -> new Tally());
        }
    }

    Census(Restrictions restrictions) {
        this.restrictions = restrictions;
        for (State state : State.values()) {
            byState.put(state, 0L);
        }
    }

    /// All of a queue. Those that rest and are due wait for room; they count as scheduled.
    void add(EgressPath path, QueueCount count) {
        var stream = count.queue().stream();
        DomainName domain = count.queue().domain();
        State resting =
                QueuedView.stateOf(
                        restrictions.of(stream, domain), false, SiteTable.isResolved(path));
        byState.merge(resting, count.resting(), Long::sum);
        all.add(count);
        byTenant.of(stream.tenant()).add(count);
        byCampaign.of(new Campaign(stream.tenant(), stream.campaign())).add(count);
        Tally tally = byDomain.of(domain.value());
        tally.add(count);
        tally.site = path.site().name();
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
        all.waiting += queue.recipients();
        byDomain.of(queue.domain().value()).waiting += queue.recipients();
        if (ready == State.READY) {
            path(path).waiting += queue.readyRecipients();
        }
    }

    void addInFlight(EgressPath path, QueueEntry entry) {
        if (SiteTable.isResolved(path)) {
            path(path).inFlight += entry.recipients().size();
        }
    }

    private Tally path(EgressPath path) {
        return byPath.computeIfAbsent(path, _ -> new Tally());
    }

    QueueSummary summary(List<OperatorAction> inForce, Optional<Instant> oldest) {
        return new QueueSummary(
                states(), domains(), tenants(), campaigns(), inForce, oldest, paths());
    }

    private Map<State, Long> states() {
        byState.put(State.IN_FLIGHT, Math.max(0, all.others()));
        long left = Math.max(0, -all.others());
        for (State state : LEFT_FIRST) {
            long known = byState.getOrDefault(state, 0L);
            byState.put(state, known - Math.min(left, known));
            left -= Math.min(left, known);
        }
        return byState;
    }

    private List<QueueSummary.DomainCount> domains() {
        var domains = new ArrayList<QueueSummary.DomainCount>();
        for (var line : largest(byDomain.byName, LARGEST_MOST, Comparator.<String>naturalOrder())) {
            Tally tally = line.getValue();
            String site = line.getKey().equals(OTHERS) ? "" : tally.site;
            long inFlight = Math.max(0, tally.others());
            domains.add(
                    new QueueSummary.DomainCount(line.getKey(), site, tally.recipients, inFlight));
        }
        return domains;
    }

    private Map<String, Long> tenants() {
        var tenants = new TreeMap<String, Long>();
        long left = all.recipients;
        for (var line : largest(byTenant.byName, TENANTS_MOST, Comparator.<String>naturalOrder())) {
            tenants.put(line.getKey(), line.getValue().recipients);
            left -= line.getValue().recipients;
        }
        if (left > 0) {
            tenants.merge(OTHERS, left, Long::sum);
        }
        return tenants;
    }

    private List<QueueSummary.CampaignCount> campaigns() {
        var campaigns = new ArrayList<QueueSummary.CampaignCount>();
        for (var line : largest(byCampaign.byName, LARGEST_MOST, Campaign.ORDER)) {
            Campaign campaign = line.getKey();
            campaigns.add(
                    new QueueSummary.CampaignCount(
                            campaign.tenant, campaign.name, line.getValue().recipients));
        }
        return campaigns;
    }

    private List<QueueSummary.PathCount> paths() {
        byPath.values().forEach(tally -> tally.recipients = tally.waiting + tally.inFlight);
        Comparator<EgressPath> bySite = Comparator.comparing(path -> path.site().name());
        var paths = new ArrayList<QueueSummary.PathCount>();
        for (var line : largest(byPath, PATHS_MOST, bySite)) {
            Tally tally = line.getValue();
            paths.add(new QueueSummary.PathCount(line.getKey(), tally.waiting, tally.inFlight));
        }
        return paths;
    }

    /// The lines with most recipients, largest first; those without any are left out.
    private static <K> List<Map.Entry<K, Tally>> largest(
            Map<K, Tally> tallies, int most, Comparator<K> order) {
        Comparator<Map.Entry<K, Tally>> bySize =
                Comparator.comparingLong(line -> -line.getValue().recipients);
        Comparator<Map.Entry<K, Tally>> largestFirst =
                bySize.thenComparing(Map.Entry::getKey, order);
        // A million lines are not sorted for the sake of twenty: the smallest is dropped at once.
        var kept = new PriorityQueue<Map.Entry<K, Tally>>(largestFirst.reversed());
        for (Map.Entry<K, Tally> line : tallies.entrySet()) {
            if (line.getValue().recipients > 0) {
                kept.add(line);
            }
            if (kept.size() > most) {
                kept.remove();
            }
        }
        var sorted = new ArrayList<>(kept);
        sorted.sort(largestFirst);
        return sorted;
    }
}
