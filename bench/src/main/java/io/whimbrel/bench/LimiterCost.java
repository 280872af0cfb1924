package io.whimbrel.bench;

import io.whimbrel.mail.Rate;
import io.whimbrel.shaping.Decision;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.FlowSource;
import io.whimbrel.shaping.Gates;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.Turn;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;

/// What a decision of the limiter costs: with 1, 5 and 20 limits that apply, one of which counts by
/// domain, over 200,000 queues of 200 tenants and 4 sources in random order.
///
/// Prints microseconds of processor time per decision where there is room (with the end of the
/// transaction), and where a shared limit has none.
public final class LimiterCost {
    private static final int QUEUES = 200_000;
    private static final int TENANTS = 200;
    private static final int SOURCES = 4;
    private static final LimitScope SCOPE = LimitScope.ALL.and(Dimension.PROVIDER, "google");
    private static final String[] WINDOWS = {"/s", "/min", "/h"};

    private final int decisions;
    private final List<FlowSource> sources = new ArrayList<>();

    private LimiterCost(int decisions) {
        this.decisions = decisions;
        for (int i = 0; i < SOURCES; i++) {
            sources.add(new FlowSource("t" + i, "warm"));
        }
    }

    public static void main(String[] args) {
        var bench = new LimiterCost(Integer.parseInt(args[0]));
        for (int limits : new int[] {1, 5, 20}) {
            bench.run(limits);
        }
    }

    private static LimitSettings limit(LimitScope scope, Set<Dimension> per, String rate) {
        return new LimitSettings(
                "bench:1",
                scope,
                per,
                Rate.parse(rate).stream().toList(),
                OptionalInt.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    private void run(int limits) {
        List<LimitSettings> all = new ArrayList<>();
        all.add(limit(SCOPE, Set.of(Dimension.DOMAIN), "100000/h"));
        for (int i = 1; i < limits; i++) {
            Dimension per = i % 2 == 0 ? Dimension.SOURCE : Dimension.TENANT;
            LimitScope scope = i < 3 ? SCOPE : SCOPE.and(Dimension.POOL, "default");
            all.add(limit(scope, Set.of(per), 900_000_000 + i + WINDOWS[i % WINDOWS.length]));
        }
        double room = measure(new Limiter(all));
        all.add(limit(SCOPE, Set.of(), "50/s"));
        double full = measure(new Limiter(all));
        System.out.printf(
                Locale.ROOT,
                "%2d limits: %.3f us with room, %.3f us with one more that is full%n",
                limits,
                room,
                full);
    }

    private double measure(Limiter limiter) {
        List<Gates> gates = new ArrayList<>(QUEUES);
        List<Turn> turns = new ArrayList<>(TENANTS);
        for (int i = 0; i < TENANTS; i++) {
            turns.add(new Turn(4, "tenant" + i));
        }
        for (int i = 0; i < QUEUES; i++) {
            String tenant = turns.get(i % TENANTS).tenant();
            String domain = "domain" + i + ".test";
            var flow = new Flow("", "default", "google", "mx.test", domain, tenant, "", "");
            gates.add(limiter.gates(flow, domain));
        }
        long now = 1_800_000_000_000_000L;
        double best = Double.MAX_VALUE;
        for (int round = 0; round < 4; round++) {
            long begin = cpuNanos();
            now = decide(limiter, gates, turns, now);
            best = Math.min(best, (cpuNanos() - begin) / 1000.0 / decisions);
        }
        return best;
    }

    /// Of this thread, so that a machine that is busy counts as one that is not.
    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private long decide(Limiter limiter, List<Gates> gates, List<Turn> turns, long begin) {
        var random = new Random(1);
        long now = begin;
        for (int i = 0; i < decisions; i++) {
            int queue = random.nextInt(QUEUES);
            FlowSource source = sources.get(i % SOURCES);
            Turn turn = turns.get(queue % TENANTS);
            now += 2;
            Decision decision = limiter.take(gates.get(queue), source, turn, now);
            if (decision instanceof Decision.Granted granted) {
                granted.grant().finished(now);
            }
        }
        return now;
    }
}
