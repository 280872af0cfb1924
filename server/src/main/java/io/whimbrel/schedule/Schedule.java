package io.whimbrel.schedule;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.schedule.PathQueue.Place;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Hold;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Release;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Resume;
import io.whimbrel.spool.SpoolRecord.OperatorAction.RetryNow;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Suspend;
import io.whimbrel.spool.SpooledMessage;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToLongFunction;

/// Which recipient may be tried next. Thread-safe, without threads, clock or I/O of its own: every
/// method is told what time it is, and what it wants of the world it asks through
/// [ScheduleActions], with no lock held.
///
/// Mail waits by stream (tenant, campaign, class) and domain in a [ScheduledQueue]; these wait by
/// egress path in a [PathQueue], whose [ReadyQueue] gives out what is due, fairly. Domains move
/// between paths as their site becomes known or changes ([SiteTable]).
///
/// Locks. Each PathQueue has one; no two are ever held at once, and none while an action is called.
/// `relocation` lets what walks over many queues (operator actions) and what moves a domain from
/// one queue to another go one at a time, so that no mail slips past an operator; it is taken
/// before the lock of a queue, never after, and mail that is admitted, taken or finished does not
/// need it. Everything else shared is a table that is read without a lock.
///
/// Memory. An entry costs about 100 bytes besides its message, and all are in memory. The on-disk
/// index of the next stage attaches at the timed part of scheduled queues: what is due soon stays
/// there, the rest become rows, loaded by [#tick] ahead of their due time; nothing above notices.
/// Admission is not bounded here: the spool refuses mail when the disk is short.
public final class Schedule {
    private static final EgressPath OPERATORS = new EgressPath("", new Site(""));

    /// Calls of [ScheduleActions#workReady] for one change, however many entries it made ready.
    private static final int SIGNALS_MOST = 100;

    /// Entries that become ready under one hold of a lock.
    private static final int SLICE = 1000;

    private static final long SWEEP_MILLIS = 60_000;

    /// After this much time DNS is asked again about a site that it could not confirm.
    private static final long ASK_AGAIN_MILLIS = 60_000;

    /// Longer suspensions are as good as this.
    private static final Duration SUSPENSION_MOST = Duration.ofDays(3650);

    private final ScheduleSettings settings;
    private final ScheduleActions actions;
    private final SiteTable sites = new SiteTable();
    private final Restrictions restrictions = new Restrictions();
    private final Resolutions resolutions = new Resolutions();
    private final WakeTimes wakes = new WakeTimes();
    private final AgeCounts ages = new AgeCounts();
    private final ConcurrentHashMap<EgressPath, PathQueue> queues = new ConcurrentHashMap<>();
    private final PathQueue unresolved =
            new PathQueue(SiteTable.UNRESOLVED, true, sites, restrictions);

    /// On its account are the entries that operators took out.
    private final PathQueue operators = new PathQueue(OPERATORS, true, sites, restrictions);

    /// Entries being tried or settled, with the queue on whose account they are.
    private final ConcurrentHashMap<QueueEntry, PathQueue> inFlight = new ConcurrentHashMap<>();

    private final ReentrantLock relocation = new ReentrantLock();
    private volatile long nextSweepMillis = Long.MIN_VALUE;

    public Schedule(ScheduleSettings settings, ScheduleActions actions) {
        this.settings = settings;
        this.actions = actions;
    }

    /// A message was accepted: its recipients are due now.
    public void admit(SpooledMessage message, Instant now) {
        var recipients = RecipientNumbers.all(message.envelope().recipients().size());
        ages.add(message.envelope().receivedAt(), recipients.size());
        var split = new EntrySplit(message, settings.recipientsPerTransaction());
        // In whole milliseconds, as the queues count: due now must not mean due in a moment.
        Instant due = Instant.ofEpochMilli(now.toEpochMilli());
        for (QueueEntry entry : split.entries(recipients, 0, due, false)) {
            place(entry, Place.TAIL, now, true);
        }
    }

    /// A message was found at start. What is due already becomes ready with the next [#tick], in
    /// order of due times, at the pace of each path.
    public void restore(RecoveredMessage recovered, Instant now) {
        SpooledMessage message = recovered.message();
        var split = new EntrySplit(message, settings.recipientsPerTransaction());
        for (RecoveredMessage.Waiting waiting : recovered.waiting()) {
            ages.add(message.envelope().receivedAt(), waiting.recipients().size());
            List<QueueEntry> entries =
                    split.entries(
                            waiting.recipients(),
                            waiting.attempts(),
                            waiting.dueAt(),
                            waiting.isDelayNotified());
            for (QueueEntry entry : entries) {
                place(entry, Place.TIMED, now, true);
            }
        }
    }

    /// Answers [ScheduleActions#resolve]: `domain` is served by `site` for the time to live. Mail
    /// that waits for `domain` elsewhere moves there.
    public void siteResolved(DomainName domain, Site site, Duration timeToLive, Instant now) {
        var path = new EgressPath(settings.pool(), site);
        long staleAtMillis = now.toEpochMilli() + timeToLive.toMillis();
        var left = new ArrayList<Effects>();
        relocation.lock();
        try {
            SiteTable.Known before = sites.put(domain, path, staleAtMillis);
            if (!before.path().equals(path)) {
                move(domain, before.path(), path, left);
            }
        } finally {
            relocation.unlock();
        }
        carryOut(left, now);
        resolutions.answered(domain).ifPresent(actions::resolve);
    }

    /// Answers [ScheduleActions#resolve]: no site could be found now. The entries of `domain` that
    /// wait for it are returned, taken out as if by [#take], to be settled with what DNS said.
    /// Where a site was known it stays in use and nothing is returned.
    public List<QueueEntry> siteUnknown(DomainName domain, Instant now) {
        sites.postpone(domain, now.toEpochMilli() + ASK_AGAIN_MILLIS);
        // Before the entries are taken: what comes after them asks anew.
        Optional<DomainName> next = resolutions.answered(domain);
        var taken = new ArrayList<QueueEntry>();
        var scope = scopeOf(domain);
        unresolved.change(scope, queue -> takeOffered(queue, taken));
        putInFlight(taken, unresolved);
        next.ifPresent(actions::resolve);
        return taken;
    }

    /// The next entry that may be tried on `path`, fairly; it is in flight until [#finished] or
    /// [#giveBack]. Empty where nothing may be tried now.
    public Optional<QueueEntry> take(EgressPath path, Instant now) {
        PathQueue queue = queues.get(path);
        if (queue == null) {
            return Optional.empty();
        }
        Optional<QueueEntry> entry = queue.take();
        entry.ifPresent(taken -> inFlight.put(taken, queue));
        return entry;
    }

    /// All entries waiting in the ready queue of `path`, at most `most`: they share the fate of one
    /// whose site could not be reached. In flight as after [#take].
    public List<QueueEntry> takeAll(EgressPath path, int most, Instant now) {
        var taken = new ArrayList<QueueEntry>();
        while (taken.size() < most) {
            Optional<QueueEntry> entry = take(path, now);
            if (entry.isEmpty()) {
                break;
            }
            taken.add(entry.get());
        }
        return taken;
    }

    /// How many entries [#take] would give for `path`: what connections there is work for.
    public int readyEntries(EgressPath path) {
        PathQueue queue = queues.get(path);
        return queue == null ? 0 : queue.readyEntries();
    }

    /// An entry in flight was not tried after all; it goes back to the head of its queue. Where it
    /// came by [#take] and returns to the same path, [ScheduleActions#workReady] is not called: the
    /// caller knows.
    ///
    /// @throws IllegalStateException where `entry` is not in flight
    public void giveBack(QueueEntry entry, Instant now) {
        PathQueue from = removeInFlight(entry);
        PathQueue to = place(entry, Place.HEAD, now, false);
        if (to != from) {
            signal(to, 1);
        }
        from.landed();
        closeIfIdle(from);
    }

    /// An entry in flight was tried. `retries` are its recipients that stay queued, each entry with
    /// its new attempts and due time; the others have left the queue.
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
        PathQueue from = removeInFlight(entry);
        for (QueueEntry retry : retries) {
            place(retry, Place.TAIL, now, true);
        }
        ages.add(entry.message().envelope().receivedAt(), -settled);
        from.landed();
        closeIfIdle(from);
    }

    /// Moves what has become due, ends suspensions. Called about every 50 ms, or when [#nextDue]
    /// comes.
    public void tick(Instant now) {
        long nowMillis = now.toEpochMilli();
        if (restrictions.nextEndMillis() <= nowMillis) {
            endSuspensions(now);
        }
        Optional<WakeTimes.Wake> wake = wakes.poll(nowMillis);
        while (wake.isPresent()) {
            PathQueue queue = wake.get().queue();
            carryOut(queue.moveDue(wake.get().atMillis(), nowMillis, SLICE), now);
            wake = wakes.poll(nowMillis);
        }
        if (nextSweepMillis <= nowMillis) {
            nextSweepMillis = nowMillis + SWEEP_MILLIS;
            sweep(nowMillis);
        }
    }

    /// When [#tick] has something to do, or earlier; empty where nothing has a due time.
    public Optional<Instant> nextDue() {
        long next = Math.min(wakes.nextMillis(), restrictions.nextEndMillis());
        return next == DueHeap.NEVER ? Optional.empty() : Optional.of(Instant.ofEpochMilli(next));
    }

    /// Carries out an operator's action, which is durable already; also used at start, before or
    /// after [#restore]. Takes effect at once on what waits and on mail that comes later; entries
    /// in flight end normally and are restricted if they come back. Holding by domain, tenant or
    /// campaign costs the same however much mail waits; by message, every entry in memory is looked
    /// at.
    ///
    /// @return how many waiting recipients it touched
    public long apply(OperatorAction action, Instant now) {
        var left = new ArrayList<Effects>();
        relocation.lock();
        try {
            switch (action) {
                case Hold(QueueScope scope, String reason) -> {
                    restrictions.hold(scope, reason);
                    reconsider(scope, now, left);
                }
                case Release(QueueScope scope) -> {
                    restrictions.release(scope);
                    reconsider(scope, now, left);
                }
                case Suspend(QueueScope scope, Duration duration, String reason) -> {
                    restrictions.suspend(scope, now.plus(atMost(duration)), reason);
                    reconsider(scope, now, left);
                }
                case Resume(QueueScope scope) -> {
                    restrictions.resume(scope);
                    reconsider(scope, now, left);
                }
                case RetryNow(QueueScope scope) ->
                        change(scope, queue -> queue.retryNow(scope, now), left);
            }
        } finally {
            relocation.unlock();
        }
        carryOut(left, now);
        return recipients(left);
    }

    /// Takes every waiting entry in `scope` out of the queue, in flight until [#finished], to be
    /// bounced or deleted by an operator. Entries in flight already are not touched.
    public List<QueueEntry> takeOut(QueueScope scope, Instant now) {
        var taken = new ArrayList<QueueEntry>();
        var left = new ArrayList<Effects>();
        relocation.lock();
        try {
            change(scope, queue -> takeOut(queue, scope, taken), left);
        } finally {
            relocation.unlock();
        }
        putInFlight(taken, operators);
        carryOut(left, now);
        return taken;
    }

    /// What stands in the queue, for people. Walks over every scheduled queue, not over entries.
    /// Exact where nothing moves meanwhile.
    public QueueSummary summary(Instant now) {
        var census = new Census(restrictions);
        for (PathQueue queue : queuesOf(QueueScope.ALL)) {
            queue.look(QueueScope.ALL, scheduled -> census.addWaiting(queue.path(), scheduled));
        }
        inFlight.forEach((entry, queue) -> census.addInFlight(queue.path(), entry));
        return census.summary(restrictions.inForce(now), ages.oldest());
    }

    /// Up to `most` queued entries in `scope`, oldest due first. Looks at every entry in `scope`.
    public List<QueuedView> list(QueueScope scope, int most, Instant now) {
        var listing = new Listing(scope, most, restrictions);
        for (PathQueue queue : queuesOf(scope)) {
            queue.look(scope, scheduled -> listing.addWaiting(queue.path(), scheduled));
        }
        inFlight.forEach((entry, queue) -> listing.addInFlight(queue.path(), entry));
        return listing.oldestFirst();
    }

    /// Every entry of one message that is still queued. Looks at every entry in memory.
    public List<QueuedView> find(QueueId id, Instant now) {
        var scope =
                new QueueScope(
                        Optional.of(id), Optional.empty(), Optional.empty(), Optional.empty());
        return list(scope, Integer.MAX_VALUE, now);
    }

    /// Puts `entry` into the queue of its path.
    ///
    /// @return that queue
    private PathQueue place(QueueEntry entry, Place place, Instant now, boolean isSignalled) {
        long nowMillis = now.toEpochMilli();
        while (true) {
            SiteTable.Known known = sites.of(entry.domain());
            PathQueue queue = queueOf(known.path());
            switch (queue.add(entry, place, nowMillis)) {
                case READY -> {
                    if (isSignalled) {
                        signal(queue, 1);
                    }
                    if (known.isStale(nowMillis)) {
                        resolve(entry.domain(), entry.message().envelope().stream().priority());
                    }
                    return queue;
                }
                case TIMED -> {
                    arm(queue);
                    return queue;
                }
                case RESTRICTED -> {
                    return queue;
                }
                case MOVED -> closeIfIdle(queue);
                case CLOSED -> queues.remove(queue.path(), queue);
            }
        }
    }

    /// Lets the mail of `domain` follow its domain; under `relocation`.
    private void move(DomainName domain, EgressPath from, EgressPath to, List<Effects> left) {
        PathQueue source = SiteTable.isResolved(from) ? queues.get(from) : unresolved;
        if (source == null) {
            return;
        }
        for (ScheduledQueue moving : source.extract(domain)) {
            Optional<Effects> effects = Optional.empty();
            while (effects.isEmpty()) {
                PathQueue target = queueOf(to);
                effects = target.adopt(moving);
                if (effects.isEmpty()) {
                    queues.remove(to, target);
                }
            }
            left.add(effects.get());
        }
        closeIfIdle(source);
    }

    private void endSuspensions(Instant now) {
        var left = new ArrayList<Effects>();
        relocation.lock();
        try {
            for (QueueScope scope : restrictions.endSuspensions(now)) {
                reconsider(scope, now, left);
            }
        } finally {
            relocation.unlock();
        }
        carryOut(left, now);
    }

    /// Brings the queues in `scope` in line with the restrictions; under `relocation`.
    private void reconsider(QueueScope scope, Instant now, List<Effects> left) {
        long nowMillis = now.toEpochMilli();
        if (scope.id().isEmpty()) {
            change(
                    scope,
                    queue -> {
                        queue.restrict(restrictions.of(queue.stream(), queue.domain()));
                        return queue.recipients();
                    },
                    left);
        } else {
            change(
                    scope,
                    queue -> {
                        queue.rejoin(this::isApart, nowMillis);
                        queue.setApart(
                                entry -> ScheduledQueue.isIn(scope, entry) && isApart(entry));
                        return queue.recipientsIn(scope);
                    },
                    left);
        }
    }

    private boolean isApart(QueueEntry entry) {
        return !restrictions.ofMessage(entry).isNone();
    }

    private void change(
            QueueScope scope, ToLongFunction<ScheduledQueue> change, List<Effects> left) {
        for (PathQueue queue : queuesOf(scope)) {
            Effects effects = queue.change(scope, change);
            if (!effects.isNothing()) {
                left.add(effects);
            }
        }
    }

    /// Where entries in `scope` may wait. Exact under `relocation`.
    private List<PathQueue> queuesOf(QueueScope scope) {
        if (scope.domain().isPresent()) {
            EgressPath path = sites.of(scope.domain().get()).path();
            PathQueue queue = SiteTable.isResolved(path) ? queues.get(path) : unresolved;
            return queue == null ? List.of() : List.of(queue);
        }
        var all = new ArrayList<PathQueue>(queues.values());
        all.add(unresolved);
        return all;
    }

    private PathQueue queueOf(EgressPath path) {
        if (!SiteTable.isResolved(path)) {
            return unresolved;
        }
        PathQueue known = queues.get(path);
        return known != null
                ? known
                : queues.computeIfAbsent(
                        path, _ -> new PathQueue(path, false, sites, restrictions));
    }

    private static long takeOffered(ScheduledQueue queue, List<QueueEntry> taken) {
        long recipients = 0;
        for (int i = queue.offered(); i > 0; i--) {
            QueueEntry entry = queue.pollReady();
            taken.add(entry);
            recipients += entry.recipients().size();
        }
        return recipients;
    }

    private static long takeOut(ScheduledQueue queue, QueueScope scope, List<QueueEntry> taken) {
        long before = queue.recipients();
        queue.takeOut(scope, taken::add);
        return before - queue.recipients();
    }

    private void putInFlight(List<QueueEntry> entries, PathQueue account) {
        account.addInFlight(entries.size());
        entries.forEach(entry -> inFlight.put(entry, account));
    }

    private PathQueue removeInFlight(QueueEntry entry) {
        PathQueue from = inFlight.remove(entry);
        if (from == null) {
            throw new IllegalStateException("not in flight: " + entry);
        }
        return from;
    }

    private void carryOut(List<Effects> left, Instant now) {
        left.forEach(effects -> carryOut(effects, now));
    }

    private void carryOut(Effects effects, Instant now) {
        long nowMillis = now.toEpochMilli();
        PathQueue queue = effects.queue();
        arm(queue);
        closeIfIdle(queue);
        signal(queue, effects.readied());
        for (ScheduledQueue offering : effects.offering()) {
            if (sites.of(offering.domain()).isStale(nowMillis)) {
                resolve(offering.domain(), offering.stream().priority());
            }
        }
    }

    private void arm(PathQueue queue) {
        long wakeMillis = queue.arm();
        if (wakeMillis != DueHeap.NEVER) {
            wakes.add(wakeMillis, queue);
        }
    }

    private void closeIfIdle(PathQueue queue) {
        if (queue.closeIfIdle()) {
            queues.remove(queue.path(), queue);
        }
    }

    private void signal(PathQueue queue, int entries) {
        if (!SiteTable.isResolved(queue.path())) {
            return;
        }
        for (int i = Math.min(entries, SIGNALS_MOST); i > 0; i--) {
            actions.workReady(queue.path());
        }
    }

    private void resolve(DomainName domain, PriorityClass priority) {
        resolutions
                .want(domain, priority == PriorityClass.TRANSACTIONAL)
                .ifPresent(actions::resolve);
    }

    /// Forgets the sites of domains that no mail waits for.
    private void sweep(long nowMillis) {
        relocation.lock();
        try {
            for (DomainName domain : sites.expendable(nowMillis)) {
                PathQueue queue = queueOf(sites.of(domain).path());
                queue.forget(domain);
                closeIfIdle(queue);
            }
        } finally {
            relocation.unlock();
        }
    }

    private static QueueScope scopeOf(DomainName domain) {
        return new QueueScope(
                Optional.empty(), Optional.of(domain), Optional.empty(), Optional.empty());
    }

    private static Duration atMost(Duration duration) {
        return duration.compareTo(SUSPENSION_MOST) < 0 ? duration : SUSPENSION_MOST;
    }

    private static long recipients(List<Effects> left) {
        long recipients = 0;
        for (Effects effects : left) {
            recipients += effects.recipients();
        }
        return recipients;
    }
}
