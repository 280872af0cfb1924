package io.whimbrel.simulator;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/// Accepts connections on one socket, a virtual thread to each, and closes each when its handler
/// returns. A permit is taken before `accept`: at the limit new clients wait in the kernel's
/// backlog.
final class Acceptor {
    private static final Duration PAUSE_AFTER_ERROR = Duration.ofMillis(20);

    private final ServerSocket socket;
    private final Semaphore permits;
    private final ExecutorService threads;
    private final Consumer<Socket> handler;

    Acceptor(
            ServerSocket socket,
            Semaphore permits,
            ExecutorService threads,
            Consumer<Socket> handler) {
        this.socket = socket;
        this.permits = permits;
        this.threads = threads;
        this.handler = handler;
    }

    void start() {
        threads.execute(this::acceptAll);
    }

    private void acceptAll() {
        try {
            while (!socket.isClosed()) {
                permits.acquire();
                if (!accept()) {
                    permits.release();
                }
            }
        } catch (InterruptedException _) {
            // The simulator shuts down.
        }
    }

    /// Whether a connection was accepted and will give its permit back.
    private boolean accept() throws InterruptedException {
        try {
            Socket client = socket.accept();
            try {
                threads.execute(() -> handle(client));
                return true;
            } catch (RejectedExecutionException _) {
                // Shut down between the two lines above.
                client.close();
                return false;
            }
        } catch (IOException _) {
            if (!socket.isClosed()) {
                // Out of file descriptors, most likely: trying again at once would burn the CPU.
                SimulatorClock.real().sleep(PAUSE_AFTER_ERROR);
            }
            return false;
        }
    }

    private void handle(Socket client) {
        try (client) {
            handler.accept(client);
        } catch (IOException _) {
            // Closing failed; there is nobody left to tell.
        } finally {
            permits.release();
        }
    }
}
