package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.delivery.PathConnections.AfterFailure;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

@Timeout(60)
final class PathConnectionsTest {
    private static final EgressPath PATH = new EgressPath("default", new Site("mx.x.test"));
    private static final Duration LONG = Duration.ofSeconds(30);

    private final AtomicInteger started = new AtomicInteger();
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final PathRests rests = new PathRests(now::get);
    private final PathConnections path = connections(10, _ -> started.incrementAndGet());

    @Test
    void work_startsOneThreadForEachEntry() {
        path.workReady(1);
        path.workReady(2);
        path.workReady(3);

        assertThat(started).hasValue(3);
    }

    @Test
    void repeatedAnnouncement_startsNoMore() {
        path.workReady(2);
        path.workReady(2);

        assertThat(started).hasValue(2);
    }

    @Test
    void unprovenPath_isTriedByFewAndProvenByMore() {
        for (int i = 1; i <= 100; i++) {
            path.workReady(i);
        }
        assertThat(started).hasValue(PathConnections.WINDOW_FIRST);

        path.looked(true, 99);
        path.connected("s1");
        path.proved();
        for (int i = 0; i < 1_000; i++) {
            path.succeeded();
            path.looked(false, 98);
        }

        assertThat(started).hasValue(10);
    }

    @Test
    void sleepingThread_isWokenBeforeAnotherIsStarted() throws InterruptedException {
        path.workReady(1);
        path.looked(true, 0);
        var woken = new CountDownLatch(1);
        Thread sleeper = sleeper(woken);

        path.workReady(1);

        assertThat(woken.await(20, TimeUnit.SECONDS)).isTrue();
        sleeper.join();
        assertThat(started).hasValue(1);
    }

    /// It would wake the next one, and so on for ever.
    @Test
    void sleeperThatWhatWaitsIsNotFor_isNotWoken_andAnotherIsStarted() throws InterruptedException {
        path.workReady(1);
        path.looked(true, 0);
        var woken = new CountDownLatch(1);
        Thread sleeper = sleeper(woken, 1);

        path.looked(false, 1);
        assertThat(started).hasValue(2);
        assertThat(path.sleeping()).isEqualTo(1);
        path.looked(true, 0);
        path.workReady(1);

        assertThat(woken.await(20, TimeUnit.SECONDS)).isTrue();
        sleeper.join();
        assertThat(started).hasValue(2);
    }

    @Test
    void announcementBetweenLookAndSleep_isNotLost() throws InterruptedException {
        path.workReady(1);
        long seen = path.announced();
        path.looked(true, 0);
        path.workReady(1);

        assertThat(path.mayStay(path.newSeat().after(seen, 0), LONG)).isTrue();
    }

    @Test
    void nothingToDo_endsTheThreadAndThenThePath() throws InterruptedException {
        path.workReady(1);
        path.looked(true, 0);

        assertThat(path.mayStay(path.newSeat().after(path.announced(), 0), Duration.ZERO))
                .isFalse();
        assertThat(path.isRetired()).isTrue();
        assertThat(path.workReady(1)).isFalse();
    }

    @Test
    void failureWhileOthersWork_lowersTheLimitUntilTheyGoThroughWithMore() {
        path.workReady(1);
        path.workReady(2);
        path.looked(true, 1);
        path.connected("s1");
        path.proved();
        path.looked(true, 0);

        assertThat(path.connectFailed()).isEqualTo(AfterFailure.LEAVE_IT_TO_OTHERS);

        int before = started.get();
        path.workReady(5);
        assertThat(started).hasValue(before);
        path.succeeded();
        path.workReady(5);
        assertThat(started.get()).isGreaterThan(before);
    }

    @Test
    void failureWhileTheFirstIsUnproven_startsNoReplacementAtOnce() {
        path.workReady(100);
        path.looked(true, 99);
        path.connected("s1");

        assertThat(path.connectFailed()).isEqualTo(AfterFailure.LEAVE_IT_TO_OTHERS);

        int before = started.get();
        path.workReady(100);
        assertThat(started).hasValue(before);
    }

    @Test
    void failureOfAll_oneRestsAndTheOthersEnd() {
        path.workReady(1);
        path.workReady(2);
        path.looked(true, 1);
        path.looked(true, 0);

        assertThat(path.connectFailed()).isEqualTo(AfterFailure.REST);
        assertThat(path.connectFailed()).isEqualTo(AfterFailure.END);
        path.workReady(3);
        assertThat(started).as("while it rests").hasValue(2);
    }

    @Test
    void success_endsTheRestsOfThePath() {
        rests.begin(PATH);
        rests.begin(PATH);

        path.proved();

        assertThat(rests.kept()).isEmpty();
    }

    @Test
    void failureWhileItCloses_countsAsNone() throws InterruptedException {
        path.workReady(1);
        path.looked(true, 0);
        assertThat(path.mayRestAfterBreak()).isTrue();
        path.close();

        path.rest();

        assertThat(rests.kept()).isEmpty();
    }

    @Test
    void restFromBefore_isSatOutByOneThread_andThenAllIsTried() throws InterruptedException {
        rests.begin(PATH);
        PathConnections again = connections(10, _ -> started.incrementAndGet());

        again.workReady(100);
        again.workReady(100);
        assertThat(started).as("while it rests").hasValue(1);
        now.set(Instant.EPOCH.plus(PathRests.REST_FIRST));
        again.restFirst();
        again.looked(true, 99);

        assertThat(started).hasValue(2);
        assertThat(rests.begin(PATH)).as("the next rest").isEqualTo(Duration.ofSeconds(2));
    }

    /// The clock of the test stands still: what is waited for is real.
    @Test
    void restFromBefore_holdsTheFirstThreadUp() throws InterruptedException {
        rests.begin(PATH);
        PathConnections again = connections(10, _ -> started.incrementAndGet());
        again.workReady(1);
        long begin = System.nanoTime();

        again.restFirst();

        assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .isGreaterThanOrEqualTo(PathRests.REST_FIRST);
    }

    @Test
    void restFromBeforeThatIsOver_holdsNobodyUp() {
        rests.begin(PATH);
        now.set(Instant.EPOCH.plus(PathRests.REST_FIRST));

        connections(10, _ -> started.incrementAndGet()).workReady(3);

        assertThat(started).hasValue(1);
    }

    private PathConnections connections(int most, Consumer<PathConnections> starter) {
        return new PathConnections(PATH, most, rests, now::get, starter);
    }

    @Test
    void closing_endsSleepers() throws InterruptedException {
        path.workReady(1);
        path.looked(true, 0);
        Thread sleeper = sleeper(new CountDownLatch(1));

        path.close();

        sleeper.join();
        assertThat(path.isRetired()).isTrue();
    }

    /// Producers announce, threads take and sleep: everything is taken, and nobody sleeps on work.
    @Test
    void manyThreads_leaveNothing() throws InterruptedException {
        var queue = new AtomicInteger();
        var taken = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        var hub =
                connections(
                        4,
                        connections ->
                                threads.add(
                                        Thread.ofVirtual()
                                                .start(() -> work(connections, queue, taken))));
        hub.workReady(1);
        int total = 20_000;
        for (int i = 0; i < total; i++) {
            queue.incrementAndGet();
            if (!hub.workReady(queue.get())) {
                throw new AssertionError("retired while its threads may idle for long");
            }
        }
        for (int i = 0; i < 2_000 && taken.get() < total; i++) {
            new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS);
        }

        assertThat(taken).hasValue(total);
        hub.close();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(hub.isRetired()).isTrue();
    }

    private static void work(PathConnections hub, AtomicInteger queue, AtomicInteger taken) {
        PathConnections.Seat seat = hub.newSeat();
        boolean isSeeking = true;
        try {
            while (true) {
                long seen = hub.announced();
                int left = queue.getAndUpdate(n -> Math.max(0, n - 1));
                hub.looked(isSeeking, Math.max(0, left - 1));
                isSeeking = false;
                if (left > 0) {
                    taken.incrementAndGet();
                } else if (hub.mayStay(seat.after(seen, 0), LONG)) {
                    isSeeking = true;
                } else {
                    return;
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private Thread sleeper(CountDownLatch woken) throws InterruptedException {
        return sleeper(woken, 0);
    }

    private Thread sleeper(CountDownLatch woken, int passedOver) throws InterruptedException {
        var asleep = new CountDownLatch(1);
        PathConnections.Seat seat = path.newSeat();
        long seen = path.announced();
        Thread sleeper =
                Thread.ofVirtual()
                        .start(() -> {
                            asleep.countDown();
                            try {
                                if (path.mayStay(seat.after(seen, passedOver), LONG)) {
                                    woken.countDown();
                                }
                            } catch (InterruptedException e) {
                                throw new AssertionError(e);
                            }
                        });
        asleep.await();
        while (path.sleeping() == 0) {
            Thread.onSpinWait();
        }
        return sleeper;
    }
}
