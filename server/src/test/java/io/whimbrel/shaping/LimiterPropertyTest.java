package io.whimbrel.shaping;

import static io.whimbrel.shaping.Limits.SECOND;
import static io.whimbrel.shaping.Limits.START;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.Rate;
import io.whimbrel.shaping.Restraint.Force;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/// Random limits, restraints, reloads and refunds, against a list of all that was granted.
@Timeout(120)
final class LimiterPropertyTest {
    private static final String[] RATES = {
        "1/s", "3/s", "20/s", "150/s", "10/min", "200/min", "50/h", "300/h"
    };

    private record Sent(Flow flow, Grant grant) {}

    @Test
    void whatIsGranted_keepsToEveryLimit() {
        long seed = new Random().nextLong();
        for (int round = 0; round < 60; round++) {
            var one = new Random(seed + round);
            String what = "seed " + seed + " round " + round;
            run(one, what);
        }
    }

    private static void run(Random random, String what) {
        List<LimitSettings> limits = new ArrayList<>();
        for (int i = random.nextInt(1, 8); i > 0; i--) {
            limits.add(limit(random));
        }
        var limiter = new Limiter(limits);
        List<Sent> sent = new ArrayList<>();
        Map<Flow, Gates> kept = new HashMap<>();
        long now = START;
        for (int i = 0; i < 3000; i++) {
            now +=
                    random.nextInt(50) == 0
                            ? random.nextLong(600 * SECOND)
                            : random.nextLong(40_000);
            disturb(random, limiter, limits, now);
            Flow flow = flow(random);
            FlowSource source = random.nextBoolean() ? Limits.T1 : Limits.T2;
            Gates gates = kept.computeIfAbsent(flow, same -> limiter.gates(same, same));
            var turn = new Turn(random.nextBoolean() ? 4 : 1, flow.tenant());
            if (limiter.take(gates, source, turn, now) instanceof Decision.Granted(Grant grant)) {
                sent.add(new Sent(flow.from(source.name(), source.profile()), grant));
            }
            if (!sent.isEmpty() && random.nextInt(10) == 0) {
                sent.remove(random.nextInt(sent.size())).grant().refund(now);
            }
        }
        for (LimitSettings limit : limits) {
            assertKept(limit, sent, what);
        }
    }

    /// Reloads must not make anything forgotten; restraints and sweeps come between.
    private static void disturb(
            Random random, Limiter limiter, List<LimitSettings> limits, long now) {
        switch (random.nextInt(60)) {
            case 0 -> limiter.reload(limits);
            case 1 ->
                    limiter.restrain(
                            Limits.restraint(
                                    "r" + random.nextInt(3),
                                    Limits.GOOGLE,
                                    new Force.Slow(0.2 + random.nextInt(20)),
                                    now + random.nextLong(20 * SECOND)));
            case 2 -> limiter.lift("r" + random.nextInt(3));
            case 3, 4, 5 -> limiter.sweep(now);
            default -> {
                // Mostly nothing happens.
            }
        }
    }

    private static LimitSettings limit(Random random) {
        LimitScope scope = LimitScope.ALL;
        if (random.nextBoolean()) {
            scope = scope.and(Dimension.PROVIDER, "google");
        }
        if (random.nextInt(4) == 0) {
            scope = scope.and(Dimension.TENANT, "t" + random.nextInt(3));
        }
        if (random.nextInt(4) == 0) {
            scope = scope.and(Dimension.SOURCE, "t1");
        }
        Set<Dimension> per = EnumSet.noneOf(Dimension.class);
        for (Dimension each :
                List.of(Dimension.SOURCE, Dimension.DOMAIN, Dimension.TENANT, Dimension.PROFILE)) {
            if (random.nextInt(4) == 0) {
                per.add(each);
            }
        }
        return Limits.rate(scope, per, RATES[random.nextInt(RATES.length)]);
    }

    private static Flow flow(Random random) {
        return Limits.google("d" + random.nextInt(4) + ".test", "t" + random.nextInt(3));
    }

    private static void assertKept(LimitSettings limit, List<Sent> sent, String what) {
        Rate rate = limit.rates().getFirst();
        long length = rate.window().length().toNanos() / 1000;
        Map<List<String>, List<Long>> byValues = new HashMap<>();
        for (Sent one : sent) {
            if (limit.scope().covers(one.flow())) {
                List<String> values = limit.per().stream().sorted().map(one.flow()::value).toList();
                byValues.computeIfAbsent(values, _ -> new ArrayList<>())
                        .add(one.grant().atMicros());
            }
        }
        for (List<Long> stamps : byValues.values()) {
            for (int to = (int) rate.count(); to < stamps.size(); to++) {
                long span = stamps.get(to) - stamps.get(to - (int) rate.count());
                assertThat(span).as("%s: %s", what, limit).isGreaterThanOrEqualTo(length);
            }
        }
    }

    @Test
    void manyThreads_takeNoMoreThanThereIs() throws InterruptedException {
        var limiter =
                new Limiter(
                        List.of(
                                Limits.rate(Limits.GOOGLE, Set.of(), "1000/h"),
                                Limits.connections(Limits.tenant("t0"), Set.of(), 3)));
        var granted = new AtomicInteger();
        var open = new AtomicInteger();
        var most = new AtomicInteger();
        var done = new CountDownLatch(8);
        for (int i = 0; i < 8; i++) {
            int number = i;
            Thread.ofVirtual()
                    .start(() -> {
                        Gates gates = limiter.gates(Limits.google("d.test", "t0"), number);
                        for (int n = 0; n < 3000; n++) {
                            ask(limiter, gates, granted, open, most);
                        }
                        done.countDown();
                    });
        }
        done.await();

        assertThat(granted.get()).isBetween(1, 1000);
        assertThat(most.get()).isBetween(1, 3);
    }

    private static void ask(
            Limiter limiter,
            Gates gates,
            AtomicInteger granted,
            AtomicInteger open,
            AtomicInteger most) {
        var turn = new Turn(4, "t0");
        if (limiter.take(gates, Limits.T1, turn, START) instanceof Decision.Granted(Grant grant)) {
            granted.incrementAndGet();
            most.accumulateAndGet(open.incrementAndGet(), Math::max);
            open.decrementAndGet();
            grant.finished(START);
        }
    }
}
