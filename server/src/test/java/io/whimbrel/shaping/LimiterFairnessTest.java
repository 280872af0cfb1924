package io.whimbrel.shaping;

import static io.whimbrel.shaping.Limits.GOOGLE;
import static io.whimbrel.shaping.Limits.SECOND;
import static io.whimbrel.shaping.Limits.START;
import static io.whimbrel.shaping.Limits.T1;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;

/// Seeded simulations of many paths that share one limit.
@Timeout(120)
final class LimiterFairnessTest {
    private static final Turn A = new Turn(4, "a");
    private static final Turn B = new Turn(4, "b");

    /// Paths that ask when they may, and take a while for each message.
    private static final class Traffic {
        final Random random;
        final Limiter limiter;
        final Map<Turn, Integer> sent = new HashMap<>();
        final PriorityQueue<Path> next = new PriorityQueue<>((a, b) -> Long.compare(a.at, b.at));
        long asked;

        Traffic(long seed, String rate) {
            random = new Random(seed);
            limiter = new Limiter(List.of(Limits.rate(GOOGLE, Set.of(), rate)));
        }

        void add(Turn turn, int paths, int messages) {
            for (int i = 0; i < paths; i++) {
                var path = new Path(this, turn, i, messages);
                path.at = START + random.nextLong(SECOND / 10);
                next.add(path);
            }
        }

        void runTo(long end) {
            while (!next.isEmpty() && next.element().at < end) {
                Path path = next.remove();
                path.ask();
                if (path.left > 0) {
                    next.add(path);
                }
            }
        }

        int sent(Turn turn) {
            return sent.getOrDefault(turn, 0);
        }
    }

    private static final class Path {
        final Traffic traffic;
        final Turn turn;
        final Gates gates;
        int left;
        long at;

        Path(Traffic traffic, Turn turn, int number, int messages) {
            this.traffic = traffic;
            this.turn = turn;
            this.left = messages;
            Flow flow = Limits.google("d" + number + ".test", turn.tenant());
            this.gates = traffic.limiter.gates(flow, this);
        }

        void ask() {
            traffic.asked++;
            switch (traffic.limiter.take(gates, T1, turn, at)) {
                case Decision.Granted _ -> {
                    traffic.sent.merge(turn, 1, Integer::sum);
                    left--;
                    at += 1000 + traffic.random.nextInt(4000);
                }
                case Blocked blocked -> at = blocked.untilMicros() + traffic.random.nextInt(1000);
            }
        }
    }

    /// One path would not do where the grants of a second come all at once: it is busy with one
    /// message while the others go.
    @Test
    void thousandPathsAgainstThree_shareAlike() {
        long seed = new Random().nextLong();
        var traffic = new Traffic(seed, "50/s");
        traffic.add(A, 1000, 1_000_000);
        traffic.add(B, 3, 1_000_000);

        traffic.runTo(START + 60 * SECOND);

        assertThat(traffic.sent(A) + traffic.sent(B)).as("seed %d", seed).isBetween(2900, 3050);
        assertThat(traffic.sent(B)).as("seed %d", seed).isBetween(1400, 1550);
        assertThat(traffic.asked).as("seed %d", seed).isLessThan(60L * 4000);
    }

    @Test
    void fewMessagesOfAnother_leaveAtOnce() {
        long seed = new Random().nextLong();
        var traffic = new Traffic(seed, "50/s");
        traffic.add(A, 1000, 1_000_000);
        traffic.runTo(START + 10 * SECOND);
        var late = new Path(traffic, B, 0, 3);
        late.at = START + 10 * SECOND;
        traffic.next.add(late);

        traffic.runTo(START + 11 * SECOND);

        assertThat(traffic.sent(B)).as("seed %d", seed).isEqualTo(3);
    }

    @Test
    void whoIsGone_holdsUpNobody() {
        long seed = new Random().nextLong();
        var traffic = new Traffic(seed, "50/s");
        traffic.add(A, 20, 1_000_000);
        traffic.add(B, 3, 40);

        traffic.runTo(START + 60 * SECOND);

        assertThat(traffic.sent(B)).isEqualTo(120);
        assertThat(traffic.sent(A) + 120).as("seed %d", seed).isGreaterThan(2900);
    }

    @Test
    void transactionalAgainstBulk_isSixteenToOne() {
        long seed = new Random().nextLong();
        var traffic = new Traffic(seed, "100/s");
        var urgent = new Turn(16, "a");
        var bulk = new Turn(1, "a");
        traffic.add(urgent, 50, 1_000_000);
        traffic.add(bulk, 1000, 1_000_000);

        traffic.runTo(START + 40 * SECOND);

        double ratio = (double) traffic.sent(urgent) / traffic.sent(bulk);
        assertThat(ratio).as("seed %d", seed).isBetween(14.5, 17.5);
        assertThat(traffic.sent(urgent) + traffic.sent(bulk))
                .as("seed %d", seed)
                .isGreaterThan(3_900);
    }

    @Test
    void idleness_givesNoCredit() {
        long seed = new Random().nextLong();
        var traffic = new Traffic(seed, "50/s");
        traffic.add(A, 10, 1_000_000);
        traffic.add(B, 1, 50);
        traffic.runTo(START + 60 * SECOND);
        int before = traffic.sent(A);
        var back = new Path(traffic, B, 0, 1_000_000);
        back.at = START + 60 * SECOND;
        traffic.next.add(back);

        traffic.runTo(START + 70 * SECOND);

        assertThat(traffic.sent(A) - before).as("seed %d", seed).isBetween(235, 275);
    }

    @Test
    void manyTenants_shareAlike() {
        long seed = new Random().nextLong();
        var traffic = new Traffic(seed, "200/s");
        List<Turn> turns = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            turns.add(new Turn(4, "t" + i));
            traffic.add(turns.get(i), 1 + i * i / 20, 1_000_000);
        }

        traffic.runTo(START + 60 * SECOND);

        int all = traffic.sent.values().stream().mapToInt(Integer::intValue).sum();
        assertThat(all).as("seed %d", seed).isGreaterThan(11_760);
        for (Turn turn : turns) {
            assertThat(traffic.sent(turn)).as("seed %d", seed).isBetween(270, 330);
        }
    }

    @Test
    void moreTenantsThanAreRemembered_stillAllGo() {
        long seed = new Random().nextLong();
        var traffic = new Traffic(seed, "4000/s");
        for (int i = 0; i < 2 * Contenders.MOST; i++) {
            traffic.add(new Turn(4, "t" + i), 1, 1_000_000);
        }

        traffic.runTo(START + 3 * SECOND);

        int all = traffic.sent.values().stream().mapToInt(Integer::intValue).sum();
        assertThat(all).as("seed %d", seed).isGreaterThan(11_400);
        assertThat(traffic.sent.size())
                .as("seed %d", seed)
                .isGreaterThan(2 * Contenders.MOST * 95 / 100);
    }
}
