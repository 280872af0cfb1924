package io.whimbrel.schedule;

import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueName;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/// The scheduled queues of one path that have due entries at rest, and whose entries come next.
/// Guarded by the lock of its [PathQueue].
///
/// A queue is *linked* while it is backlogged or the index has been asked for entries of it; it is
/// then an object even where it holds nothing in memory, and there are at most [#QUEUES_MOST].
/// Others rest too, but only the index knows of them.
///
/// Room. Three quarters of the path's bound are for whoever comes first. The last quarter is for
/// queues that have little in memory, so that the backlog of one does not shut out the others.
final class Backlogs {
    /// Linked queues of one path; beyond, the index is told to come again later.
    static final int QUEUES_MOST = 1000;

    /// Entries that a held or suspended queue keeps in memory; it does not need them soon.
    static final int RESTRICTED_MOST = 100;

    /// Entries that one queue has in memory because it asked for them: enough to keep delivery busy
    /// while more are read.
    private static final int QUEUE_MOST = 4000;

    /// Entries asked for at once.
    private static final int ASKED_MOST = 1000;

    /// When to ask again for room that there is not; delivery may have made some by then.
    private static final Duration FULL_LATER = Duration.ofSeconds(30);

    /// When to ask again about what is held, or suspended for longer.
    private static final Duration RESTRICTED_LATER = Duration.ofMinutes(10);

    private static final SequencedSet<ScheduledQueue> NONE =
            Collections.unmodifiableSequencedSet(new LinkedHashSet<>());

    private final MemoryBudget budget;
    private final ScheduledQueues queues;

    /// Backlogged queues that need more, in the order in which they are asked for.
    private SequencedSet<ScheduledQueue> hungry = NONE;

    private int linked;
    private int promised;

    /// Up to `most` entries of `queue` are wanted from the index.
    record Wanted(QueueName queue, int most) {}

    /// @param queues all of the path
    Backlogs(MemoryBudget budget, ScheduledQueues queues) {
        this.budget = budget;
        this.queues = queues;
    }

    boolean isHungry() {
        return !hungry.isEmpty();
    }

    /// Whether new mail finds no room, but for queues that have little in memory.
    boolean isFull() {
        return commonRoom() < 1;
    }

    /// Whether what comes new to `queue` is to rest.
    boolean mustRest(ScheduledQueue queue) {
        return budget.isBounded()
                && !queue.isAside()
                && (queue.isBacklogged()
                        || (queue.entries() >= RESTRICTED_MOST && !queue.restriction().isNone())
                        || spare(queue) < 1);
    }

    /// How many more entries `queue` may have in memory.
    private int spare(ScheduledQueue queue) {
        int common = commonRoom();
        if (common > 0) {
            return common;
        }
        int bound = budget.pathMost();
        int reserved = Math.max(1, bound / 4 / Math.max(1, queues.size())) - queue.comingEntries();
        return Math.max(0, Math.min(reserved, bound - queues.load() - promised));
    }

    /// `queue` has entries at rest that are due. Nothing is noted where too many are linked.
    void mark(ScheduledQueue queue) {
        budget.turnedAway();
        if (queue.isLinked() || linked < QUEUES_MOST) {
            link(queue);
        }
    }

    private void link(ScheduledQueue queue) {
        int share = share(queue);
        uncount(queue);
        queue.backlog(share);
        count(queue);
    }

    /// The index found due entries of `queue`: how many of them may come, and have been promised
    /// room.
    Room room(ScheduledQueue queue, Instant now) {
        return switch (queue.restriction()) {
            case Restriction.None _ -> {
                int most = allow(queue);
                yield most > 0 ? new Room.Take(most) : new Room.Later(FULL_LATER);
            }
            case Restriction.Held _ -> new Room.Later(RESTRICTED_LATER);
            case Restriction.Suspended(Instant until, _) ->
                    new Room.Later(atMost(Duration.between(now, until)));
        };
    }

    private static Duration atMost(Duration left) {
        if (!left.isPositive()) {
            return Duration.ofMillis(1);
        }
        return left.compareTo(RESTRICTED_LATER) < 0 ? left : RESTRICTED_LATER;
    }

    /// Where none may come now they are asked for as soon as there is room, which may be long
    /// before the index looks again.
    private int allow(ScheduledQueue queue) {
        if (!queue.isLinked() && linked >= QUEUES_MOST) {
            return 0;
        }
        answered(queue, queue.isBacklogged());
        int most = most(queue);
        if (most > 0) {
            ask(queue, most);
        } else {
            link(queue);
        }
        return most;
    }

    /// What was asked for has come.
    void answered(ScheduledQueue queue, boolean isMore) {
        uncount(queue);
        queue.answered(isMore);
        count(queue);
    }

    /// Follows up any change of `queue`.
    void follow(ScheduledQueue queue) {
        if (!queue.isHungry()) {
            forget(queue);
            return;
        }
        if (hungry.isEmpty()) {
            hungry = new LinkedHashSet<>(2);
        }
        if (queue.stream().priority() != PriorityClass.TRANSACTIONAL) {
            hungry.add(queue);
        } else if (!hungry.contains(queue)) {
            hungry.addFirst(queue);
        }
    }

    /// Forgets `queue`, which leaves the path.
    void leave(ScheduledQueue queue) {
        uncount(queue);
        forget(queue);
    }

    private void forget(ScheduledQueue queue) {
        if (!hungry.isEmpty()) {
            hungry.remove(queue);
        }
    }

    /// What is known of `arriving` holds for `queue`, which takes it in. May go beyond the bound.
    void takeIn(ScheduledQueue queue, ScheduledQueue arriving) {
        uncount(queue);
        queue.takeInBacklog(arriving);
        count(queue);
    }

    /// Which queues to ask for now, fairly: in turn, as room allows.
    ///
    /// @param tries how many that find no room are passed over
    List<Wanted> next(int tries) {
        var wanted = new ArrayList<Wanted>();
        int left = Math.min(tries, hungry.size());
        while (left > 0 && !hungry.isEmpty() && queues.load() + promised < budget.pathMost()) {
            ScheduledQueue queue = hungry.removeFirst();
            int most = most(queue);
            if (isWorthAsking(queue, most)) {
                ask(queue, most);
                wanted.add(new Wanted(queue.name(), most));
            } else {
                hungry.addLast(queue);
                left--;
            }
        }
        return wanted;
    }

    private int most(ScheduledQueue queue) {
        int most = Math.min(share(queue) - queue.comingEntries(), ASKED_MOST);
        return Math.max(0, Math.min(most, spare(queue)));
    }

    private void ask(ScheduledQueue queue, int most) {
        int share = share(queue);
        uncount(queue);
        queue.ask(most, share);
        count(queue);
    }

    /// Entries are not fetched one by one for a queue that has some ready.
    private boolean isWorthAsking(ScheduledQueue queue, int most) {
        return most > 0 && (queue.readyEntries() == 0 || most >= share(queue) / 4);
    }

    /// How many entries a linked queue is to have.
    private int share(ScheduledQueue queue) {
        int sharers = queue.isLinked() ? linked : linked + 1;
        return Math.clamp(common() / Math.max(1, sharers), 1, QUEUE_MOST);
    }

    private int commonRoom() {
        return common() - queues.load() - promised;
    }

    private int common() {
        int bound = budget.pathMost();
        return bound - bound / 4;
    }

    private void count(ScheduledQueue queue) {
        linked += queue.isLinked() ? 1 : 0;
        promised += queue.asked();
    }

    private void uncount(ScheduledQueue queue) {
        linked -= queue.isLinked() ? 1 : 0;
        promised -= queue.asked();
    }
}
