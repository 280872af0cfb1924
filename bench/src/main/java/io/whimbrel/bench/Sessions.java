package io.whimbrel.bench;

import io.whimbrel.time.SteadyClock;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// How many whole SMTP sessions of one message each does a server do? The generator of
/// `bench/sessions`, which starts the servers and reads their processor time.
///
/// Usage: `Sessions PORT MODE CLIENTS WARM_UP_SECONDS SECONDS`. After the warm-up it says `warm`
/// and the number of sessions so far, and waits for a line; after the measured time it says `done`,
/// sessions, failures, seconds, full handshakes, and its own seconds of processor time.
public final class Sessions {
    /// More than this is no measurement.
    private static final int FAILURES_MAX = 20;

    private final List<SessionClient> clients = new ArrayList<>();
    private final SteadyClock clock = new SteadyClock();

    private Sessions(int port, SessionMode mode, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            byte[] own = {127, 0, 1, (byte) (i + 1)};
            clients.add(new SessionClient(port, InetAddress.getByAddress(own), mode));
        }
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        var mode = SessionMode.valueOf(arguments[1]);
        var sessions = new Sessions(port, mode, Integer.parseInt(arguments[2]));
        Round warmUp = sessions.round(Duration.ofSeconds(Integer.parseInt(arguments[3])));
        IO.println("warm " + warmUp.sessions);
        IO.readln();
        int handshakes = sessions.fullHandshakes();
        long cpu = cpuNanos();
        Round round = sessions.round(Duration.ofSeconds(Integer.parseInt(arguments[4])));
        IO.println(
                "done %d %d %.3f %d %.3f"
                        .formatted(
                                round.sessions,
                                round.failures,
                                round.nanos / 1e9,
                                mode == SessionMode.RESUMED
                                        ? sessions.fullHandshakes() - handshakes
                                        : round.sessions,
                                (cpuNanos() - cpu) / 1e9));
    }

    private record Round(int sessions, int failures, long nanos) {
        Round plus(Round other) {
            return new Round(sessions + other.sessions, failures + other.failures, nanos);
        }
    }

    private Round round(Duration length) throws InterruptedException, ExecutionException {
        long began = clock.nanos();
        long end = began + length.toNanos();
        var running = new ArrayList<FutureTask<Round>>();
        for (SessionClient client : clients) {
            var task = new FutureTask<>(() -> until(end, client));
            Thread.ofPlatform().start(task);
            running.add(task);
        }
        var sum = new Round(0, 0, 0);
        for (FutureTask<Round> task : running) {
            sum = sum.plus(task.get());
        }
        return new Round(sum.sessions, sum.failures, clock.nanos() - began);
    }

    private Round until(long end, SessionClient client) {
        int done = 0;
        int failures = 0;
        while (clock.nanos() < end && failures < FAILURES_MAX) {
            try {
                client.session();
                done++;
            } catch (IOException e) {
                failures++;
                System.err.println(e.getMessage());
            }
        }
        return new Round(done, failures, 0);
    }

    private int fullHandshakes() {
        return clients.stream().mapToInt(SessionClient::fullHandshakes).sum();
    }

    private static long cpuNanos() {
        var system =
                (com.sun.management.OperatingSystemMXBean)
                        ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime();
    }
}
