package io.whimbrel.schedule;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Breadth;
import io.whimbrel.shaping.Decision;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.FlowSource;
import io.whimbrel.shaping.Gates;
import io.whimbrel.shaping.Grant;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.Turn;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/// Whose turn it is among the scheduled queues of one egress path that have due entries. Guarded by
/// the lock of its [PathQueue].
///
/// Three levels. Priority classes share by weight, the more urgent first: of 21 recipients 16 are
/// transactional, 4 normal and 1 bulk where all three wait, and a class that waits alone gets
/// everything. In a class tenants take turns, in a tenant its campaigns ([Turns]). In a campaign
/// the entry that has been due longest comes first. Costs are counted in recipients.
///
/// What a limit holds back is passed over, as much of it as the limit says, and loses its turn: the
/// others go on as if it were not there; a search looks at nothing twice. A scheduled queue that a
/// limit of its own holds back is set aside until the limit has room: where thousands of domains
/// have limits of their own, no search looks at them until then.
final class ReadyQueue {
    /// What is not going to be tried is within all limits.
    private static final Optional<Decision> UNTRIED = Optional.of(unlimited());

    private static final PriorityShare[] NO_SHARES = {};

    /// Of the classes that have had mail here, the more urgent first. Most queues know one.
    private PriorityShare[] byUrgency = NO_SHARES;

    private int entries;

    /// What is set aside, by when its limit has room.
    private final DueHeap heldQueues = new DueHeap();

    /// What held all of it back when a connection asked last.
    private Optional<Held> held = Optional.empty();

    /// For how long a queue is set aside at most: a limit may have room before it said, and what
    /// wakes the path brings few of thousands back. More than a minute, so that what a window of a
    /// minute holds back is the soonest.
    private static final long HELD_MOST_MILLIS = 90_000;

    /// How long a queue is set aside where a limit cannot say when it has room.
    private static final long HELD_UNKNOWN_MILLIS = 100;

    /// How many are looked at again at once, when one limit may have room sooner than it said.
    private static final int FREED_MOST = 100;

    /// Who is passed over is marked by the number of the search.
    private long search;

    /// One priority class.
    private static final class PriorityShare {
        private final int weight;
        private final Turns<Tenant> tenants = new Turns<>();
        private long credit;
        private int waitingQueues;
        private long passedIn;

        PriorityShare(int weight) {
            this.weight = weight;
            this.credit = weight;
        }
    }

    /// @param first what ends first
    /// @param isForAllSources no other source could have sent any of it either
    private record Held(Blocked first, boolean isForAllSources) {
        boolean isUseless(long nowMicros) {
            return isForAllSources && nowMicros < first.untilMicros();
        }
    }

    /// One walk through what waits. What it passes over one by one is out of its heap meanwhile.
    private static final class Look {
        private final List<ScheduledQueue> passed = new ArrayList<>(0);
        private Optional<Blocked> first = Optional.empty();
        private boolean isForAllSources = true;

        void holds(Blocked blocked) {
            first = sooner(first, Optional.of(blocked));
            isForAllSources &= !blocked.dependsOnSource();
        }
    }

    /// A tenant's mail in one class.
    private static final class Tenant extends Turns.Member<Tenant> {
        private final Turns<Campaign> campaigns = new Turns<>();

        Tenant(String name) {
            super(name);
        }
    }

    /// A campaign's mail in one class, for all domains of the site.
    private static final class Campaign extends Turns.Member<Campaign> {
        private final DueHeap queues = new DueHeap();

        Campaign(String name) {
            super(name);
        }
    }

    /// What a search came to.
    sealed interface Next {
        /// The first ready entry of `queue` is to be tried. The caller takes it out, charges for it
        /// and repositions the queue.
        record Chosen(ScheduledQueue queue, Grant grant) implements Next {}

        /// All that is ready is held back; `first` is what ends first.
        record Waits(Blocked first) implements Next {}

        /// Nothing is ready.
        record Nothing() implements Next {}
    }

    /// Entries that wait for their turn or for a limit.
    int entries() {
        return entries;
    }

    /// Weight of a class where several wait for the same.
    static int weight(PriorityClass priority) {
        return switch (priority) {
            case TRANSACTIONAL -> 16;
            case NORMAL -> 4;
            case BULK -> 1;
        };
    }

    /// Brings `queue` to its right place, or out of here, after its entries or restriction changed.
    void reposition(ScheduledQueue queue) {
        place(queue, queue.restriction().isNone() ? queue.readyEntries() : 0);
    }

    void remove(ScheduledQueue queue) {
        place(queue, 0);
    }

    /// The queue whose first ready entry `carrier` is to try next, within all limits. [#charge]
    /// follows for what is taken of it.
    Next next(EgressPath path, Carrier carrier, Limiter limiter, long nowMicros) {
        long nowMillis = Math.floorDiv(nowMicros, 1_000);
        while (heldQueues.firstDueMillis() <= nowMillis) {
            bringBack(heldQueues.first());
        }
        return next(queue -> ask(queue, path, carrier, limiter, nowMicros), nowMillis);
    }

    private static Optional<Decision> ask(
            ScheduledQueue queue,
            EgressPath path,
            Carrier carrier,
            Limiter limiter,
            long nowMicros) {
        MailStream stream = queue.stream();
        if (!carrier.mayCarry().test(stream, queue.domain())) {
            return Optional.empty();
        }
        var turn = new Turn(weight(stream.priority()), stream.tenant());
        return Optional.of(
                limiter.take(queue.gates(limiter, path), carrier.source(), turn, nowMicros));
    }

    /// The queue whose first ready entry is next in turn, whatever limits say: it is not going to
    /// be tried. [#charge] follows.
    Optional<ScheduledQueue> next() {
        bringBack(Integer.MAX_VALUE);
        return switch (next(_ -> UNTRIED, 0)) {
            case Next.Chosen(ScheduledQueue queue, Grant _) -> Optional.of(queue);
            case Next.Waits _, Next.Nothing _ -> Optional.empty();
        };
    }

    private static Decision unlimited() {
        var limiter = new Limiter(List.of());
        Gates none = limiter.gates(Flow.NONE, "");
        return limiter.take(none, FlowSource.NONE, new Turn(1, ""), 0);
    }

    /// What held all of it back when it was last asked for; empty where something could go.
    Optional<Blocked> held() {
        return entries == 0 ? Optional.empty() : held.map(Held::first);
    }

    void holdBack(Blocked by) {
        boolean isForAllSources = by.breadth() == Breadth.PATH && !by.dependsOnSource();
        held = Optional.of(new Held(by, isForAllSources));
    }

    /// What held it back may have ended: one limit has room, perhaps.
    void freed() {
        held = Optional.empty();
        bringBack(FREED_MOST);
    }

    /// Limits are others than before: all of it is looked at again.
    ///
    /// @return whether a limit held back any
    boolean limitsChanged() {
        boolean isAny = held.isPresent() || !heldQueues.isEmpty();
        held = Optional.empty();
        bringBack(Integer.MAX_VALUE);
        return isAny;
    }

    /// An entry that was let go came back untried, and what it had taken of a limit is given back.
    void returned(ScheduledQueue queue) {
        held = Optional.empty();
        if (queue.heldSlot().isIn()) {
            bringBack(queue);
        }
    }

    private void bringBack(int most) {
        for (int i = 0; i < most && !heldQueues.isEmpty(); i++) {
            bringBack(heldQueues.first());
        }
    }

    private void bringBack(ScheduledQueue queue) {
        heldQueues.remove(queue.heldSlot());
        queue.heldBy(Optional.empty());
        offer(queue);
    }

    /// It does not take part until its limit has room.
    private void setAside(ScheduledQueue queue, Blocked by, long nowMillis) {
        boolean isKnown = by.untilMicros() != Long.MAX_VALUE;
        long until =
                isKnown ? Math.ceilDiv(by.untilMicros(), 1_000) : nowMillis + HELD_UNKNOWN_MILLIS;
        withdraw(queue);
        heldQueues.put(
                queue.heldSlot(), Math.clamp(until, nowMillis + 1, nowMillis + HELD_MOST_MILLIS));
        queue.heldBy(Optional.of(by));
    }

    /// For how many entries a connection is worth having: none while limits that every source
    /// shares hold all of them back.
    int worthwhile(long nowMicros) {
        boolean isHeld = held.isPresent() && held.get().isUseless(nowMicros);
        return isHeld ? 0 : entries;
    }

    /// @param gate asked about each queue in turn until one may go; empty where it is not for
    ///   whoever asks
    private Next next(Function<ScheduledQueue, Optional<Decision>> gate, long nowMillis) {
        search++;
        var look = new Look();
        Next next = next(gate, nowMillis, look);
        for (ScheduledQueue queue : look.passed) {
            campaign(queue).queues.put(queue.turnSlot(), queue.firstReady().dueAt().toEpochMilli());
        }
        held =
                next instanceof Next.Waits(Blocked first)
                        ? Optional.of(new Held(first, look.isForAllSources))
                        : Optional.empty();
        return next;
    }

    private Next next(
            Function<ScheduledQueue, Optional<Decision>> gate, long nowMillis, Look look) {
        while (true) {
            Optional<ScheduledQueue> candidate = candidate();
            if (candidate.isEmpty()) {
                return heldBack(look);
            }
            ScheduledQueue queue = candidate.get();
            Optional<Decision> decision = gate.apply(queue);
            if (decision.isEmpty()) {
                pass(queue, look);
                // Another source may have it.
                look.isForAllSources = false;
                continue;
            }
            switch (decision.get()) {
                case Decision.Granted(Grant grant) -> {
                    return new Next.Chosen(queue, grant);
                }
                case Blocked blocked -> {
                    if (blocked.breadth() == Breadth.PATH) {
                        look.isForAllSources = !blocked.dependsOnSource();
                        return new Next.Waits(blocked);
                    }
                    look.holds(blocked);
                    switch (blocked.breadth()) {
                        case PATH -> throw new IllegalArgumentException("that ends the search");
                        case TENANT -> tenant(queue).passHeld(search);
                        case CAMPAIGN -> campaign(queue).passHeld(search);
                        case QUEUE -> {
                            // What depends on the source may go by another one.
                            if (blocked.dependsOnSource()) {
                                pass(queue, look);
                            } else {
                                setAside(queue, blocked, nowMillis);
                            }
                        }
                    }
                }
            }
        }
    }

    private Next heldBack(Look look) {
        Optional<Blocked> aside =
                heldQueues.isEmpty() ? Optional.empty() : heldQueues.first().heldBy();
        return sooner(look.first, aside).<Next>map(Next.Waits::new).orElseGet(Next.Nothing::new);
    }

    private static Optional<Blocked> sooner(Optional<Blocked> one, Optional<Blocked> other) {
        if (one.isEmpty() || other.isEmpty()) {
            return one.or(() -> other);
        }
        return one.get().untilMicros() <= other.get().untilMicros() ? one : other;
    }

    /// A queue that has something ready, near its turn; nothing changes by looking.
    Optional<ScheduledQueue> peek() {
        for (PriorityShare share : byUrgency) {
            if (share.waitingQueues > 0) {
                return share.tenants
                        .waiting()
                        .flatMap(tenant -> tenant.campaigns.waiting())
                        .map(campaign -> campaign.queues.first());
            }
        }
        return heldQueues.isEmpty() ? Optional.empty() : Optional.of(heldQueues.first());
    }

    private Optional<ScheduledQueue> candidate() {
        while (true) {
            Optional<PriorityShare> share = nextShare();
            if (share.isEmpty()) {
                return Optional.empty();
            }
            Predicate<Turns.Member<?>> isIn = member -> member.passedIn != search;
            Optional<Tenant> tenant = share.get().tenants.next(isIn);
            if (tenant.isEmpty()) {
                share.get().passedIn = search;
                continue;
            }
            Optional<Campaign> campaign = tenant.get().campaigns.next(isIn);
            if (campaign.isEmpty()) {
                tenant.get().passedIn = search;
                continue;
            }
            if (!campaign.get().queues.isEmpty()) {
                return Optional.of(campaign.get().queues.first());
            }
            campaign.get().passedIn = search;
        }
    }

    /// It keeps its place in turn.
    private void pass(ScheduledQueue queue, Look look) {
        campaign(queue).queues.remove(queue.turnSlot());
        look.passed.add(queue);
    }

    /// So many recipients of `queue` were taken.
    void charge(ScheduledQueue queue, int recipients) {
        share(queue.stream().priority()).credit -= recipients;
        tenant(queue).charge(recipients);
        campaign(queue).charge(recipients);
    }

    private void place(ScheduledQueue queue, int offered) {
        if (offered == 0 && queue.offered() == 0) {
            return;
        }
        boolean isNew = queue.offered() == 0;
        entries += offered - queue.offered();
        queue.offer(offered);
        if (offered == 0) {
            withdraw(queue);
            heldQueues.remove(queue.heldSlot());
            queue.heldBy(Optional.empty());
        } else if (!queue.heldSlot().isIn()) {
            offer(queue);
            if (isNew && !isHeldWithOthers(queue)) {
                held = Optional.empty();
            }
        }
    }

    /// Whether what held all back when a connection asked last holds this one too.
    private boolean isHeldWithOthers(ScheduledQueue queue) {
        return held.isPresent()
                && (held.get().first().breadth() == Breadth.PATH
                        || tenant(queue).heldIn == search
                        || campaign(queue).heldIn == search);
    }

    /// Takes part, by the due time of what is first in it.
    private void offer(ScheduledQueue queue) {
        boolean wasIn = queue.turnSlot().isIn();
        campaign(queue).queues.put(queue.turnSlot(), queue.firstReady().dueAt().toEpochMilli());
        count(queue, wasIn ? 0 : 1);
    }

    private void withdraw(ScheduledQueue queue) {
        boolean wasIn = queue.turnSlot().isIn();
        campaign(queue).queues.remove(queue.turnSlot());
        count(queue, wasIn ? -1 : 0);
    }

    private void count(ScheduledQueue queue, int change) {
        share(queue.stream().priority()).waitingQueues += change;
        tenant(queue).count(change);
        campaign(queue).count(change);
    }

    private Tenant tenant(ScheduledQueue queue) {
        return share(queue.stream().priority())
                .tenants
                .member(queue.stream().tenant(), Tenant::new);
    }

    private Campaign campaign(ScheduledQueue queue) {
        return tenant(queue).campaigns.member(queue.stream().campaign(), Campaign::new);
    }

    private Optional<PriorityShare> nextShare() {
        while (true) {
            boolean isAny = false;
            for (PriorityShare share : byUrgency) {
                if (isIn(share)) {
                    if (share.credit > 0) {
                        return Optional.of(share);
                    }
                    isAny = true;
                }
            }
            if (!isAny) {
                return Optional.empty();
            }
            earn();
        }
    }

    private boolean isIn(PriorityShare share) {
        return share.waitingQueues > 0 && share.passedIn != search;
    }

    /// As many rounds as it takes until one class with mail may send. Credit does not pile up
    /// beyond one round, so a class that was idle or held back gets no burst at the cost of the
    /// others.
    private void earn() {
        long rounds = Long.MAX_VALUE;
        for (PriorityShare share : byUrgency) {
            if (isIn(share)) {
                rounds = Math.min(rounds, -share.credit / share.weight + 1);
            }
        }
        for (PriorityShare share : byUrgency) {
            share.credit = Math.min(share.weight, share.credit + rounds * share.weight);
        }
    }

    private PriorityShare share(PriorityClass priority) {
        int weight = weight(priority);
        int before = 0;
        while (before < byUrgency.length && byUrgency[before].weight > weight) {
            before++;
        }
        if (before == byUrgency.length || byUrgency[before].weight != weight) {
            var more = new PriorityShare[byUrgency.length + 1];
            System.arraycopy(byUrgency, 0, more, 0, before);
            more[before] = new PriorityShare(weight);
            System.arraycopy(byUrgency, before, more, before + 1, byUrgency.length - before);
            byUrgency = more;
        }
        return byUrgency[before];
    }
}
