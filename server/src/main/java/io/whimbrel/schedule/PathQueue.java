package io.whimbrel.schedule;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueScope;

import java.util.ArrayList;
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
/// Closed, for good, when nothing waits and nothing is in flight; a new one is made when the path
/// is used again.
final class PathQueue {
    /// Scheduled queues changed or looked at under one hold of the lock.
    private static final int SLICE = 1000;

    private final EgressPath path;
    private final boolean isPermanent;
    private final SiteTable sites;
    private final Restrictions restrictions;
    private final HashMap<DomainName, HashMap<MailStream, ScheduledQueue>> byDomain =
            new HashMap<>(2);
    private final DueHeap timers = new DueHeap();
    private final ReadyQueue ready = new ReadyQueue();
    private long armedAtMillis = DueHeap.NEVER;
    private int inFlight;
    private boolean isClosed;

    /// Where an entry comes in.
    enum Place {
        /// Before those that are ready; an entry that is not due is timed all the same.
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
        /// Not added: its domain belongs to another path.
        MOVED,
        /// Not added: this queue is closed.
        CLOSED
    }

    /// @param isPermanent never closed
    PathQueue(EgressPath path, boolean isPermanent, SiteTable sites, Restrictions restrictions) {
        this.path = path;
        this.isPermanent = isPermanent;
        this.sites = sites;
        this.restrictions = restrictions;
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
        if (!sites.of(entry.domain()).path().equals(path)) {
            return Added.MOVED;
        }
        MailStream stream = entry.message().envelope().stream();
        ScheduledQueue queue = queueOf(stream, entry.domain());
        boolean isTimed = place == Place.TIMED || DueHeap.millisUp(entry.dueAt()) > nowMillis;
        boolean isApart = !restrictions.ofMessage(entry).isNone();
        if (isApart) {
            queue.addApart(entry);
        } else if (isTimed) {
            queue.addTimed(entry);
        } else if (place == Place.HEAD) {
            queue.addFirst(entry);
        } else {
            queue.addLast(entry);
        }
        reposition(queue);
        if (isApart) {
            return Added.RESTRICTED;
        }
        if (isTimed) {
            return Added.TIMED;
        }
        return queue.turnSlot().isIn() ? Added.READY : Added.RESTRICTED;
    }

    /// The next entry in turn; it is in flight.
    synchronized Optional<QueueEntry> take() {
        Optional<ScheduledQueue> next = ready.next();
        if (next.isEmpty()) {
            return Optional.empty();
        }
        QueueEntry entry = next.get().pollReady();
        reposition(next.get());
        inFlight++;
        return Optional.of(entry);
    }

    /// Entries that were taken out by other means are in flight, on account of this queue.
    synchronized void addInFlight(int entries) {
        inFlight += entries;
    }

    /// An entry is no longer in flight.
    synchronized void landed() {
        inFlight--;
    }

    /// How many entries [#take] would give.
    synchronized int readyEntries() {
        return ready.entries();
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
        long next = timers.firstDueMillis();
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

    /// Gives up the queues of `domain`, which now belongs to another path.
    synchronized List<ScheduledQueue> extract(DomainName domain) {
        HashMap<MailStream, ScheduledQueue> queues = byDomain.remove(domain);
        if (queues == null) {
            return List.of();
        }
        for (ScheduledQueue queue : queues.values()) {
            timers.remove(queue.timerSlot());
            ready.remove(queue);
            queue.leave();
        }
        return List.copyOf(queues.values());
    }

    /// Takes a queue over from another path; what is in it comes before what is here already.
    /// Empty, and nothing is done, where this queue is closed.
    synchronized Optional<Effects> adopt(ScheduledQueue arriving) {
        if (isClosed) {
            return Optional.empty();
        }
        var effects = new Effects(this);
        int before = ready.entries();
        ScheduledQueue queue = queueOf(arriving.stream(), arriving.domain());
        queue.takeIn(arriving);
        reposition(queue);
        addIfOffering(queue, effects);
        effects.addReadied(ready.entries() - before);
        return Optional.of(effects);
    }

    /// Forgets the site of `domain` if nothing waits for it here.
    synchronized void forget(DomainName domain) {
        if (!byDomain.containsKey(domain)) {
            sites.remove(domain);
        }
    }

    private ScheduledQueue queueOf(MailStream stream, DomainName domain) {
        HashMap<MailStream, ScheduledQueue> queues =
                byDomain.computeIfAbsent(domain, _ -> new HashMap<>(2));
        ScheduledQueue known = queues.get(stream);
        if (known != null) {
            return known;
        }
        var created = new ScheduledQueue(stream, domain, restrictions.of(stream, domain));
        queues.put(stream, created);
        return created;
    }

    /// Follows up any change of `queue`: its places by due time and in turn, or its end.
    private void reposition(ScheduledQueue queue) {
        long nextDueMillis = queue.nextDueMillis();
        if (nextDueMillis == DueHeap.NEVER) {
            timers.remove(queue.timerSlot());
        } else {
            timers.put(queue.timerSlot(), nextDueMillis);
        }
        ready.reposition(queue);
        if (queue.isEmpty()) {
            remove(queue);
        }
    }

    private void remove(ScheduledQueue queue) {
        queue.leave();
        HashMap<MailStream, ScheduledQueue> queues = byDomain.get(queue.domain());
        if (queues != null) {
            queues.remove(queue.stream());
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
            HashMap<MailStream, ScheduledQueue> queues = byDomain.get(scope.domain().get());
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
