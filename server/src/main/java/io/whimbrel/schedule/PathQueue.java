package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.schedule.Backlogs.Wanted;
import io.whimbrel.schedule.ReadyQueue.Next;
import io.whimbrel.schedule.ScheduledQueue.Part;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Breadth;
import io.whimbrel.shaping.Decision;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.FlowSource;
import io.whimbrel.shaping.Gates;
import io.whimbrel.shaping.Grant;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.Turn;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;

/// Everything that waits for one egress path: the scheduled queues of its domains, and the ready
/// queue that says whose turn it is. Thread-safe: its monitor is "the lock of the queue". No method
/// calls another PathQueue or an action, so two of these locks are never held at once; it reads the
/// [SiteTable] and the [Restrictions], which takes no lock.
///
/// Mail of domains whose site is not known waits in a PathQueue too, from which nothing is taken.
///
/// Bounded by the [MemoryBudget]: what finds no room, or comes behind mail that rests, is to rest
/// too ([Backlogs]). What is in flight counts, and comes back whether there is room or not.
///
/// Closed, for good, when nothing waits and nothing is in flight; a new one is made when the path
/// is used again.
final class PathQueue {
    /// Scheduled queues changed or looked at under one hold of the lock.
    private static final int SLICE = 1000;

    /// Entries that a held or suspended queue keeps in memory; it does not need them soon.
    private static final int RESTRICTED_MOST = 100;

    /// When to ask again for room that there is not; delivery may have made some by then.
    private static final Duration FULL_LATER = Duration.ofSeconds(30);

    /// When to look again where no limit says when it has room.
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    /// What is not going to be tried is within all limits.
    private static final Optional<Decision> UNTRIED = Optional.of(unlimited());

    /// When to ask again about what is held, or suspended for longer.
    private static final Duration RESTRICTED_LATER = Duration.ofMinutes(10);

    private final EgressPath path;
    private final boolean isPermanent;
    private final SiteTable sites;
    private final Restrictions restrictions;
    private final MemoryBudget budget;
    private final HashMap<DomainName, HashMap<Lane, ScheduledQueue>> byDomain = new HashMap<>(2);
    private final DueHeap timers = new DueHeap();
    private final ReadyQueue ready = new ReadyQueue();
    private final Backlogs backlogs;
    private long armedAtMillis = DueHeap.NEVER;
    private int queueCount;
    private int waiting;

    /// What waits counts beyond one for each entry.
    private int weight;

    private int inFlight;
    private Optional<Blocked> held = Optional.empty();

    /// When work is to be announced again that limits hold back, or [DueHeap#NEVER].
    private long lookAtMillis = DueHeap.NEVER;

    private volatile boolean isHungry;
    private boolean isClosed;

    /// What tells scheduled queues of one domain apart here.
    private record Lane(MailStream stream, String route) {}

    /// Where an entry comes in.
    enum Place {
        /// Before those that are ready, even where there is no room; an entry that is not due is
        /// timed all the same.
        HEAD,
        /// Behind those that are ready, or by its due time.
        TAIL,
        /// By its due time, even where that has come: the next tick orders it among others.
        TIMED
    }

    /// What became of an added entry.
    enum Added {
        /// It can be taken now.
        READY,
        /// It is not due; [#arm] must be called.
        TIMED,
        /// It is held or suspended.
        RESTRICTED,
        /// Not added: it is to rest.
        RESTS,
        /// Not added: its domain belongs to another path.
        MOVED,
        /// Not added: this queue is closed.
        CLOSED
    }

    /// @param isPermanent never closed
    PathQueue(
            EgressPath path,
            boolean isPermanent,
            SiteTable sites,
            Restrictions restrictions,
            MemoryBudget budget) {
        this.path = path;
        this.isPermanent = isPermanent;
        this.sites = sites;
        this.restrictions = restrictions;
        this.budget = budget;
        this.backlogs = new Backlogs(budget);
    }

    EgressPath path() {
        return path;
    }

    synchronized Added add(QueueEntry entry, Place place, long nowMillis) {
        if (isClosed) {
            return Added.CLOSED;
        }
        // Asked under the lock: whoever moves the domain changes the table before he comes for what
        // waits here, so nothing is left behind.
        Destination destination = sites.destination(entry);
        if (!sites.of(destination).path().equals(path)) {
            return Added.MOVED;
        }
        if (isStaying(entry)) {
            return Added.RESTS;
        }
        ScheduledQueue queue = queueOf(entry.stream(), destination);
        if (place != Place.HEAD && mustRest(queue)) {
            backlogs.mark(queue);
            reposition(queue);
            return Added.RESTS;
        }
        Part part = insert(queue, entry, place, nowMillis);
        reposition(queue);
        return switch (part) {
            case APART -> Added.RESTRICTED;
            case TIMED -> Added.TIMED;
            case READY -> queue.turnSlot().isIn() ? Added.READY : Added.RESTRICTED;
        };
    }

    private boolean mustRest(ScheduledQueue queue) {
        return budget.isBounded()
                && !queue.isAside()
                && (queue.isBacklogged()
                        || (queue.entries() >= RESTRICTED_MOST && !queue.restriction().isNone())
                        || backlogs.room(queue, load(), queueCount) < 1);
    }

    private boolean isStaying(QueueEntry entry) {
        return budget.isBounded() && restrictions.isStaying(entry);
    }

    private Part insert(ScheduledQueue queue, QueueEntry entry, Place place, long nowMillis) {
        if (!restrictions.ofMessage(entry).isNone()) {
            queue.addApart(entry);
            return Part.APART;
        }
        if (place == Place.TIMED || DueHeap.millisUp(entry.dueAt()) > nowMillis) {
            queue.addTimed(entry);
            return Part.TIMED;
        }
        if (place == Place.HEAD) {
            queue.addFirst(entry);
        } else {
            queue.addLast(entry);
        }
        return Part.READY;
    }

    /// How much may come of a queue that has due entries at rest; the place is kept for it. Empty,
    /// and nothing is done, where its domain belongs to another path or this queue is closed.
    synchronized Optional<Room> room(QueueName name, Instant now) {
        if (!isFor(name)) {
            return Optional.empty();
        }
        ScheduledQueue queue = queueOf(name.stream(), destination(name));
        Room room =
                switch (queue.restriction()) {
                    case Restriction.None _ -> {
                        int most = backlogs.allow(queue, load(), queueCount);
                        yield most > 0 ? new Room.Take(most) : new Room.Later(FULL_LATER);
                    }
                    case Restriction.Held _ -> new Room.Later(RESTRICTED_LATER);
                    case Restriction.Suspended(Instant until, _) ->
                            new Room.Later(atMost(Duration.between(now, until)));
                };
        reposition(queue);
        return Optional.of(room);
    }

    /// Due entries of a queue come from rest, in order. Those that find no room, for other paths
    /// took it meanwhile, are to rest again. Empty as [#room] is.
    ///
    /// @param isMore others that are due rest still
    synchronized Optional<Effects> receive(
            QueueName name, List<QueueEntry> entries, boolean isMore, long nowMillis) {
        if (!isFor(name)) {
            return Optional.empty();
        }
        var effects = new Effects(this);
        int before = ready.entries();
        ScheduledQueue queue = queueOf(name.stream(), destination(name));
        backlogs.answered(queue, isMore);
        for (QueueEntry entry : entries) {
            if (isStaying(entry)) {
                effects.addResting(entry);
            } else if (waiting + inFlight < budget.pathMostByNumber()) {
                insert(queue, entry, Place.TAIL, nowMillis);
                recount(queue);
            } else {
                effects.addResting(entry);
                backlogs.mark(queue);
            }
        }
        reposition(queue);
        addIfOffering(queue, effects);
        effects.addReadied(ready.entries() - before);
        return Optional.of(effects);
    }

    /// Whether queues wait for entries that rest.
    boolean isHungry() {
        return isHungry;
    }

    /// What to ask the index for now.
    ///
    /// @param tries how many queues that find no room are passed over
    synchronized List<Wanted> wanted(int tries) {
        List<Wanted> wanted = backlogs.next(load(), queueCount, tries);
        isHungry = backlogs.isHungry();
        return wanted;
    }

    /// Where this path has more than twice its bound, for others came meanwhile: entries of its
    /// largest queues are to rest, until it has its bound or a fair share.
    synchronized Effects evict(int fairShare) {
        var effects = new Effects(this);
        int bound = budget.pathMost();
        int most = Math.max(bound, fairShare);
        if (load() > 2L * bound && load() > most) {
            long kept = (long) most * (waiting + inFlight) / load();
            int level = level((int) Math.max(0, kept - inFlight));
            cut(level, Math.min(level, RESTRICTED_MOST), effects);
        }
        return effects;
    }

    /// Where other queues of this path find no room: what is held or suspended is to rest.
    synchronized Effects evictRestricted() {
        var effects = new Effects(this);
        if (backlogs.isFull(load())) {
            cut(Integer.MAX_VALUE, RESTRICTED_MOST, effects);
        }
        return effects;
    }

    private void cut(int most, int restrictedMost, Effects effects) {
        for (ScheduledQueue queue : matching(QueueScope.ALL)) {
            int its = queue.restriction().isNone() ? most : restrictedMost;
            if (queue.entries() > its && !queue.isAside()) {
                queue.evict(its, effects::addResting);
                backlogs.mark(queue);
                reposition(queue);
            }
        }
    }

    /// How many entries each queue may keep so that all together keep `most`.
    private int level(int most) {
        int[] sizes = matching(QueueScope.ALL).stream().mapToInt(ScheduledQueue::entries).toArray();
        Arrays.sort(sizes);
        int left = most;
        for (int i = 0; i < sizes.length; i++) {
            int level = left / (sizes.length - i);
            if (sizes[i] > level) {
                return level;
            }
            left -= sizes[i];
        }
        return Integer.MAX_VALUE;
    }

    private boolean isFor(QueueName name) {
        return !isClosed && sites.of(destination(name)).path().equals(path);
    }

    private Destination destination(QueueName name) {
        return sites.destinations().of(name.stream(), name.domain());
    }

    private static Duration atMost(Duration left) {
        if (!left.isPositive()) {
            return Duration.ofMillis(1);
        }
        return left.compareTo(RESTRICTED_LATER) < 0 ? left : RESTRICTED_LATER;
    }

    /// Entries in memory on account of this path, by weight; those in flight, which are few, by
    /// number.
    private int load() {
        return waiting + weight + inFlight;
    }

    /// The next entry in turn that limits let go; it is in flight.
    synchronized Take take(Carrier carrier, Limiter limiter, Instant now) {
        long nowMicros = Micros.of(now);
        return switch (ready.next(queue -> ask(queue, carrier, limiter, nowMicros))) {
            case Next.Chosen(ScheduledQueue queue, Grant grant) -> {
                held = Optional.empty();
                int most = limiter.recipientsMax(queue.gates(limiter, path), carrier.source());
                QueueEntry entry = queue.pollReady(most);
                reposition(queue);
                addInFlight(1);
                yield new Take.Given(entry, grant);
            }
            case Next.Waits(Blocked first) -> {
                held = Optional.of(first);
                lookAgain(Micros.atMost(first.untilMicros(), nowMicros, LOOK_AGAIN));
                yield new Take.HeldBack(first);
            }
            case Next.Nothing() -> {
                held = Optional.empty();
                yield new Take.Nothing();
            }
        };
    }

    private static Decision unlimited() {
        var limiter = new Limiter(List.of());
        Gates none = limiter.gates(Flow.NONE, "");
        return limiter.take(none, FlowSource.NONE, new Turn(1, ""), 0);
    }

    private Optional<Decision> ask(
            ScheduledQueue queue, Carrier carrier, Limiter limiter, long nowMicros) {
        MailStream stream = queue.stream();
        if (!carrier.mayCarry().test(stream, queue.domain())) {
            return Optional.empty();
        }
        var turn = new Turn(ReadyQueue.weight(stream.priority()), stream.tenant());
        return Optional.of(
                limiter.take(queue.gates(limiter, path), carrier.source(), turn, nowMicros));
    }

    /// The next entry in turn, whatever limits say: it is not going to be tried.
    synchronized Optional<QueueEntry> takeUntried() {
        return switch (ready.next(_ -> UNTRIED)) {
            case Next.Chosen(ScheduledQueue queue, Grant _) -> {
                QueueEntry entry = queue.pollReady();
                reposition(queue);
                addInFlight(1);
                yield Optional.of(entry);
            }
            case Next.Waits _, Next.Nothing _ -> Optional.empty();
        };
    }

    /// All that is ready for `destination`, whatever limits say; in flight.
    synchronized List<QueueEntry> takeUntried(Destination destination) {
        var taken = new ArrayList<QueueEntry>();
        HashMap<Lane, ScheduledQueue> queues =
                byDomain.getOrDefault(destination.domain(), new HashMap<>(0));
        for (ScheduledQueue queue : List.copyOf(queues.values())) {
            if (queue.destination().equals(destination)) {
                for (int i = queue.offered(); i > 0; i--) {
                    taken.add(queue.pollReady());
                }
                reposition(queue);
            }
        }
        addInFlight(taken.size());
        return taken;
    }

    /// Something that waits here, near its turn.
    synchronized Optional<Waiting> peek() {
        return ready.peek().map(queue -> new Waiting(queue.stream(), queue.destination()));
    }

    /// What held all of it back when it was last asked for; empty where something could go.
    synchronized Optional<Blocked> held() {
        return ready.entries() == 0 ? Optional.empty() : held;
    }

    synchronized void holdBack(Blocked by, long untilMillis) {
        held = Optional.of(by);
        lookAgain(untilMillis);
    }

    synchronized void freed() {
        held = Optional.empty();
    }

    /// Work is to be announced again then: nobody may be there to ask for it.
    private void lookAgain(long atMillis) {
        lookAtMillis = Math.min(lookAtMillis, atMillis);
    }

    /// Entries that were taken out by other means are in flight, on account of this queue.
    synchronized void addInFlight(int entries) {
        inFlight += entries;
        budget.add(entries);
    }

    /// An entry is no longer in flight.
    synchronized void landed() {
        addInFlight(-1);
    }

    /// For how many entries a connection is worth having: none while a limit that every source
    /// shares holds all of them back.
    synchronized int readyEntries(Instant now) {
        boolean isHeld =
                held.isPresent()
                        && held.get().breadth() == Breadth.PATH
                        && !held.get().dependsOnSource()
                        && Micros.of(now) < held.get().untilMicros();
        return isHeld ? 0 : ready.entries();
    }

    /// A wake came: moves what is due, at most `most` entries, so that the lock is not held long.
    ///
    /// @param wakeMillis as [#arm] gave it; ignored where a later call has given another
    synchronized Effects moveDue(long wakeMillis, long nowMillis, int most) {
        var effects = new Effects(this);
        if (wakeMillis != armedAtMillis) {
            return effects;
        }
        armedAtMillis = DueHeap.NEVER;
        int before = ready.entries();
        int moved = 0;
        if (lookAtMillis <= nowMillis) {
            lookAtMillis = DueHeap.NEVER;
            held = Optional.empty();
            effects.addReadied(Math.min(before, 1));
        }
        while (moved < most && timers.firstDueMillis() <= nowMillis) {
            ScheduledQueue queue = timers.first();
            moved += queue.moveDue(nowMillis, most - moved);
            reposition(queue);
            addIfOffering(queue, effects);
        }
        effects.addReadied(ready.entries() - before);
        return effects;
    }

    /// When to call [#moveDue], if a wake is to be added for it now; else [DueHeap#NEVER].
    synchronized long arm() {
        long next = Math.min(timers.firstDueMillis(), lookAtMillis);
        if (next >= armedAtMillis) {
            return DueHeap.NEVER;
        }
        armedAtMillis = next;
        return next;
    }

    /// Closes this queue if it is idle.
    ///
    /// @return whether it is closed now
    synchronized boolean closeIfIdle() {
        if (!isPermanent && byDomain.isEmpty() && inFlight == 0) {
            isClosed = true;
        }
        return isClosed;
    }

    /// Carries `change` out on every scheduled queue that entries in `scope` can be in. It may read
    /// and change that queue only, and says how many recipients it concerned.
    Effects change(QueueScope scope, ToLongFunction<ScheduledQueue> change) {
        var effects = new Effects(this);
        inSlices(scope, slice -> changeSlice(slice, change, effects));
        return effects;
    }

    /// Shows the scheduled queues that entries in `scope` can be in.
    void look(QueueScope scope, Consumer<ScheduledQueue> viewer) {
        inSlices(scope, slice -> lookAtSlice(slice, viewer));
    }

    /// Many queues are worked through without keeping others waiting for the lock meanwhile.
    private void inSlices(QueueScope scope, Consumer<List<ScheduledQueue>> work) {
        List<ScheduledQueue> matching = matching(scope);
        for (int from = 0; from < matching.size(); from += SLICE) {
            work.accept(matching.subList(from, Math.min(from + SLICE, matching.size())));
        }
    }

    private synchronized void changeSlice(
            List<ScheduledQueue> slice, ToLongFunction<ScheduledQueue> change, Effects effects) {
        int before = ready.entries();
        for (ScheduledQueue queue : slice) {
            if (!queue.isGone()) {
                effects.addRecipients(change.applyAsLong(queue));
                reposition(queue);
                addIfOffering(queue, effects);
            }
        }
        effects.addReadied(ready.entries() - before);
    }

    private synchronized void lookAtSlice(
            List<ScheduledQueue> slice, Consumer<ScheduledQueue> viewer) {
        for (ScheduledQueue queue : slice) {
            if (!queue.isGone()) {
                viewer.accept(queue);
            }
        }
    }

    /// Gives up the queues for `destination`, which now belongs to another path.
    synchronized List<ScheduledQueue> extract(Destination destination) {
        HashMap<Lane, ScheduledQueue> queues = byDomain.get(destination.domain());
        if (queues == null) {
            return List.of();
        }
        var extracted = new ArrayList<ScheduledQueue>();
        for (ScheduledQueue queue : List.copyOf(queues.values())) {
            if (queue.destination().equals(destination)) {
                extracted.add(queue);
                takeOff(queue);
            }
        }
        return extracted;
    }

    /// Gives up the entries of every queue that is not for this path any more by what `sites` says
    /// now; to be placed anew.
    synchronized List<QueueEntry> extractStrays() {
        var strays = new ArrayList<QueueEntry>();
        for (ScheduledQueue queue : matching(QueueScope.ALL)) {
            Destination now =
                    sites.destinations()
                            .of(queue.stream(), queue.domain(), queue.destination().route());
            boolean isAtHome =
                    now.equals(queue.destination())
                            && !queue.isAside()
                            && isMain(queue.stream(), now);
            if (!isAtHome) {
                takeOff(queue);
                queue.takeOut(_ -> true, strays::add);
            }
        }
        return strays;
    }

    private void takeOff(ScheduledQueue queue) {
        timers.remove(queue.timerSlot());
        ready.remove(queue);
        remove(queue);
        isHungry = backlogs.isHungry();
    }

    /// Takes a queue over from another path; what is in it comes before what is here already.
    /// Empty, and nothing is done, where this queue is closed.
    synchronized Optional<Effects> adopt(ScheduledQueue arriving) {
        if (isClosed) {
            return Optional.empty();
        }
        var effects = new Effects(this);
        int before = ready.entries();
        ScheduledQueue queue = queueOf(arriving.stream(), arriving.destination());
        queue.takeIn(arriving);
        queue.forgetGates();
        backlogs.takeIn(queue, arriving);
        reposition(queue);
        addIfOffering(queue, effects);
        effects.addReadied(ready.entries() - before);
        return Optional.of(effects);
    }

    /// Forgets the site of `destination` if nothing waits for it here.
    synchronized void forget(Destination destination) {
        HashMap<Lane, ScheduledQueue> queues = byDomain.get(destination.domain());
        if (queues == null
                || queues.values().stream()
                        .noneMatch(queue -> queue.destination().equals(destination))) {
            sites.remove(destination);
        }
    }

    private ScheduledQueue queueOf(MailStream stream, Destination destination) {
        HashMap<Lane, ScheduledQueue> queues =
                byDomain.computeIfAbsent(destination.domain(), _ -> new HashMap<>(2));
        var lane = new Lane(stream, destination.route());
        ScheduledQueue known = queues.get(lane);
        if (known != null) {
            return known;
        }
        DomainName domain = destination.domain();
        var created =
                new ScheduledQueue(
                        stream,
                        destination,
                        !isMain(stream, destination),
                        restrictions.of(stream, domain));
        queues.put(lane, created);
        queueCount++;
        return created;
    }

    /// Whether all recipients of the stream and domain go there, but for those that take a route of
    /// their own.
    private boolean isMain(MailStream stream, Destination destination) {
        return sites.destinations().of(stream, destination.domain()).equals(destination);
    }

    /// Follows up any change of `queue`: what it counts, its places by due time and in turn, or its
    /// end.
    private void reposition(ScheduledQueue queue) {
        recount(queue);
        long nextDueMillis = queue.nextDueMillis();
        if (nextDueMillis == DueHeap.NEVER) {
            timers.remove(queue.timerSlot());
        } else {
            timers.put(queue.timerSlot(), nextDueMillis);
        }
        ready.reposition(queue);
        backlogs.follow(queue);
        isHungry = backlogs.isHungry();
        if (queue.isIdle()) {
            remove(queue);
        }
    }

    private void recount(ScheduledQueue queue) {
        int change = queue.countChange();
        waiting += change;
        weight += queue.weightChange();
        budget.add(change);
    }

    /// Takes `queue` off the accounts; what is in it leaves with it.
    private void forget(ScheduledQueue queue) {
        backlogs.leave(queue);
        queue.leave();
        queueCount--;
        waiting -= queue.entries();
        weight -= queue.weight();
        budget.add(-queue.entries());
    }

    private void remove(ScheduledQueue queue) {
        forget(queue);
        HashMap<Lane, ScheduledQueue> queues = byDomain.get(queue.domain());
        if (queues != null) {
            queues.remove(new Lane(queue.stream(), queue.destination().route()));
            if (queues.isEmpty()) {
                byDomain.remove(queue.domain());
            }
        }
    }

    private static void addIfOffering(ScheduledQueue queue, Effects effects) {
        if (queue.turnSlot().isIn()) {
            effects.addOffering(queue);
        }
    }

    private synchronized List<ScheduledQueue> matching(QueueScope scope) {
        var matching = new ArrayList<ScheduledQueue>();
        if (scope.domain().isPresent()) {
            HashMap<Lane, ScheduledQueue> queues = byDomain.get(scope.domain().get());
            if (queues != null) {
                addMatching(queues.values(), scope, matching);
            }
        } else {
            byDomain.values().forEach(queues -> addMatching(queues.values(), scope, matching));
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
}
