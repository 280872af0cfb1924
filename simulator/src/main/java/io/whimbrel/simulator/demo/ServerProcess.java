package io.whimbrel.simulator.demo;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The server as a process of its own. Thread-safe.
final class ServerProcess implements Closeable {
    private static final int LOG_LINES = 15;

    private final Process process;
    private final Path log;
    private final Duration stopWithin;
    private final CountDownLatch readyOrEnded = new CountDownLatch(1);
    private volatile boolean isReady;

    private ServerProcess(Process process, Path log, Duration stopWithin) {
        this.process = process;
        this.log = log;
        this.stopWithin = stopWithin;
    }

    /// @param log gets what the process says on standard error
    /// @param stopWithin how long it may take to end when asked to; it is killed then
    static ServerProcess start(List<String> command, Path log, Duration stopWithin)
            throws IOException {
        Process process = new ProcessBuilder(command).redirectError(log.toFile()).start();
        var server = new ServerProcess(process, log, stopWithin);
        Thread.ofVirtual().name("server-output").start(server::readOutput);
        return server;
    }

    /// To its end, or a full pipe would stop the server.
    private void readOutput() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            output.lines()
                    .forEach(line -> {
                        if (line.equals("ready")) {
                            isReady = true;
                            readyOrEnded.countDown();
                        }
                    });
        } catch (IOException | UncheckedIOException _) {
            // The pipe broke: the process has ended, which is what is noted below.
        } finally {
            readyOrEnded.countDown();
        }
    }

    /// Returns once the server has said `ready`.
    ///
    /// @throws IOException where it ended, or took longer than `most`; says its last words
    void awaitReady(Duration most) throws IOException, InterruptedException {
        boolean inTime = readyOrEnded.await(most.toMillis(), TimeUnit.MILLISECONDS);
        if (!inTime) {
            throw new IOException(
                    "the server was not ready after " + most.toSeconds() + " s" + tail());
        }
        if (!isReady) {
            throw new IOException("the server did not start" + tail());
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// Blocks until the server has ended; its exit code.
    int awaitEnd() throws InterruptedException {
        return process.waitFor();
    }

    /// The last lines of its log, to follow a sentence.
    String tail() {
        try {
            List<String> lines = Files.readAllLines(log);
            int from = Math.max(0, lines.size() - LOG_LINES);
            return lines.isEmpty()
                    ? "; it said nothing"
                    : "; its last words:\n  "
                            + String.join("\n  ", lines.subList(from, lines.size()));
        } catch (IOException e) {
            return "; " + log + " cannot be read: " + e.getMessage();
        }
    }

    /// Asks it to end, and kills it where it does not.
    @Override
    public void close() throws IOException {
        // Process.destroy would also close the pipe that it may still write to.
        process.toHandle().destroy();
        try {
            if (!process.waitFor(stopWithin.toMillis(), TimeUnit.MILLISECONDS)) {
                process.toHandle().destroyForcibly();
                process.waitFor();
            }
        } catch (InterruptedException _) {
            process.toHandle().destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
