package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.schedule.Backlogs.Wanted;
import io.whimbrel.schedule.ReadyQueue.Next;
import io.whimbrel.schedule.ScheduledQueue.Part;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Grant;
import io.whimbrel.shaping.Limiter;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
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

    /// When to look again where no limit says when it has room.
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    /// When to look again at the latest, whatever a limit says.
    private static final Duration LOOK_AGAIN_MOST = Duration.ofMinutes(1);

    private final EgressPath path;
    private final boolean isPermanent;
    private final SiteTable sites;
    private final Restrictions restrictions;
    private final MemoryBudget budget;
    private final ScheduledQueues queues;
    private final DueHeap timers = new DueHeap();
    private final ReadyQueue ready = new ReadyQueue();
    private final Backlogs backlogs;
    private long armedAtMillis = DueHeap.NEVER;

    /// When work is to be announced again that limits hold back, or [DueHeap#NEVER].
    private long lookAtMillis = DueHeap.NEVER;

    private volatile boolean isHungry;
    private boolean isClosed;

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
        this.queues = new ScheduledQueues(sites, restrictions, budget);
        this.backlogs = new Backlogs(budget, queues);
    }

    EgressPath path() {
        return path;
    }

    /// The same in every process; each queue is equal to itself only.
    @Override
    public int hashCode() {
        return path.hashCode();
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
        ScheduledQueue queue = queues.of(entry.stream(), destination);
        if (place != Place.HEAD && backlogs.mustRest(queue)) {
            backlogs.mark(queue);
            reposition(queue);
            return Added.RESTS;
        }
        Part part = insert(queue, entry, place, nowMillis);
        reposition(queue);
        if (place == Place.HEAD) {
            ready.returned(queue);
        }
        return switch (part) {
            case APART -> Added.RESTRICTED;
            case TIMED -> Added.TIMED;
            case READY -> queue.isOffered() ? Added.READY : Added.RESTRICTED;
        };
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
        ScheduledQueue queue = queues.of(name.stream(), destination(name));
        Room room = backlogs.room(queue, now);
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
        ScheduledQueue queue = queues.of(name.stream(), destination(name));
        backlogs.answered(queue, isMore);
        for (QueueEntry entry : entries) {
            if (isStaying(entry)) {
                effects.addResting(entry);
            } else if (queues.entries() < budget.pathMostByNumber()) {
                insert(queue, entry, Place.TAIL, nowMillis);
                queues.recount(queue);
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
        List<Wanted> wanted = backlogs.next(tries);
        isHungry = backlogs.isHungry();
        return wanted;
    }

    /// Where this path has more than twice its bound, for others came meanwhile: entries of its
    /// largest queues are to rest, until it has its bound or a fair share.
    synchronized Effects evict(int fairShare) {
        var effects = new Effects(this);
        int bound = budget.pathMost();
        int most = Math.max(bound, fairShare);
        if (queues.load() > 2L * bound && queues.load() > most) {
            int level = queues.level(most);
            cut(level, Math.min(level, Backlogs.RESTRICTED_MOST), effects);
        }
        return effects;
    }

    /// Where other queues of this path find no room: what is held or suspended is to rest.
    synchronized Effects evictRestricted() {
        var effects = new Effects(this);
        if (backlogs.isFull()) {
            cut(Integer.MAX_VALUE, Backlogs.RESTRICTED_MOST, effects);
        }
        return effects;
    }

    private void cut(int most, int restrictedMost, Effects effects) {
        for (ScheduledQueue queue : queues.in(QueueScope.ALL)) {
            int its = queue.restriction().isNone() ? most : restrictedMost;
            if (queue.entries() > its && !queue.isAside()) {
                queue.evict(its, effects::addResting);
                backlogs.mark(queue);
                reposition(queue);
            }
        }
    }

    private boolean isFor(QueueName name) {
        return !isClosed && sites.of(destination(name)).path().equals(path);
    }

    private Destination destination(QueueName name) {
        return sites.destinations().of(name.stream(), name.domain());
    }

    /// The next entry in turn that limits let go; it is in flight.
    synchronized Take take(Carrier carrier, Limiter limiter, Instant now) {
        long nowMicros = Micros.of(now);
        return switch (ready.next(path, carrier, limiter, nowMicros)) {
            case Next.Chosen(ScheduledQueue queue, Grant grant) -> {
                boolean isOne = queue.firstReady().recipients().size() == 1;
                int byLimits =
                        isOne
                                ? 1
                                : limiter.recipientsMax(
                                        queue.gates(limiter, path), carrier.source());
                QueueEntry entry =
                        queue.pollReady(Math.min(byLimits, carrier.recipientsMax(queue.stream())));
                ready.charge(queue, entry.recipients().size());
                reposition(queue);
                queues.addInFlight(1);
                yield new Take.Given(entry, grant);
            }
            case Next.Waits(Blocked first) -> {
                boolean isKnown = first.untilMicros() != Long.MAX_VALUE;
                Duration most = isKnown ? LOOK_AGAIN_MOST : LOOK_AGAIN;
                lookAgain(Micros.atMost(first.untilMicros(), nowMicros, most));
                yield new Take.HeldBack(first);
            }
            case Next.Nothing() -> new Take.Nothing();
        };
    }

    /// The next entry in turn, whatever limits say: it is not going to be tried.
    synchronized Optional<QueueEntry> takeUntried() {
        Optional<ScheduledQueue> next = ready.next();
        if (next.isEmpty()) {
            return Optional.empty();
        }
        QueueEntry entry = next.get().pollReady();
        ready.charge(next.get(), entry.recipients().size());
        reposition(next.get());
        queues.addInFlight(1);
        return Optional.of(entry);
    }

    /// The next entries in turn, at most `most`, whatever limits say. The lock is not held from one
    /// to the next.
    List<QueueEntry> takeUntried(int most) {
        var taken = new ArrayList<QueueEntry>();
        Optional<QueueEntry> entry = takeUntried();
        while (entry.isPresent()) {
            taken.add(entry.get());
            entry = taken.size() < most ? takeUntried() : Optional.empty();
        }
        return taken;
    }

    /// All that is ready for `destination`, whatever limits say; in flight.
    synchronized List<QueueEntry> takeUntried(Destination destination) {
        var taken = new ArrayList<QueueEntry>();
        for (ScheduledQueue queue : queues.of(destination)) {
            for (int i = queue.offered(); i > 0; i--) {
                taken.add(queue.pollReady());
            }
            reposition(queue);
        }
        queues.addInFlight(taken.size());
        return taken;
    }

    /// Something that waits here, near its turn.
    synchronized Optional<Waiting> peek() {
        return ready.peek().map(queue -> new Waiting(queue.stream(), queue.destination()));
    }

    /// What held all of it back when it was last asked for; empty where something could go.
    synchronized Optional<Blocked> held() {
        return ready.held();
    }

    synchronized void holdBack(Blocked by, long untilMillis) {
        ready.holdBack(by);
        lookAgain(untilMillis);
    }

    synchronized void freed() {
        ready.freed();
    }

    /// Limits are others than before.
    ///
    /// @return whether one held back anything here
    synchronized boolean limitsChanged() {
        return ready.limitsChanged();
    }

    /// Work is to be announced again then: nobody may be there to ask for it.
    private void lookAgain(long atMillis) {
        lookAtMillis = Math.min(lookAtMillis, atMillis);
    }

    /// Entries that were taken out by other means are in flight, on account of this queue.
    synchronized void addInFlight(int entries) {
        queues.addInFlight(entries);
    }

    /// An entry is no longer in flight.
    synchronized void landed() {
        queues.addInFlight(-1);
    }

    /// For how many entries a connection is worth having: none while a limit that every source
    /// shares holds all of them back.
    synchronized int readyEntries(Instant now) {
        return ready.worthwhile(Micros.of(now));
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
            ready.freed();
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
        if (!isPermanent && queues.isIdle()) {
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
        List<ScheduledQueue> matching = in(scope);
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
        List<ScheduledQueue> extracted = queues.of(destination);
        extracted.forEach(this::takeOff);
        return extracted;
    }

    /// Gives up the entries that are not for this path any more, or not for their queue, by what
    /// `sites` says now; to be placed anew. Where routes are chosen for recipients, it looks at
    /// every entry.
    synchronized List<QueueEntry> extractStrays() {
        var strays = new ArrayList<QueueEntry>();
        for (ScheduledQueue queue : queues.strays()) {
            takeOff(queue);
            queue.takeOut(_ -> true, strays::add);
        }
        Destinations destinations = sites.destinations();
        if (destinations.looksAtRecipients()) {
            for (ScheduledQueue queue : queues.in(QueueScope.ALL)) {
                queue.takeOut(entry -> !EntrySplit.isOnItsWay(entry, destinations), strays::add);
                reposition(queue);
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
        ScheduledQueue queue = queues.of(arriving.stream(), arriving.destination());
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
        if (queues.of(destination).isEmpty()) {
            sites.remove(destination);
        }
    }

    /// Follows up any change of `queue`: what it counts, its places by due time and in turn, or its
    /// end.
    private void reposition(ScheduledQueue queue) {
        queues.recount(queue);
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

    private void remove(ScheduledQueue queue) {
        backlogs.leave(queue);
        queues.remove(queue);
    }

    private static void addIfOffering(ScheduledQueue queue, Effects effects) {
        if (queue.isOffered()) {
            effects.addOffering(queue);
        }
    }

    private synchronized List<ScheduledQueue> in(QueueScope scope) {
        return queues.in(scope);
    }
}
