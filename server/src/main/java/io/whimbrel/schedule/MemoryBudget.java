package io.whimbrel.schedule;

import io.whimbrel.budget.BudgetLevel;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/// How many entries are in memory, and how many one path may have there. Thread-safe, without a
/// lock: it may be asked while the lock of a queue is held.
///
/// A path may have half of what is free of the whole budget, and at most a fifth of it all. So the
/// bound falls as memory fills: n paths that take all they can get end with an equal share each,
/// two shares stay free for others, and the budget is never exceeded by what comes in. What a path
/// had before its bound fell is evicted when it is more than twice the bound.
///
/// An entry keeps its whole message in memory. So a message counts as much as it weighs, once, from
/// its first entry there to its last: one for each five recipients beyond the first (1 KiB an
/// entry, 200 bytes a recipient). Where weight has filled the budget and entries have not, each
/// path may still have one entry: heavy mail must not stop the others, and one that weighs more
/// than the budget is delivered too.
final class MemoryBudget {
    /// So many times the most that one path may have is the budget.
    private static final int PATHS_FULL = 5;

    private final int most;
    private final LongSupplier weight;
    private final AtomicLong entries = new AtomicLong();
    private final AtomicLong turnedAway = new AtomicLong();

    /// @param weight of messages in memory, in entries; may be asked with any lock held
    MemoryBudget(int most, LongSupplier weight) {
        this.most = most;
        this.weight = weight;
    }

    boolean isBounded() {
        return most < Integer.MAX_VALUE;
    }

    void add(long change) {
        if (change != 0) {
            entries.addAndGet(change);
        }
    }

    /// Waiting and in flight. Exact but for what other threads have in hand.
    long entries() {
        return entries.get();
    }

    /// An entry that is due was left to rest, or must rest, because there is no room.
    void turnedAway() {
        turnedAway.incrementAndGet();
    }

    BudgetLevel level() {
        return new BudgetLevel(entries.get() + weight.getAsLong(), most, turnedAway.get(), false);
    }

    /// How many entries one path may have now, 0 or more.
    int pathMost() {
        if (!isBounded()) {
            return Integer.MAX_VALUE;
        }
        long free = Math.max(0, most - entries.get());
        long light = Math.max(Math.min(1, free / 2), (free - weight.getAsLong()) / 2);
        return (int) Math.min(pathMostEver(), light);
    }

    /// The same where nothing had weight: for entries that were asked for, whose messages are in
    /// memory by now. Were they turned away, they would be asked for again at once.
    int pathMostByNumber() {
        if (!isBounded()) {
            return Integer.MAX_VALUE;
        }
        long free = Math.max(0, most - entries.get());
        return (int) Math.min(pathMostEver(), free / 2);
    }

    /// What each of so many paths would have if all took what they can get.
    int fairShare(int paths) {
        return most / (paths + 2);
    }

    /// Whether a path can have more than twice its bound.
    boolean isTight() {
        return isBounded() && pathMost() < pathMostEver() / 2;
    }

    private int pathMostEver() {
        return Math.max(1, most / PATHS_FULL);
    }
}
