package io.whimbrel.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.whimbrel.egress.PoolSettings.Member;
import io.whimbrel.egress.PoolSettings.Sticky;
import io.whimbrel.metrics.Metrics;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.Predicate;

/// Many paths with connections of up to 1,000 messages and hosts of different speeds, simulated:
/// the shares of sources come out as their weights say.
final class PoolSharesTest {
    private static final int MESSAGES = 100_000;
    private static final double ONE_PERCENT = 0.01;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void twoToOne_isKept(long seed) {
        var world = new World(seed, 2, 1);

        world.send(MESSAGES);

        world.assertShares(MESSAGES, 2, 1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void fiveThreeTwo_isKept(long seed) {
        var world = new World(seed, 5, 3, 2);

        world.send(MESSAGES);

        world.assertShares(MESSAGES, 5, 3, 2);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void oneConnectionAtATime_isKept(long seed) {
        var world = new World(seed, 2, 1);
        world.paths = 1;
        world.connectionsPerPath = 1;

        world.send(MESSAGES);

        world.assertShares(MESSAGES, 2, 1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shortConnections_areKept(long seed) {
        var world = new World(seed, 5, 3, 2);
        world.messagesMax = 3;

        world.send(MESSAGES);

        world.assertShares(MESSAGES, 5, 3, 2);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void sourceThatIsAway_passesItsShareAndNeverCatchesUp(long seed) {
        var world = new World(seed, 5, 3, 2);
        world.mayUse = source -> !source.name().equals("s0");
        world.send(MESSAGES);
        world.assertShares(MESSAGES, 0, 3, 2);
        int[] before = world.sent.clone();

        world.mayUse = _ -> true;
        world.send(20_000);

        // Its share, and no more than what is tolerated besides.
        assertThat(world.sent[0] - before[0]).as("of 20,000").isBetween(5_000, 10_200);
        world.forget();
        world.send(MESSAGES);
        world.assertShares(MESSAGES, 5, 3, 2);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void sourceAtItsLimit_passesItsShareToTheOthersByTheirWeights(long seed) {
        var world = new World(seed, 5, 3, 2);
        // Two connections at once, of what would be some two hundred.
        world.mayUse = source -> !source.name().equals("s0") || world.open[0] < 2;

        world.send(MESSAGES);

        int others = world.sent[1] + world.sent[2];
        assertThat(world.sent[0]).as("%s", world).isLessThan(MESSAGES / 20);
        assertThat((double) world.sent[1] / others).as("%s", world).isCloseTo(0.6, within(0.006));
        assertThat(world.connections).as("ended for others").isLessThan(MESSAGES / 20);
    }

    @Test
    void connectionsOpenedAtOnce_areShared() {
        var world = new World(1, 2, 1);

        for (int i = 0; i < 60; i++) {
            world.choose();
        }

        assertThat(world.open[0]).isBetween(38, 42);
    }

    @Test
    void connectionsLast() {
        var world = new World(1, 5, 3, 2);

        world.send(MESSAGES);

        // Of 20 paths with 10 connections each; one of 1,000 messages would be 100.
        assertThat(world.connections).isLessThan(2_000);
    }

    /// A pool, and hosts that take mail from it.
    private static final class World {
        private final long seed;
        private final Random random;
        private final Pools pools;
        private final int[] sent;
        private final int[] open;
        private final PriorityQueue<Connection> next =
                new PriorityQueue<>(Comparator.comparingLong((Connection it) -> it.at));
        private long now;
        private int connections;
        private int paths = 20;
        private int connectionsPerPath = 10;
        private int messagesMax = 1_000;
        private Predicate<SourceAddress> mayUse = _ -> true;

        World(long seed, int... weights) {
            this.seed = seed;
            this.random = new Random(seed);
            this.sent = new int[weights.length];
            this.open = new int[weights.length];
            List<SourceAddress> sources = new ArrayList<>();
            List<Member> members = new ArrayList<>();
            for (int i = 0; i < weights.length; i++) {
                var address = InetAddress.ofLiteral("127.0.0." + (i + 5));
                sources.add(new SourceAddress("s" + i, Optional.of(address), "s.test"));
                members.add(new Member("s" + i, weights[i], false));
            }
            pools =
                    new Pools(
                            List.of(new PoolSettings("p", members, Sticky.NONE)),
                            new Sources(sources, () -> Instant.ofEpochMilli(now)),
                            () -> Instant.ofEpochMilli(now),
                            new Metrics().egress);
        }

        void send(int messages) {
            if (next.isEmpty()) {
                for (int path = 0; path < paths; path++) {
                    for (int i = 0; i < connectionsPerPath; i++) {
                        next.add(new Connection(path));
                    }
                }
            }
            int left = messages;
            while (left > 0) {
                Connection connection = next.remove();
                now = connection.at;
                left -= connection.step() ? 1 : 0;
                next.add(connection);
            }
        }

        int choose() {
            int source =
                    pools.choose("p", "", _ -> true, mayUse)
                            .map(it -> Integer.parseInt(it.name().substring(1)))
                            .orElse(-1);
            if (source >= 0) {
                open[source]++;
                connections++;
            }
            return source;
        }

        void forget() {
            Arrays.fill(sent, 0);
        }

        void assertShares(int messages, int... weights) {
            int sum = Arrays.stream(weights).sum();
            for (int i = 0; i < weights.length; i++) {
                double fair = (double) messages * weights[i] / sum;
                assertThat((double) sent[i])
                        .as("source %d, %s", i, this)
                        .isCloseTo(fair, within(Math.max(fair * ONE_PERCENT, 1)));
            }
        }

        @Override
        public String toString() {
            return "seed "
                    + seed
                    + ", sent "
                    + Arrays.toString(sent)
                    + " on "
                    + connections
                    + " connections";
        }

        /// One of a path's, opened again and again.
        private final class Connection {
            private final int path;
            private long at;
            private int source = -1;
            private int messages;

            Connection(int path) {
                this.path = path;
                this.at = now + random.nextInt(1_000);
            }

            /// @return whether it sent a message
            boolean step() {
                if (source < 0) {
                    source = choose();
                    messages = 0;
                    at += source < 0 ? 1_000 : 50 + random.nextInt(200);
                    return false;
                }
                messages++;
                sent[source]++;
                pools.sent("p", "s" + source, messages == 1);
                // Hosts differ by a factor of 20, and are slower to the first source.
                at += (10 + 10 * path) * (source == 0 ? 2 : 1) + random.nextInt(10);
                if (messages >= messagesMax || pools.isAhead("p", "s" + source, _ -> false)) {
                    open[source]--;
                    source = -1;
                }
                return true;
            }
        }
    }
}
