package io.whimbrel.signing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;

@Timeout(60)
class SigningThreadsTest {
    private final List<String> done = Collections.synchronizedList(new ArrayList<>());

    /// However much one site has to sign, another's waits for one piece of each line at most.
    @Test
    void lines_areServedByTurns() throws InterruptedException {
        try (var threads = new SigningThreads(1, SigningFixture.providers())) {
            var gate = new CountDownLatch(1);
            var callers = new ArrayList<Thread>();
            callers.add(call(threads, "busy", () -> await(gate)));
            awaitWaiting(threads, 0);
            for (int i = 1; i <= 50; i++) {
                callers.add(call(threads, "busy", () -> done.add("busy")));
                awaitWaiting(threads, i);
            }
            callers.add(call(threads, "calm", () -> done.add("calm")));
            awaitWaiting(threads, 51);

            gate.countDown();
            for (Thread caller : callers) {
                caller.join();
            }
        }

        assertThat(done).hasSize(51);
        assertThat(done.indexOf("calm")).isLessThanOrEqualTo(1);
    }

    @Test
    void workThatFails_isTheCallersTrouble_andTheThreadGoesOn() {
        try (var threads = new SigningThreads(1, SigningFixture.providers())) {
            assertThatThrownBy(() ->
                            threads.call(
                                    "line",
                                    _ -> {
                                        throw new IllegalArgumentException("bug");
                                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasRootCauseMessage("bug");
            String answer = threads.call("line", _ -> "works");
            assertThat(answer).isEqualTo("works");
        }
    }

    @Test
    void interruptedCaller_waitsAllTheSame_andStaysInterrupted() {
        try (var threads = new SigningThreads(1, SigningFixture.providers())) {
            Thread.currentThread().interrupt();
            String answer = threads.call("line", _ -> "works");
            assertThat(answer).isEqualTo("works");
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void closed_takesNothing() {
        var threads = new SigningThreads(1, SigningFixture.providers());
        threads.close();
        assertThatThrownBy(() -> threads.call("line", _ -> "x"))
                .isInstanceOf(IllegalStateException.class);
    }

    private Thread call(SigningThreads threads, String line, Runnable work) {
        return Thread.ofVirtual()
                .start(() ->
                        threads.call(
                                line,
                                _ -> {
                                    work.run();
                                    return "";
                                }));
    }

    /// Until the thread has what it is to have, and the rest waits.
    private static void awaitWaiting(SigningThreads threads, int count) {
        while (threads.waiting() != count) {
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch gate) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
