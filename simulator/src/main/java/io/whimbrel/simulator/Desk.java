package io.whimbrel.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/// Where a provider decides: its [Personality] together with all that the habits remember, shared
/// by all its hosts. Thread-safe.
final class Desk {
    private final Map<Stage, List<Rule>> rules = new EnumMap<>(Stage.class);
    private final Map<Stage, Duration> delays = new EnumMap<>(Stage.class);
    private final SimulatorClock clock;
    private final long seed;
    private final int idleMillis;

    /// A habit with its memory.
    private interface Rule {
        Verdict judge(Visit visit);
    }

    /// `seed` picks the unknown users, and at which visit the counting of dropped ones begins.
    Desk(Personality personality, SimulatorClock clock, long seed) {
        this.clock = clock;
        this.seed = seed;
        int idle = 0;
        for (Trait trait : personality.traits()) {
            if (trait instanceof Trait.Slow(Stage stage, Duration delay)) {
                delays.merge(stage, delay, Duration::plus);
            } else if (trait instanceof Trait.IdleLimit(Duration most)) {
                idle = (int) most.toMillis();
            } else {
                rules.computeIfAbsent(trait.stage(), _ -> new ArrayList<>()).add(rule(trait));
            }
        }
        this.idleMillis = idle;
    }

    /// How long a client may be silent; 0 for ever.
    int idleMillis() {
        return idleMillis;
    }

    /// How long the provider thinks before it decides at `stage`.
    Duration delay(Stage stage) {
        return delays.getOrDefault(stage, Duration.ZERO);
    }

    /// The decision about `visit` at `stage`.
    Verdict judge(Stage stage, Visit visit) {
        List<Rule> asked = rules.getOrDefault(stage, List.of());
        for (int i = 0; i < asked.size(); i++) {
            Verdict verdict = asked.get(i).judge(visit);
            if (!(verdict instanceof Verdict.GoOn)) {
                return verdict;
            }
        }
        return Verdict.GO_ON;
    }

    private Rule rule(Trait trait) {
        return switch (trait) {
            case Trait.ConnectionLimit limit -> {
                var slots = new ConnectionSlots(limit.most());
                yield refuseUnless(slots::admits, limit.reply());
            }
            case Trait.RateLimit limit -> {
                var windows = new RateWindows(limit, clock);
                yield refuseUnless(windows::admits, limit.reply());
            }
            case Trait.MessagesPerConnection limit ->
                    refuseUnless(visit -> visit.messages() < limit.most(), limit.reply());
            case Trait.Greylist greylist -> {
                var memory = new GreylistMemory(greylist, clock);
                yield refuseUnless(memory::admits, greylist.reply());
            }
            case Trait.UnknownUsers users -> {
                Predicate<String> unknown = to -> Personality.isUnknown(users, to, seed);
                yield refuseRecipients(users.stage(), unknown, users.reply());
            }
            case Trait.Mailboxes boxes -> {
                Predicate<String> matching = to -> Personality.matches(boxes, to);
                yield refuseRecipients(boxes.stage(), matching, boxes.reply());
            }
            case Trait.Refuses refuses -> refuseUnless(_ -> false, refuses.reply());
            case Trait.Drops drops -> dropEvery(drops.every());
            case Trait.IdleLimit _, Trait.Slow _ ->
                    throw new IllegalArgumentException("decides nothing: " + trait);
        };
    }

    private static Rule refuseUnless(Predicate<Visit> admits, Reply reply) {
        var refuse = new Verdict.Refuse(reply);
        return visit -> admits.test(visit) ? Verdict.GO_ON : refuse;
    }

    private static Rule refuseRecipients(Stage stage, Predicate<String> refused, Reply reply) {
        if (stage == Stage.RCPT) {
            return refuseUnless(visit -> !refused.test(visit.recipient()), reply);
        }
        return refuseUnless(visit -> visit.recipients().stream().noneMatch(refused), reply);
    }

    private Rule dropEvery(int every) {
        var reached = new AtomicLong(Math.floorMod(seed, every));
        return _ -> reached.incrementAndGet() % every == 0 ? Verdict.HANG_UP : Verdict.GO_ON;
    }
}
