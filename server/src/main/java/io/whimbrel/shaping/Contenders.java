package io.whimbrel.shaping;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/// Who shares one counter that has refused somebody, and whose turn it is. Guarded by the lock of
/// the [Limiter].
///
/// Fair queueing by start time, in two steps: classes by weight, then the tenants of a class alike.
/// Each grant puts the virtual time of its class and of its tenant forward. Whoever is ahead of one
/// that wants the counter too lets that one go first. One wants it from a refusal until its grant,
/// or [#LIVELY] after it should have asked again. Time spent idle gives no credit, and short breaks
/// no more than [#CREDIT] grants.
///
/// Bounded: beyond [#MOST] those that come of a class are one, with the share of as many as wait.
final class Contenders {
    static final int MOST = 1024;
    static final long LIVELY = 100_000;

    /// When to ask again where it is the turn of others.
    static final long TURN = 2_000;

    private static final int CREDIT = 2;
    private static final long SPREAD_MOST = 1_000_000;
    private static final long STEP_MOST = 10_000;

    /// A tenant moves by this, a class by this through its weight; it can be divided by each weight
    /// in use.
    private static final long UNIT = 720_720;

    private final HashMap<Turn, Contender> all = new HashMap<>();
    private final List<Tier> tiers = new ArrayList<>(3);
    private final long stepMicros;
    private long floor;
    private long purgeAt;

    /// A class.
    private static final class Tier {
        final int weight;
        final List<Contender> members = new ArrayList<>(2);
        long time;
        long floor;
        long recentUntil;
        private @Nullable Contender rest;

        Tier(int weight) {
            this.weight = weight;
        }

        /// All that find no place of their own.
        Contender rest() {
            Contender known = rest;
            if (known == null) {
                known = new Contender(this, true);
                rest = known;
                members.add(known);
            }
            return known;
        }

        boolean isLively(long now) {
            for (Contender member : members) {
                if (member.isLively(now)) {
                    return true;
                }
            }
            return false;
        }
    }

    /// A tenant's mail of a class. Guarded by the same lock.
    static final class Contender {
        private final Tier tier;
        private final boolean isRest;
        private long time;
        private int wants;
        private long livelyUntil;
        private long recentUntil;
        private long nextTry;
        private int generation;

        private Contender(Tier tier, boolean isRest) {
            this.tier = tier;
            this.isRest = isRest;
        }

        private boolean isLively(long now) {
            return wants > 0 && now <= livelyUntil;
        }
    }

    /// That a queue waits for a counter, as the contender that it is part of. Immutable.
    record Mark(Contender contender, int generation) {

        /// The queue waits no more.
        void leave() {
            if (contender.generation == generation && contender.wants > 0) {
                contender.wants--;
            }
        }
    }

    Contenders(WindowShape shape) {
        long even = shape.lengthMicros() / shape.count() / 2;
        this.stepMicros = Math.max(1, Math.min(even, STEP_MOST));
    }

    /// Who asks now.
    Contender of(Turn turn, long now) {
        Contender known = all.get(turn);
        Contender asking = known == null ? newcomer(turn, now) : known;
        refresh(asking, now);
        return asking;
    }

    private Contender newcomer(Turn turn, long now) {
        if (all.size() >= MOST && now >= purgeAt) {
            purgeAt = now + LIVELY;
            purge(now);
        }
        Tier tier = tierOf(turn.weight());
        if (all.size() >= MOST) {
            return tier.rest();
        }
        var created = new Contender(tier, false);
        tier.members.add(created);
        all.put(turn, created);
        return created;
    }

    private Tier tierOf(int weight) {
        for (Tier tier : tiers) {
            if (tier.weight == weight) {
                return tier;
            }
        }
        var created = new Tier(weight);
        tiers.add(created);
        return created;
    }

    private void refresh(Contender asking, long now) {
        Tier tier = asking.tier;
        tier.time = Math.max(tier.time, now > tier.recentUntil ? floor : floor - UNIT);
        tier.recentUntil = Math.max(tier.recentUntil, now + LIVELY);
        boolean isBack = now > asking.recentUntil;
        asking.time = Math.max(asking.time, isBack ? tier.floor : tier.floor - CREDIT * UNIT);
        asking.recentUntil = Math.max(asking.recentUntil, now + LIVELY);
        if (now > asking.livelyUntil && asking.wants > 0) {
            asking.wants = 0;
            asking.generation++;
        }
    }

    /// Whether nobody who wants the counter too is to have it first.
    boolean isInTurn(Contender asking, long now) {
        for (Tier tier : tiers) {
            if (tier.time < asking.tier.time && tier.isLively(now)) {
                return false;
            }
        }
        for (Contender other : asking.tier.members) {
            if (other.time < asking.time && other.isLively(now)) {
                return false;
            }
        }
        return true;
    }

    void granted(Contender asking) {
        Tier tier = asking.tier;
        floor = Math.max(floor, tier.time);
        tier.time += UNIT / tier.weight;
        tier.floor = Math.max(tier.floor, asking.time);
        int tenants = asking.isRest ? Math.max(1, asking.wants) : 1;
        asking.time += UNIT / tenants;
    }

    /// Remembers that one more queue wants the counter.
    Mark join(Contender asking) {
        asking.wants++;
        return new Mark(asking, asking.generation);
    }

    /// When one that was refused may ask again: the first of a tenant when there is room, the
    /// others one after the other, so that a thousand queues do not ask at once. Where no other
    /// queue of the tenant waits, that is when there is room.
    ///
    /// @param told when the queue, which is not counted now, was told to ask again before
    long whenToAsk(Contender asking, long freeAt, boolean isTurn, long told, long now) {
        long until = now + TURN;
        if (!isTurn && asking.wants == 0) {
            until = freeAt;
            asking.nextTry = until + stepMicros;
        } else if (!isTurn && told > now) {
            until = Math.max(freeAt, told);
        } else if (!isTurn) {
            until = Math.max(freeAt, asking.nextTry);
            if (until > freeAt + SPREAD_MOST) {
                until = freeAt;
            }
            asking.nextTry = until + stepMicros;
        }
        asking.livelyUntil = Math.max(asking.livelyUntil, until + LIVELY);
        asking.recentUntil = Math.max(asking.recentUntil, asking.livelyUntil);
        asking.tier.recentUntil = Math.max(asking.tier.recentUntil, asking.livelyUntil);
        return until;
    }

    /// Whether nobody asked of late.
    boolean isIdle(long now) {
        for (Tier tier : tiers) {
            if (now <= tier.recentUntil) {
                return false;
            }
        }
        return true;
    }

    private void purge(long now) {
        all.values().removeIf(one -> now > one.recentUntil);
        for (Tier tier : tiers) {
            tier.members.removeIf(one -> !one.isRest && now > one.recentUntil);
        }
    }
}
