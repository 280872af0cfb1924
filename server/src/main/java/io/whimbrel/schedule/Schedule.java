package io.whimbrel.schedule;

import io.whimbrel.budget.BudgetLevel;
import io.whimbrel.egress.Destination;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.schedule.PathQueue.Place;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpoolRecord.OperatorAction.RetryNow;
import io.whimbrel.spool.SpooledMessage;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;

/// Which recipient may be tried next. Thread-safe, without threads, clock or I/O of its own: every
/// method is told what time it is, and what it wants of the world it asks through
/// [ScheduleActions], with no lock held.
///
/// Mail waits by stream (tenant, campaign, class) and domain in a [ScheduledQueue]; these wait by
/// egress path in a [PathQueue], whose [ReadyQueue] gives out what is due, fairly. Domains move
/// between paths as their site becomes known or changes ([SiteTable]).
///
/// Locks. Each PathQueue has one; no two are ever held at once, and none while an action is called.
/// Another lets what walks over many queues ([Operations]) and what moves a domain from one queue
/// to another ([Relocation]) go one at a time, so that no mail slips past an operator; it is taken
/// before the lock of a queue, never after, and mail that is admitted, taken or finished does not
/// need it. Everything else shared is a table that is read without a lock.
///
/// Memory. In memory is what is due within a horizon or in flight, within a [MemoryBudget]; the
/// rest *rests* in the index on disk ([Resting]). To rest goes a retry that is due later, mail of a
/// queue that has due mail at rest already, and mail of a path that has its share of memory. The
/// index asks for [#room] when resting mail is due, and brings it by [#due]; a queue with more due
/// mail at rest asks for it as it empties. So every unsettled recipient is in memory or has been
/// handed to rest, and a path that stands still costs the others no more than its share. Admission
/// is not bounded here: the spool refuses mail when the disk is short.
public final class Schedule {
    /// Entries that become ready under one hold of a lock.
    private static final int SLICE = 1000;

    /// How often room is looked for that other paths gave up.
    private static final long BALANCE_MILLIS = 1000;

    private final ScheduleSettings settings;
    private final MemoryBudget budget;
    private final Limiter limiter;
    private final SiteTable sites;
    private final Restrictions restrictions = new Restrictions();
    private final AgeCounts ages = new AgeCounts();
    private final InFlight inFlight = new InFlight();
    private final ScheduleActions actions;
    private final PathQueues queues;
    private final Aftermath aftermath;
    private final Relocation relocation;
    private final Operations operations;
    private final Survey survey;
    private volatile long nextBalanceMillis = Long.MIN_VALUE;
    private volatile long limitsEpoch;

    /// Without limits, all mail by one pool.
    public Schedule(ScheduleSettings settings, ScheduleActions actions) {
        this(settings, Destinations.ofPool(settings.pool()), new Limiter(List.of()), actions);
    }

    /// @param destinations which pool and route mail takes, until [#reroute]
    /// @param limiter says what may go now
    public Schedule(
            ScheduleSettings settings,
            Destinations destinations,
            Limiter limiter,
            ScheduleActions actions) {
        this.settings = settings;
        this.limiter = limiter;
        this.limitsEpoch = limiter.epoch();
        this.actions = actions;
        this.sites = new SiteTable(destinations);
        this.budget = new MemoryBudget(settings.entriesInMemoryMax(), actions::weight);
        this.queues = new PathQueues(sites, restrictions, budget);
        this.aftermath = new Aftermath(actions, queues, sites, ages);
        this.survey = new Survey(settings, queues, sites, restrictions, ages, inFlight);
        var lock = new ReentrantLock();
        this.relocation = new Relocation(queues, sites, inFlight, aftermath, actions, lock);
        this.operations =
                new Operations(queues, restrictions, aftermath, actions, lock, budget.isBounded());
    }

    /// A message was accepted: its recipients are due now, or when its sender wants it released.
    /// Where there is no room, or that is later than the horizon, they rest.
    public void admit(SpooledMessage message, Instant now) {
        var recipients = RecipientNumbers.all(message.envelope().recipients().size());
        ages.add(message.envelope().receivedAt(), recipients.size());
        var split =
                new EntrySplit(message, settings.recipientsPerTransaction(), sites.destinations());
        // In whole milliseconds, as the queues count: due now must not mean due in a moment.
        Instant due = message.envelope().firstDue(Instant.ofEpochMilli(now.toEpochMilli()));
        for (QueueEntry entry : split.entries(recipients, 0, due, false)) {
            place(entry, Place.TAIL, now, true);
        }
    }

    /// A message was found at start, where the schedule is unbounded or in tests: otherwise all
    /// rests at start, and comes by [#due]. What is due already becomes ready with the next
    /// [#tick], in order of due times, at the pace of each path.
    public void restore(RecoveredMessage recovered, Instant now) {
        for (QueueEntry entry : entriesOf(recovered)) {
            ages.add(entry.message().envelope().receivedAt(), entry.recipients().size());
            place(entry, Place.TIMED, now, true);
        }
    }

    /// The index found that resting entries of `queue` are due: how much of them may come. Where it
    /// is told to take some, it answers by [#due].
    public Room room(QueueName queue, Instant now) {
        while (true) {
            PathQueue path = queues.of(queue);
            Optional<Room> room = path.room(queue, now);
            // Where it moved meanwhile it is asked again elsewhere.
            queues.closeIfIdle(path);
            if (room.isPresent()) {
                return room.get();
            }
        }
    }

    /// Which messages of `queue` are to stay at rest although they are due: those that are held or
    /// suspended by their age. What of them comes all the same rests again.
    public Predicate<QueueId> staying(QueueName queue) {
        return restrictions.staying(queue.stream(), queue.domain());
    }

    /// Entries of `queue` come into memory, in answer to [#room] or [Resting#wanted]. Those that
    /// are due go behind what is ready; the others wait for their time. What finds no room after
    /// all rests again.
    ///
    /// @param messages each with recipients of `queue` only that rest and are due soon
    /// @param isMore `queue` has more resting entries that are due within the horizon; it asks for
    ///   them by [Resting#wanted] as it empties, and its new mail rests behind them
    /// @throws IllegalArgumentException where a recipient is of another domain
    public void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore, Instant now) {
        var entries = new ArrayList<QueueEntry>();
        String main = destination(queue).route();
        for (RecoveredMessage message : messages) {
            for (QueueEntry entry : entriesOf(message)) {
                if (!entry.domain().equals(queue.domain())) {
                    throw new IllegalArgumentException(entry + " is not of " + queue);
                }
                if (!entry.isOf(queue)) {
                    // It was moved to another queue meanwhile.
                    actions.rest(entry);
                } else if (entry.route().equals(main)) {
                    entries.add(entry);
                } else {
                    addAside(entry, now);
                }
            }
        }
        entries.sort(ScheduledQueue::byDue);
        receive(queue, entries, isMore, now);
    }

    /// Answers [ScheduleActions#resolve]: mail for `destination` goes to `site` for the time to
    /// live. What waits for it elsewhere moves there.
    public void siteResolved(Destination destination, Site site, Duration timeToLive, Instant now) {
        relocation.siteResolved(destination, site, timeToLive, now);
    }

    /// The same, of mail that leaves by the node's own pool and no route of its own.
    void siteResolved(DomainName domain, Site site, Duration timeToLive, Instant now) {
        siteResolved(plain(domain), site, timeToLive, now);
    }

    List<QueueEntry> siteUnknown(DomainName domain, Instant now) {
        return siteUnknown(plain(domain), now);
    }

    private Destination plain(DomainName domain) {
        return new Destination(domain, settings.pool(), "");
    }

    /// Other pools and routes are in force. What waits in memory goes where they say, what rests
    /// when it comes back, what is in flight when it is tried again.
    public void reroute(Destinations destinations, Instant now) {
        // While they move they are nowhere to be seen.
        inFlight.moves(1);
        try {
            for (QueueEntry stray : relocation.follow(destinations)) {
                again(stray).forEach(part -> place(part, Place.TAIL, now, true));
            }
        } finally {
            inFlight.moves(-1);
        }
        for (PathQueue queue : queues.in(QueueScope.ALL)) {
            // There may be other sources and limits now.
            queue.limitsChanged();
            aftermath.signal(queue, 1);
        }
        // A queue that asked for what rests may be gone: the index is to look for itself.
        actions.wake(QueueScope.ALL);
    }

    /// Answers [ScheduleActions#resolve]: no site could be found now. The entries for `destination`
    /// that wait are returned, taken out as if by [#take], to be settled with what DNS said. Where
    /// a site was known it stays in use and nothing is returned.
    public List<QueueEntry> siteUnknown(Destination destination, Instant now) {
        return relocation.siteUnknown(destination, now);
    }

    /// The next entry that `carrier` may try on `path`, fairly and within all limits; it is in
    /// flight until [#finished] or [#giveBack]. Where limits hold back all that waits,
    /// [ScheduleActions#workReady] is called when that ends.
    public Take take(EgressPath path, Carrier carrier, Instant now) {
        Optional<PathQueue> queue = resolved(path);
        if (queue.isEmpty()) {
            return new Take.Nothing();
        }
        Take take = inFlight.take(queue.get(), carrier, limiter, now);
        switch (take) {
            case Take.Given _ -> aftermath.feed(queue.get());
            case Take.HeldBack _ -> aftermath.arm(queue.get());
            case Take.Nothing _ -> {}
        }
        return take;
    }

    /// The next entry of `path`, whatever limits say; for those that keep none.
    public Optional<QueueEntry> take(EgressPath path, Instant now) {
        return takeAll(path, 1, now).stream().findFirst();
    }

    /// All entries waiting in the ready queue of `path`, at most `most`, whatever limits say: they
    /// share the fate of one whose site could not be reached, and are not tried. In flight as after
    /// [#take].
    public List<QueueEntry> takeAll(EgressPath path, int most, Instant now) {
        return takeUntried(path, queue -> queue.takeUntried(most));
    }

    /// All entries that are ready for `destination` on `path`, which goes nowhere. In flight as
    /// after [#take].
    public List<QueueEntry> takeAll(EgressPath path, Destination destination, Instant now) {
        return takeUntried(path, queue -> queue.takeUntried(destination));
    }

    private List<QueueEntry> takeUntried(
            EgressPath path, Function<PathQueue, List<QueueEntry>> taking) {
        Optional<PathQueue> queue = resolved(path);
        if (queue.isEmpty()) {
            return List.of();
        }
        List<QueueEntry> taken = inFlight.takeUntried(queue.get(), taking);
        if (!taken.isEmpty()) {
            aftermath.feed(queue.get());
        }
        return taken;
    }

    /// Something that waits on `path`, near its turn.
    public Optional<Waiting> peek(EgressPath path) {
        return resolved(path).flatMap(PathQueue::peek);
    }

    /// No connection may be opened for `path`: [ScheduleActions#workReady] is called at `until`, or
    /// when that is [#freed], if work waits then.
    public void holdBack(EgressPath path, Blocked by, Instant until) {
        resolved(path)
                .ifPresent(queue -> {
                    queue.holdBack(by, DueHeap.millisUp(until));
                    aftermath.arm(queue);
                });
    }

    /// A limit that held back `path` may have room.
    public void freed(EgressPath path) {
        resolved(path)
                .ifPresent(queue -> {
                    queue.freed();
                    aftermath.signal(queue, 1);
                });
    }

    /// For how many entries of `path` a connection is worth having now.
    public int readyEntries(EgressPath path, Instant now) {
        return resolved(path).map(queue -> queue.readyEntries(now)).orElse(0);
    }

    /// What held back all that waits on `path` when a connection asked last; empty where nothing
    /// did.
    public Optional<Blocked> held(EgressPath path) {
        return resolved(path).flatMap(PathQueue::held);
    }

    /// An entry in flight was not tried after all; it goes back to the head of its queue, room or
    /// not. Where it came by [#take] and returns to the same path, [ScheduleActions#workReady] is
    /// not called: the caller knows.
    ///
    /// @throws IllegalStateException where `entry` is not in flight
    public void giveBack(QueueEntry entry, Instant now) {
        PathQueue from;
        var others = new ArrayList<PathQueue>(0);
        inFlight.moves(1);
        try {
            from = inFlight.remove(entry);
            for (QueueEntry part : again(entry)) {
                place(part, Place.HEAD, now, false).filter(to -> to != from).ifPresent(others::add);
            }
        } finally {
            inFlight.moves(-1);
        }
        others.forEach(to -> aftermath.signal(to, 1));
        landed(from);
    }

    /// An entry in flight was tried. `retries` are its recipients that stay queued, each entry with
    /// its new attempts and due time; the others have left the queue. Retries that are due later
    /// than the horizon rest.
    ///
    /// @throws IllegalStateException where `entry` is not in flight
    /// @throws IllegalArgumentException where `retries` are more recipients than were tried
    public void finished(QueueEntry entry, List<QueueEntry> retries, Instant now) {
        long settled = entry.recipients().size();
        for (QueueEntry retry : retries) {
            settled -= retry.recipients().size();
        }
        if (settled < 0) {
            throw new IllegalArgumentException("more retries than recipients of " + entry);
        }
        PathQueue from;
        inFlight.moves(1);
        try {
            from = inFlight.remove(entry);
            for (QueueEntry retry : retries) {
                again(retry).forEach(part -> place(part, Place.TAIL, now, true));
            }
        } finally {
            inFlight.moves(-1);
        }
        ages.add(entry.message().envelope().receivedAt(), -settled);
        landed(from);
    }

    /// Moves what has become due, ends suspensions; each second, shares out memory anew. Called
    /// about every 50 ms; where nothing rests, only when [#nextDue] comes.
    public void tick(Instant now) {
        long nowMillis = now.toEpochMilli();
        operations.endSuspensions(now);
        aftermath.moveDue(now, SLICE);
        if (nextBalanceMillis <= nowMillis) {
            nextBalanceMillis = nowMillis + BALANCE_MILLIS;
            balance(now);
            askAgainAfterChanges();
        }
        relocation.sweep(nowMillis);
    }

    /// Limits and restraints are others than before: what they held back need not wait for the time
    /// that was named.
    private void askAgainAfterChanges() {
        long epoch = limiter.epoch();
        if (epoch != limitsEpoch) {
            limitsEpoch = epoch;
            for (PathQueue queue : queues.in(QueueScope.ALL)) {
                if (queue.limitsChanged()) {
                    aftermath.signal(queue, 1);
                }
            }
        }
    }

    /// When [#tick] has something to do, or earlier; empty where nothing has a due time.
    public Optional<Instant> nextDue() {
        long next = Math.min(aftermath.nextMillis(), restrictions.nextEndMillis());
        return next == DueHeap.NEVER ? Optional.empty() : Optional.of(Instant.ofEpochMilli(next));
    }

    /// Carries out an operator's action, which is durable already; also used at start, before any
    /// mail comes. Takes effect at once on what waits and on mail that comes later, from rest too,
    /// except that what rests is not made due by [RetryNow] here; entries in flight end normally
    /// and are restricted if they come back. Holding by domain, tenant or campaign costs the same
    /// however much mail waits; by message or age, every entry in memory is looked at.
    ///
    /// @return how many recipients that wait in memory it touched
    public long apply(OperatorAction action, Instant now) {
        return operations.apply(action, now);
    }

    /// A job, which is durable already, begins: what it is about goes to rest and is not tried any
    /// more, but for what is in flight, which rests when it comes back.
    public void begin(QueueJob job, Instant now) {
        operations.restrict(job, true, now);
    }

    /// What a job left in the queue is tried again.
    public void end(QueueJob job, Instant now) {
        operations.restrict(job, false, now);
    }

    /// Whether nothing in `scope` is in flight: after [#begin] all of it rests then.
    public boolean isQuiet(QueueScope scope) {
        return inFlight.isQuiet(scope);
    }

    /// Entries in memory, waiting and in flight; at most [ScheduleSettings#entriesInMemoryMax].
    public long entriesInMemory() {
        return budget.entries();
    }

    /// Egress paths with mail that waits or is in flight.
    public int readyQueues() {
        return queues.count();
    }

    /// How the budget of entries stands; felt by each entry that had to rest for lack of room.
    public BudgetLevel entriesLevel() {
        return budget.level();
    }

    /// What stands in the queue, for people.
    public Survey survey() {
        return survey;
    }

    /// Puts `entry` into the queue of its path, or to rest.
    ///
    /// @return that queue; empty where it rests
    private Optional<PathQueue> place(
            QueueEntry entry, Place place, Instant now, boolean isSignalled) {
        long nowMillis = now.toEpochMilli();
        if (entry.dueAt().toEpochMilli() - nowMillis > settings.horizon().toMillis()) {
            aftermath.rest(entry);
            return Optional.empty();
        }
        while (true) {
            PathQueue queue = queues.of(entry);
            switch (queue.add(entry, place, nowMillis)) {
                case READY -> {
                    if (isSignalled) {
                        aftermath.signal(queue, 1);
                    }
                    aftermath.resolveIfStale(sites.destination(entry), entry.stream(), now);
                    return Optional.of(queue);
                }
                case TIMED -> {
                    aftermath.arm(queue);
                    return Optional.of(queue);
                }
                case RESTRICTED -> {
                    return Optional.of(queue);
                }
                case RESTS -> {
                    aftermath.rest(entry);
                    queues.closeIfIdle(queue);
                    aftermath.feed(queue);
                    return Optional.empty();
                }
                case MOVED, CLOSED -> queues.closeIfIdle(queue);
            }
        }
    }

    /// Its recipients take a route of their own, away from the queue that asked.
    private void addAside(QueueEntry entry, Instant now) {
        ages.add(entry.message().envelope().receivedAt(), entry.recipients().size());
        place(entry, Place.TAIL, now, true);
    }

    private void receive(QueueName name, List<QueueEntry> entries, boolean isMore, Instant now) {
        for (QueueEntry entry : entries) {
            ages.add(entry.message().envelope().receivedAt(), entry.recipients().size());
        }
        while (true) {
            PathQueue queue = queues.of(name);
            Optional<Effects> effects = queue.receive(name, entries, isMore, now.toEpochMilli());
            if (effects.isPresent()) {
                aftermath.carryOut(effects.get(), now);
                return;
            }
            queues.closeIfIdle(queue);
        }
    }

    private List<QueueEntry> entriesOf(RecoveredMessage recovered) {
        return EntrySplit.entriesOf(
                recovered, settings.recipientsPerTransaction(), sites.destinations());
    }

    /// By the routes that are in force now, which may have changed while it was in flight.
    private List<QueueEntry> again(QueueEntry entry) {
        return EntrySplit.again(entry, settings.recipientsPerTransaction(), sites.destinations());
    }

    private Destination destination(QueueName name) {
        return sites.destinations().of(name.stream(), name.domain());
    }

    private Optional<PathQueue> resolved(EgressPath path) {
        return SiteTable.isResolved(path) ? queues.find(path) : Optional.empty();
    }

    private void landed(PathQueue from) {
        from.landed();
        queues.closeIfIdle(from);
        aftermath.feed(from);
    }

    /// Where memory is short, takes from paths that have more than their share; then asks for what
    /// there is room for.
    private void balance(Instant now) {
        if (budget.isTight()) {
            List<PathQueue> all = queues.in(QueueScope.ALL);
            for (PathQueue queue : all) {
                aftermath.carryOut(queue.evict(budget.fairShare(all.size())), now);
            }
        }
        aftermath.feedAll(now);
    }
}
