package io.whimbrel.egress;

import io.whimbrel.metrics.EgressMetrics;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/// The shares of one pool's sources. Thread-safe; what it is given is called without its lock.
///
/// A source that was its turn and could not be used is lifted to the virtual time of the one that
/// was used instead: it never catches up. One that could be used and was not, because nothing can
/// be sent from it, stays at most [#BEHIND_MOST] messages, or three times what is tolerated,
/// behind.
final class Pool {
    /// Misplaced messages that are tolerated before a connection ends for another source: at least
    /// this many, and of those of the last minutes this part.
    private static final double AHEAD_LEAST = 50;

    private static final double AHEAD_PART = 0.001;
    private static final double BEHIND_MOST = 100;

    /// Of the connections of a source that is ahead one ends for this many of its messages.
    private static final int ONE_ENDS_EVERY = 10;

    private static final long MINUTE_MILLIS = 60_000;

    private final PoolSettings settings;
    private final Sources sources;
    private final InstantSource clock;
    private final List<PoolMember> members = new ArrayList<>();
    private final Map<String, PoolMember> byName = new HashMap<>();

    private long minuteAt;
    private long sentThisMinute;
    private long sentLastMinute;

    Pool(PoolSettings settings, Sources sources, InstantSource clock, EgressMetrics metrics) {
        this.settings = settings;
        this.sources = sources;
        this.clock = clock;
        this.minuteAt = clock.millis();
        for (PoolSettings.Member member : settings.members()) {
            sources.named(member.source())
                    .ifPresent(source -> {
                        var counter = metrics.messages(settings.name(), source.name());
                        var made = new PoolMember(source, member, counter);
                        members.add(made);
                        byName.put(source.name(), made);
                    });
        }
    }

    PoolSettings settings() {
        return settings;
    }

    /// Those that are configured, usable or not.
    List<SourceAddress> sources() {
        return members.stream().map(member -> member.source).toList();
    }

    boolean has(String source) {
        return byName.containsKey(source);
    }

    boolean isBackup(String source) {
        PoolMember member = byName.get(source);
        return member != null && member.isBackup;
    }

    Optional<SourceAddress> choose(
            String stickyKey, Predicate<SourceAddress> isMeant, Predicate<SourceAddress> mayUse) {
        boolean isSticky = isSticky(stickyKey);
        List<PoolMember> refused = new ArrayList<>();
        for (PoolMember member : isSticky ? preferred(stickyKey) : leastFirst()) {
            if (!isMeant.test(member.source)) {
                continue;
            }
            if (sources.isUsable(member.source.name()) && mayUse.test(member.source)) {
                chosen(member, refused, isSticky);
                return Optional.of(member.source);
            }
            refused.add(member);
        }
        refused(refused);
        return Optional.empty();
    }

    private synchronized List<PoolMember> leastFirst() {
        long now = clock.millis();
        List<PoolMember> order = new ArrayList<>(members);
        Map<PoolMember, Double> levels = HashMap.newHashMap(order.size());
        order.forEach(member -> levels.put(member, member.level(now)));
        order.sort(
                Comparator.comparing((PoolMember member) -> member.isBackup)
                        .thenComparing(member -> levels.getOrDefault(member, 0.0)));
        return order;
    }

    private List<PoolMember> preferred(String key) {
        long hash = Rendezvous.hash(key);
        List<PoolMember> order = new ArrayList<>(members);
        order.sort(
                Comparator.comparing((PoolMember member) -> member.isBackup)
                        .thenComparingDouble(member -> -score(member, hash)));
        return order;
    }

    private synchronized void chosen(
            PoolMember member, List<PoolMember> refused, boolean isSticky) {
        long now = clock.millis();
        member.chosen(now);
        for (PoolMember other : refused) {
            other.refused(now);
            if (!isSticky && other.isBackup == member.isBackup) {
                other.liftTo(member.time());
            }
        }
        holdTogether();
    }

    private synchronized void refused(List<PoolMember> refused) {
        long now = clock.millis();
        refused.forEach(member -> member.refused(now));
    }

    /// Nobody stays far behind the one that is furthest.
    private void holdTogether() {
        PoolMember furthest = members.getFirst();
        for (PoolMember member : members) {
            if (!member.isBackup && (furthest.isBackup || member.time() > furthest.time())) {
                furthest = member;
            }
        }
        double most = Math.max(BEHIND_MOST, 3 * tolerated());
        for (PoolMember member : members) {
            if (!member.isBackup && member != furthest) {
                member.liftTo(furthest.time() - most / harmonic(furthest, member));
            }
        }
    }

    synchronized void sent(String source, boolean isFirst) {
        PoolMember member = byName.get(source);
        if (member == null) {
            return;
        }
        long now = clock.millis();
        if (now - minuteAt >= MINUTE_MILLIS) {
            sentLastMinute = now - minuteAt < 2 * MINUTE_MILLIS ? sentThisMinute : 0;
            sentThisMinute = 0;
            minuteAt = now;
        }
        sentThisMinute++;
        member.sent(isFirst, now);
    }

    boolean isAhead(String source, Predicate<SourceAddress> isRefused) {
        PoolMember member = byName.get(source);
        if (member == null) {
            return true;
        }
        if (settings.sticky() != PoolSettings.Sticky.NONE && !member.isBackup) {
            return false;
        }
        for (PoolMember other : claims(member)) {
            if (!isRefused.test(other.source)) {
                return askToEnd(member);
            }
        }
        return false;
    }

    private synchronized boolean askToEnd(PoolMember member) {
        return member.askToEnd(ONE_ENDS_EVERY);
    }

    /// Whose turn it is rather than that of `member`.
    private synchronized List<PoolMember> claims(PoolMember member) {
        List<PoolMember> claims = List.of();
        long now = clock.millis();
        double tolerated = tolerated();
        for (PoolMember other : members) {
            boolean hasClaim =
                    !other.isBackup
                            && other != member
                            && (member.isBackup || misplaced(member, other, now) > tolerated)
                            && canBeUsed(other, now);
            if (hasClaim) {
                claims = claims.isEmpty() ? new ArrayList<>() : claims;
                claims.add(other);
            }
        }
        return claims;
    }

    boolean mayCarry(String source, String stickyKey, Predicate<SourceAddress> isRefused) {
        PoolMember member = byName.get(source);
        if (member == null || !isSticky(stickyKey)) {
            return member != null;
        }
        long hash = Rendezvous.hash(stickyKey);
        double score = score(member, hash);
        for (PoolMember other : members) {
            boolean isBetter =
                    other.isBackup == member.isBackup
                            ? score(other, hash) > score
                            : member.isBackup;
            if (isBetter
                    && sources.isUsable(other.source.name())
                    && !isRefused.test(other.source)) {
                return false;
            }
        }
        return true;
    }

    /// Each source with its weight and what it sent, as operators read it.
    synchronized String describe() {
        List<String> parts = new ArrayList<>();
        for (PoolMember member : members) {
            String weight = member.isBackup ? "backup" : "weight " + member.weight;
            String trouble = sources.trouble(member.source).isEmpty() ? "" : ", not usable";
            String name = member.source.name().isEmpty() ? "any address" : member.source.name();
            parts.add(
                    name + " (" + weight + ", " + member.messages() + " messages" + trouble + ")");
        }
        return String.join("; ", parts);
    }

    private boolean canBeUsed(PoolMember member, long now) {
        return !member.isHeld(now) && sources.isUsable(member.source.name());
    }

    private boolean isSticky(String key) {
        return settings.sticky() != PoolSettings.Sticky.NONE && !key.isEmpty();
    }

    /// How many messages of the one the other should have had.
    private static double misplaced(PoolMember ahead, PoolMember behind, long now) {
        return (ahead.time() - behind.level(now)) * harmonic(ahead, behind);
    }

    private static double harmonic(PoolMember one, PoolMember other) {
        return (double) one.weight * other.weight / (one.weight + other.weight);
    }

    private double tolerated() {
        return Math.max(AHEAD_LEAST, AHEAD_PART * (sentThisMinute + sentLastMinute));
    }

    private static double score(PoolMember member, long keyHash) {
        return Rendezvous.score(member.hash, keyHash, member.weight);
    }
}
