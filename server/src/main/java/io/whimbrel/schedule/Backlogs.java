package io.whimbrel.schedule;

import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueName;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

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

    /// Entries that one queue has in memory because it asked for them: enough to keep delivery busy
    /// while more are read.
    private static final int QUEUE_MOST = 4000;

    /// Entries asked for at once.
    private static final int ASKED_MOST = 1000;

    private final MemoryBudget budget;

    /// Backlogged queues that need more, in the order in which they are asked for.
    private final LinkedHashSet<ScheduledQueue> hungry = new LinkedHashSet<>(2);

    private int linked;
    private int promised;

    /// Up to `most` entries of `queue` are wanted from the index.
    record Wanted(QueueName queue, int most) {}

    Backlogs(MemoryBudget budget) {
        this.budget = budget;
    }

    boolean isHungry() {
        return !hungry.isEmpty();
    }

    /// Whether new mail finds no room, but for queues that have little in memory.
    boolean isFull(int load) {
        return commonRoom(load) < 1;
    }

    /// How many more entries `queue` may have in memory.
    ///
    /// @param load entries of the path in memory
    /// @param queues scheduled queues of the path
    int room(ScheduledQueue queue, int load, int queues) {
        int common = commonRoom(load);
        if (common > 0) {
            return common;
        }
        int bound = budget.pathMost();
        int reserved = Math.max(1, bound / 4 / Math.max(1, queues)) - queue.comingEntries();
        return Math.max(0, Math.min(reserved, bound - load - promised));
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

    /// The index found due entries of `queue`. Where none may come now they are asked for as soon
    /// as there is room, which may be long before the index looks again.
    ///
    /// @return how many may come, and have been promised room; 0 where none may
    int allow(ScheduledQueue queue, int load, int queues) {
        if (!queue.isLinked() && linked >= QUEUES_MOST) {
            return 0;
        }
        answered(queue, queue.isBacklogged());
        int most = most(queue, load, queues);
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
            hungry.remove(queue);
        } else if (queue.stream().priority() != PriorityClass.TRANSACTIONAL) {
            hungry.add(queue);
        } else if (!hungry.contains(queue)) {
            hungry.addFirst(queue);
        }
    }

    /// Forgets `queue`, which leaves the path.
    void leave(ScheduledQueue queue) {
        uncount(queue);
        hungry.remove(queue);
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
    List<Wanted> next(int load, int queues, int tries) {
        var wanted = new ArrayList<Wanted>();
        int left = Math.min(tries, hungry.size());
        while (left > 0 && !hungry.isEmpty() && load + promised < budget.pathMost()) {
            ScheduledQueue queue = hungry.removeFirst();
            int most = most(queue, load, queues);
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

    private int most(ScheduledQueue queue, int load, int queues) {
        int most = Math.min(share(queue) - queue.comingEntries(), ASKED_MOST);
        return Math.max(0, Math.min(most, room(queue, load, queues)));
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

    private int commonRoom(int load) {
        return common() - load - promised;
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
