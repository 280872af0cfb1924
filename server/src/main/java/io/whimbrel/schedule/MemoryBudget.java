package io.whimbrel.schedule;

import io.whimbrel.budget.BudgetLevel;

import java.util.concurrent.atomic.AtomicLong;

/// How many entries are in memory, and how many one path may have there. Thread-safe, without a
/// lock: it may be asked while the lock of a queue is held.
///
/// A path may have half of what is free of the whole budget, and at most a fifth of it all. So the
/// bound falls as memory fills: n paths that take all they can get end with an equal share each,
/// two shares stay free for others, and the budget is never exceeded by what comes in. What a path
/// had before its bound fell is evicted when it is more than twice the bound.
final class MemoryBudget {
    /// So many times the most that one path may have is the budget.
    private static final int PATHS_FULL = 5;

    private final int most;
    private final AtomicLong entries = new AtomicLong();
    private final AtomicLong turnedAway = new AtomicLong();

    MemoryBudget(int most) {
        this.most = most;
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
        return new BudgetLevel(entries.get(), most, turnedAway.get(), false);
    }

    /// How many entries one path may have now, 0 or more.
    int pathMost() {
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
