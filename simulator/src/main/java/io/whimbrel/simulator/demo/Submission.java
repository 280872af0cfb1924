package io.whimbrel.simulator.demo;

import io.whimbrel.simulator.SimulatorClock;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// Sends what was planned, each tenant over connections of its own to its own listener, as fast as
/// the server takes it. Nothing is sent twice: a message without a 250 stays unacknowledged.
/// Thread-safe.
final class Submission implements Closeable {
    private static final int CONNECTIONS_PER_TENANT = 4;
    private static final int TROUBLES_MAX = 20;

    private final SimulatorClock clock;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Mailing> acknowledged = new ArrayList<>();
    private final List<String> troubles = new ArrayList<>();
    private final long startedNanos;
    private long lastAnswerNanos;

    private Submission(SimulatorClock clock) {
        this.clock = clock;
        this.startedNanos = clock.nanos();
        this.lastAnswerNanos = startedNanos;
    }

    /// Starts to send and returns at once.
    static Submission start(
            List<Mailing> plan, Map<Tenant, InetSocketAddress> servers, SimulatorClock clock) {
        var submission = new Submission(clock);
        for (Map.Entry<Tenant, InetSocketAddress> server : servers.entrySet()) {
            var waiting = new ConcurrentLinkedQueue<Mailing>();
            for (Mailing mailing : plan) {
                if (mailing.tenant() == server.getKey()) {
                    waiting.add(mailing);
                }
            }
            for (int i = 0; i < CONNECTIONS_PER_TENANT; i++) {
                submission.threads.execute(() -> submission.sendAll(waiting, server.getValue()));
            }
        }
        submission.threads.shutdown();
        return submission;
    }

    private void sendAll(Queue<Mailing> waiting, InetSocketAddress server) {
        try (var client = SubmissionClient.connect(server, "app.demo.example")) {
            for (Mailing next = waiting.poll(); next != null; next = waiting.poll()) {
                byte[] message = next.render(clock.now());
                record(next, client.deliver(next.sender(), next.recipient(), message));
            }
        } catch (IOException e) {
            addTrouble("a connection to " + NodeConfig.text(server) + " ended: " + e.getMessage());
        }
    }

    private synchronized void record(Mailing mailing, SubmissionClient.Answer answer) {
        lastAnswerNanos = clock.nanos();
        if (answer.isPositive()) {
            acknowledged.add(mailing);
        } else {
            addTrouble("mail to " + mailing.recipient() + " was refused: " + answer.text());
        }
    }

    private synchronized void addTrouble(String trouble) {
        if (troubles.size() < TROUBLES_MAX) {
            troubles.add(trouble);
        }
    }

    /// Whether all has been sent, or cannot be.
    boolean isDone() {
        return threads.isTerminated();
    }

    /// Blocks until all has been sent, or cannot be.
    void awaitDone() throws InterruptedException {
        threads.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
    }

    synchronized int acknowledgedCount() {
        return acknowledged.size();
    }

    /// What got a 250.
    synchronized List<Mailing> acknowledged() {
        return List.copyOf(acknowledged);
    }

    /// What went wrong, the first 20.
    synchronized List<String> troubles() {
        return List.copyOf(troubles);
    }

    /// From the start to the last answer so far.
    synchronized Duration duration() {
        return Duration.ofNanos(lastAnswerNanos - startedNanos);
    }

    /// Breaks off whatever is under way.
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
